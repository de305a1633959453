//! What git leaves out of a tree: `.gitignore` files up to the root of the repository, but no file that git tracks.
//!
//! The files are read here, with a limit, because anybody who may propose a change to a repository may put one there. The
//! patterns are matched by the library.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::regular_file::read_regular;

/// The largest `.gitignore` that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// What is left out of one searched tree.
#[derive(Debug)]
pub struct Gitignores {
    /// The folder above which no file counts: the root of the repository, or of what is searched.
    top: PathBuf,
    /// The folder that is searched: it was asked for, so it is not left out itself.
    start: PathBuf,
    /// What the repository and the user leave out of every folder.
    outer: Vec<Gitignore>,
    /// Files that git tracks although patterns leave them out, and their folders.
    tracked: HashSet<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    folders: HashMap<PathBuf, Arc<Folder>>,
    unreadable: Vec<(PathBuf, io::Error)>,
}

#[derive(Debug)]
struct Folder {
    above: Option<Arc<Self>>,
    rules: Gitignore,
    /// Whether it is left out as a whole, and searched only for the files in it that git tracks.
    is_left_out: bool,
}

impl Gitignores {
    /// For a search of `start`, an absolute path, by somebody who works in `here`.
    pub fn of(start: &Path, here: &Path) -> Self {
        let start = if start.is_dir() { start } else { start.parent().unwrap_or(start) };
        let repository = start.ancestors().find(|folder| is_repository(folder));
        let top = repository.unwrap_or(if start.starts_with(here) { here } else { start });
        let mut outer = Vec::new();
        let mut state = State::default();
        if repository.is_some() {
            let own = top.join(".git").join("info").join("exclude");
            outer.push(state.rules(top, &own));
            outer.push(Gitignore::global().0);
        }
        let tracked = repository.map(tracked).unwrap_or_default();
        Self { top: top.to_owned(), start: start.to_owned(), outer, tracked, state: Mutex::new(state) }
    }

    /// Whether git leaves a file or folder out, by its absolute path.
    pub fn leave_out(&self, path: &Path, is_folder: bool) -> bool {
        if self.tracked.contains(path) {
            return false;
        }
        let folder = path.parent().and_then(|parent| self.folder(&mut self.state(), parent));
        folder.is_some_and(|folder| folder.is_left_out || self.matches(Some(&folder), path, is_folder))
    }

    /// The `.gitignore` files that could not be read, and so left nothing out.
    pub fn unreadable(&self) -> Vec<(PathBuf, io::Error)> {
        std::mem::take(&mut self.state().unreadable)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The nearest pattern decides; those of the repository and the user come last.
    fn matches(&self, folder: Option<&Arc<Folder>>, path: &Path, is_folder: bool) -> bool {
        let chain = std::iter::successors(folder, |folder| folder.above.as_ref());
        let rules = chain.map(|folder| &folder.rules).chain(&self.outer);
        rules
            .map(|rules| rules.matched(path, is_folder))
            .find(|found| !found.is_none())
            .is_some_and(|found| found.is_ignore())
    }

    fn folder(&self, state: &mut State, path: &Path) -> Option<Arc<Folder>> {
        if !path.starts_with(&self.top) {
            return None;
        }
        if let Some(known) = state.folders.get(path) {
            return Some(Arc::clone(known));
        }
        let is_root = path == self.top || is_repository(path);
        let above = if is_root { None } else { path.parent().and_then(|parent| self.folder(state, parent)) };
        let is_below_start = path.starts_with(&self.start) && path != self.start;
        let is_left_out = is_below_start
            && above.as_ref().is_some_and(|above| above.is_left_out || self.matches(Some(above), path, true));
        let rules = state.rules(path, &path.join(".gitignore"));
        let folder = Arc::new(Folder { above, rules, is_left_out });
        state.folders.insert(path.to_owned(), Arc::clone(&folder));
        Some(folder)
    }
}

impl State {
    /// The patterns of a file; none where there is no such file. Git follows no link there either (gitignore(5)).
    fn rules(&mut self, folder: &Path, file: &Path) -> Gitignore {
        let Ok(metadata) = std::fs::symlink_metadata(file) else { return Gitignore::empty() };
        let read = if metadata.is_symlink() {
            Err(io::Error::other("it is a link"))
        } else {
            read_regular(file, LARGEST)
        };
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => {
                self.unreadable.push((file.to_owned(), error));
                return Gitignore::empty();
            }
        };
        let mut builder = GitignoreBuilder::new(folder);
        let text = String::from_utf8_lossy(&bytes);
        for line in text.trim_start_matches('\u{feff}').lines() {
            // What is no pattern matches nothing, for git too.
            let _ = builder.add_line(None, line);
        }
        builder.build().unwrap_or_else(|_| Gitignore::empty())
    }
}

fn is_repository(folder: &Path) -> bool {
    std::fs::symlink_metadata(folder.join(".git")).is_ok()
}

/// What git tracks although its patterns leave it out, with the folders that lead there. Nothing where git cannot say.
fn tracked(top: &Path) -> HashSet<PathBuf> {
    let mut command = Command::new("git");
    // A repository's configuration may name a program that watches its files.
    command.args(["-c", "core.fsmonitor=false", "--no-optional-locks", "-C"]).arg(top);
    command.args(["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"]);
    let listed = match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) => {
            let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            tracing::debug!(reason, "git does not say what it tracks");
            return HashSet::new();
        }
        Err(error) => {
            tracing::debug!(reason = %error, "git cannot be asked what it tracks");
            return HashSet::new();
        }
    };
    let files = listed.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    let mut found = HashSet::new();
    for file in files.map(|path| top.join(of_bytes(path))) {
        found.extend(file.ancestors().take_while(|path| *path != top).map(Path::to_owned));
    }
    found
}

#[cfg(unix)]
fn of_bytes(path: &[u8]) -> PathBuf {
    PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(path))
}

#[cfg(not(unix))]
fn of_bytes(path: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::new(&*String::from_utf8_lossy(path)))
}
