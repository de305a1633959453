//! Is the map true, and are the references to Tableau in a repository?
//!
//! ```text
//! evidence    the map, its log, and what Tableau lists now
//! knowledge   what is on the sites, and what became of what was there
//! map         the first question: rows and age of the map
//! walk        the files below some paths
//! calls, addresses, exposures, manifest, luids, refs_file   find references: data, with their places
//! comments, arguments, procedure   which calls run, and what they ask for
//! judge       the second question: does a LUID or an address lead to what is there?
//! named       the same of a name
//! ignores     what comments silence
//! fix         puts certain successors in their place
//! ```
//!
//! What a check finds is data ([`finding::Finding`]), never an error. [`crate::report::check`] prints it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use miette::Diagnostic;
use thiserror::Error;

use self::file::{Checked, Counts, Judge};
use self::finding::{Code, Finding, Place, Severity};
use self::knowledge::Knowledge;
use self::manifest::Rendered;
use self::settings::Settings;
use self::walk::{Content, display};

pub mod addresses;
mod arguments;
pub mod calls;
mod comments;
pub mod evidence;
pub mod exposures;
pub mod file;
pub mod finding;
pub mod fix;
pub mod ignores;
pub mod judge;
pub mod knowledge;
pub mod lines;
pub mod luids;
pub mod manifest;
pub mod map;
mod named;
mod procedure;
pub mod reference;
pub mod refs_file;
pub mod settings;
pub mod walk;
pub mod yaml;

/// The largest manifest that is read: large projects of dbt make large ones, and the whole is held in memory.
const LARGEST_MANIFEST: u64 = 256 * 1024 * 1024;

/// A path that is not there.
#[derive(Debug, Error, Diagnostic)]
#[error("there is no file or folder `{}`", .0.display())]
#[diagnostic(code(tabmap::check::path), help("paths are relative to the working directory"))]
pub struct NoSuchPath(PathBuf);

/// How many files were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Files {
    /// Searched.
    pub checked: u64,
    /// Skipped because they are not texts.
    pub binary: u64,
    /// Skipped because they are too large.
    pub huge: u64,
}

/// What came out of a repository.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is wrong, sorted.
    pub findings: Vec<Finding>,
    /// The files.
    pub files: Files,
    /// The references in them.
    pub counts: Counts,
}

impl Outcome {
    fn add(&mut self, checked: Checked) {
        self.findings.extend(checked.findings);
        self.counts += checked.counts;
    }
}

#[derive(Default)]
struct Progress {
    outcome: Outcome,
    /// Files that may be manifests of dbt, which is told when all others were read.
    manifests: Vec<PathBuf>,
    /// What YAML files name, by file.
    named: HashSet<(String, String)>,
}

/// Checks the references in all files below `paths`.
pub fn files(paths: &[PathBuf], knowledge: &Knowledge, settings: &Settings) -> Result<Outcome, NoSuchPath> {
    if let Some(missing) = paths.iter().find(|path| std::fs::symlink_metadata(path).is_err()) {
        return Err(NoSuchPath(missing.clone()));
    }
    let judge = Judge::new(knowledge, settings);
    let progress = Mutex::new(Progress::default());
    let with_progress = |work: &dyn Fn(&mut Progress)| {
        // A thread that panics ends the process's work anyway.
        if let Ok(mut progress) = progress.lock() {
            work(&mut progress);
        }
    };
    walk::walk(paths, settings, |path, visited| {
        if path.file_name().is_some_and(|name| name == "manifest.json") {
            return with_progress(&|progress| progress.manifests.push(path.clone()));
        }
        if path.file_name().is_some_and(|name| name == "dbt_project.yml") {
            // Git ignores what dbt makes; it is read because its project is.
            let made = path.with_file_name("target").join("manifest.json");
            if made.is_file() && !settings.excludes_with_folders(&made) {
                with_progress(&|progress| progress.manifests.push(made.clone()));
            }
        }
        match visited.and_then(|()| walk::read(&path, settings.max_file_size)) {
            Ok(content) => {
                let text = match content {
                    Content::Text(bytes) => walk::text_of(bytes),
                    Content::Binary => return with_progress(&|progress| progress.outcome.files.binary += 1),
                    Content::Huge => return with_progress(&|progress| progress.outcome.files.huge += 1),
                };
                let checked = judge.check(&path, &text);
                let path = display(&path);
                if let Ok(mut progress) = progress.lock() {
                    progress.outcome.files.checked += 1;
                    let named = checked.named.iter().map(|key| (path.clone(), key.clone()));
                    progress.named.extend(named);
                    progress.outcome.add(checked);
                }
            }
            Err(error) => with_progress(&|progress| {
                progress.outcome.findings.extend(unreadable(&path, &error, settings));
            }),
        }
    });
    let mut progress = progress.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut manifests = std::mem::take(&mut progress.manifests);
    manifests.sort();
    manifests.dedup();
    for path in manifests {
        check_manifest(&path, &judge, &mut progress);
    }
    Finding::sort(&mut progress.outcome.findings);
    Ok(progress.outcome)
}

fn unreadable(path: &Path, error: &std::io::Error, settings: &Settings) -> Option<Finding> {
    let path = display(path);
    let severity = settings.severity(Code::UnreadableFile, Some(&path));
    let message = format!("the file cannot be read: {error}");
    let (place, subject) = (Place::File(path.clone()), path);
    let finding =
        Finding { code: Code::UnreadableFile, severity, place, subject, message, remedy: None, fix: None };
    (severity != Severity::Off).then_some(finding)
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// What dbt made of a source that was corrected since says nothing certain of the source.
fn excuse(finding: &mut Finding) {
    finding.severity = finding.severity.max(Severity::Warning);
    finding.remedy = Some("a source is newer than this manifest: let dbt make it again".to_owned());
}

/// A `manifest.json` is a manifest of dbt or a text like any other.
fn check_manifest(path: &Path, judge: &Judge<'_>, progress: &mut Progress) {
    let text = match walk::read(path, LARGEST_MANIFEST) {
        Ok(Content::Text(bytes)) => walk::text_of(bytes),
        Ok(Content::Binary) => return progress.outcome.files.binary += 1,
        Ok(Content::Huge) => return progress.outcome.files.huge += 1,
        Err(error) => return progress.outcome.findings.extend(unreadable(path, &error, judge.settings)),
    };
    let checked = if let Some(rendered) = manifest::find(&text) {
        let project = path.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        let named = &progress.named;
        let check = |rendered| {
            judge.check_manifest(path, &text, rendered, |origin, key| {
                let origin = origin.map(|origin| display(&project.join(origin)));
                origin.is_some_and(|origin| named.contains(&(origin, key.to_owned())))
            })
        };
        let made = modified(path);
        let is_outdated = |one: &Rendered| {
            let origin = one.origin.as_ref().and_then(|origin| modified(&project.join(origin)));
            origin.zip(made).is_some_and(|(origin, made)| origin > made)
        };
        let (outdated, current) = rendered.into_iter().partition(is_outdated);
        let mut outdated = check(outdated);
        outdated.findings.iter_mut().for_each(excuse);
        progress.outcome.add(outdated);
        check(current)
    } else if text.len() as u64 > judge.settings.max_file_size {
        return progress.outcome.files.huge += 1;
    } else {
        judge.check(path, &text)
    };
    progress.outcome.files.checked += 1;
    progress.outcome.add(checked);
}
