//! The files below some paths: what `.gitignore` leaves out is left out, and nothing is read twice.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

use ignore::gitignore::Gitignore;
use ignore::{DirEntry, WalkBuilder, WalkState};

/// How much of a file is looked at to tell text from other data.
const HEAD: usize = 8 * 1024;

/// The files that are searched.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Larger files are skipped and counted.
    pub max_file_size: u64,
    /// Patterns as in a `.gitignore` in the working directory.
    pub exclude: Gitignore,
}

impl Scope {
    /// Whether the configuration keeps a file or folder out of the check.
    #[must_use]
    pub fn excludes(&self, path: &Path, is_folder: bool) -> bool {
        path.is_relative() && self.exclude.matched(path, is_folder).is_ignore()
    }

    /// The same of a file to which no walk led, and so through none of its folders.
    #[must_use]
    pub fn excludes_with_folders(&self, path: &Path) -> bool {
        path.is_relative() && self.exclude.matched_path_or_any_parents(path, false).is_ignore()
    }
}

/// What a file turned out to be.
#[derive(Debug)]
pub enum Content {
    /// A text.
    Text(Vec<u8>),
    /// Not a text.
    Binary,
    /// Too large to be searched.
    Huge,
}

/// Visits every file once, on as many threads as there are processors. `visit` gets the path relative to the working
/// directory where it is below it, or the reason why something could not be visited.
pub fn walk(paths: &[PathBuf], scope: &Scope, visit: impl Fn(PathBuf, io::Result<()>) + Sync) {
    let Some((first, others)) = paths.split_first() else { return };
    let here = std::env::current_dir().unwrap_or_default();
    let mut builder = WalkBuilder::new(first);
    for path in others {
        builder.add(path);
    }
    // Outside of a repository `.gitignore` counts too, and `.github` is worth a look.
    builder.hidden(false).require_git(false).follow_links(false);
    let excluded = {
        let (here, scope) = (here.clone(), scope.clone());
        move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let is_git = entry.depth() > 0 && entry.file_name() == OsStr::new(".git");
            is_git || scope.excludes(&relative(&here, entry.path()), is_folder)
        }
    };
    builder.filter_entry(move |entry| !excluded(entry));
    let seen = Mutex::new(BTreeSet::new());
    let is_new =
        |path: &Path| paths.len() == 1 || seen.lock().is_ok_and(|mut seen| seen.insert(path.to_owned()));
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) if is_file(&entry) => {
                    let path = relative(&here, entry.path());
                    if is_new(&path) {
                        visit(path, Ok(()));
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let path = path_of(&error).map(|path| relative(&here, path)).unwrap_or_default();
                    visit(path, Err(io::Error::other(error.to_string())));
                }
            }
            WalkState::Continue
        })
    });
}

/// Links are not followed, but where one is named itself.
fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file()) || (entry.depth() == 0 && entry.path().is_file())
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// Without the working directory and without `.`.
fn relative(here: &Path, path: &Path) -> PathBuf {
    let path = path.strip_prefix(here).unwrap_or(path);
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// With `/` between its parts, whatever the system uses.
#[must_use]
pub fn display(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// Reads a file if it is a text of a size that can be searched.
pub fn read(path: &Path, max_size: u64) -> io::Result<Content> {
    let mut file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut bytes)?;
    if bytes.contains(&0) {
        return Ok(Content::Binary);
    }
    if size > max_size {
        return Ok(Content::Huge);
    }
    bytes.reserve(usize::try_from(size).unwrap_or_default().saturating_sub(bytes.len()));
    file.take(max_size).read_to_end(&mut bytes)?;
    if bytes.contains(&0) {
        return Ok(Content::Binary);
    }
    Ok(Content::Text(bytes))
}

/// Bytes as a text of the same length: what is not UTF-8 becomes a control character, which no name holds.
#[must_use]
pub fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let ascii = error.into_bytes().into_iter().map(|byte| if byte.is_ascii() { byte } else { 0x1a });
        ascii.map(char::from).collect()
    })
}
