//! The files below some paths: what git leaves out is left out, and nothing is read twice.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::gitignore::Gitignore;
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::encoding::Encoding;
use super::gitignores::Gitignores;
use crate::regular_file::open_regular;

/// How much of a file is looked at to tell text from other data.
const HEAD: usize = 8 * 1024;

/// The files that are searched.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Larger files are skipped and counted.
    pub max_file_size: u64,
    /// Patterns as in a `.gitignore` in the working directory.
    pub exclude: Gitignore,
    /// A file that lists what was found before, and so names what is stale: its canonical path.
    pub baseline: Option<PathBuf>,
}

impl Scope {
    /// Whether the configuration keeps a file or folder out of the check.
    #[must_use]
    pub fn excludes(&self, path: &Path, is_folder: bool) -> bool {
        path.is_relative() && self.exclude.matched(path, is_folder).is_ignore()
            || self.baseline.as_ref().is_some_and(|baseline| {
                path.file_name() == baseline.file_name()
                    && std::fs::canonicalize(path).is_ok_and(|path| path == *baseline)
            })
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
    let here = std::env::current_dir().unwrap_or_default();
    let seen = Mutex::new(BTreeSet::new());
    let is_new =
        |path: &Path| paths.len() == 1 || seen.lock().is_ok_and(|mut seen| seen.insert(path.to_owned()));
    for start in paths {
        match std::fs::canonicalize(start) {
            Ok(absolute) => {
                let visit = |path: PathBuf, visited: io::Result<()>| {
                    if visited.is_err() || is_new(&path) {
                        visit(path, visited);
                    }
                };
                walk_one(start, &absolute, &here, scope, visit);
            }
            Err(error) => visit(relative(&here, start), Err(error)),
        }
    }
}

fn walk_one(
    start: &Path,
    absolute: &Path,
    here: &Path,
    scope: &Scope,
    visit: impl Fn(PathBuf, io::Result<()>) + Sync,
) {
    let gitignores = Arc::new(Gitignores::of(absolute, here));
    let mut builder = WalkBuilder::new(start);
    builder.standard_filters(false).follow_links(false);
    let is_left_out = {
        let (start, absolute, here) = (start.to_owned(), absolute.to_owned(), here.to_owned());
        let (scope, gitignores) = (scope.clone(), Arc::clone(&gitignores));
        move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let is_git = entry.file_name() == OsStr::new(".git");
            let below = entry.path().strip_prefix(&start).unwrap_or(entry.path());
            is_git
                || scope.excludes(&relative(&here, entry.path()), is_folder)
                || gitignores.leave_out(&absolute.join(below), is_folder)
        }
    };
    builder.filter_entry(move |entry| entry.depth() == 0 || !is_left_out(entry));
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) if is_file(&entry) => visit(relative(here, entry.path()), Ok(())),
                Ok(_) => {}
                Err(error) => {
                    let path = path_of(&error).map(|path| relative(here, path)).unwrap_or_default();
                    visit(path, Err(io::Error::other(error.to_string())));
                }
            }
            WalkState::Continue
        })
    });
    for (path, error) in gitignores.unreadable() {
        visit(relative(here, &path), Err(error));
    }
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

/// A path relative to the working directory, where it is below it.
#[must_use]
pub fn from_here(path: &Path) -> PathBuf {
    relative(&std::env::current_dir().unwrap_or_default(), path)
}

/// From the root, without `.` and `..`, as it is written: links are not looked up.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    let whole = std::env::current_dir().unwrap_or_default().join(path);
    let mut absolute = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                absolute.pop();
            }
            part => absolute.push(part),
        }
    }
    absolute
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

/// Reads a file if it is a text of a size that can be searched, as UTF-8.
pub fn read(path: &Path, max_size: u64) -> io::Result<Content> {
    let mut file = open_regular(path)?;
    let size = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut bytes)?;
    let encoding = Encoding::of(&bytes);
    let is_binary = |bytes: &[u8]| encoding == Encoding::Utf8 && bytes.contains(&0);
    if is_binary(&bytes) {
        return Ok(Content::Binary);
    }
    if size > max_size {
        return Ok(Content::Huge);
    }
    bytes.reserve(usize::try_from(size).unwrap_or_default().saturating_sub(bytes.len()));
    file.take(max_size).read_to_end(&mut bytes)?;
    if is_binary(&bytes) {
        return Ok(Content::Binary);
    }
    Ok(encoding.decode(bytes).map_or(Content::Binary, Content::Text))
}

/// Bytes as a text of the same length: what is not UTF-8 becomes a control character, which no name holds.
#[must_use]
pub fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let ascii = error.into_bytes().into_iter().map(|byte| if byte.is_ascii() { byte } else { 0x1a });
        ascii.map(char::from).collect()
    })
}
