//! Is the map true, and are the references to Tableau in a repository?
//!
//! Four stages follow each other, and none calls back into one before it:
//!
//! ```text
//! 1  evidence    the map, its log, and what Tableau lists now
//!    knowledge   what is on the sites, and what became of what was there
//!    map         findings about rows and age of the map itself
//! 2  walk        the files below some paths
//!    finders     references in each file: data, with their places
//! 3  judge       whether a reference leads to what is there
//! 4  findings    what is told of it: ignore comments and severities count here
//!    baseline    what was known before is left out
//!    fix         puts certain successors in their place
//! ```
//!
//! What a check finds is data ([`finding::Finding`]), never an error. [`crate::report::check`] prints it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use miette::Diagnostic;
use thiserror::Error;

use self::file::Stages;
use self::finding::{Code, Finding, Place, Severity};
use self::searched::{FileCounts, Searched};
use self::severities::Severities;
use self::walk::Scope;

mod address_site;
pub mod baseline;
mod encoding;
pub mod evidence;
pub mod file;
pub mod finders;
pub mod finding;
pub mod findings;
pub mod fix;
mod generated;
mod gitignores;
mod ignores;
pub mod judge;
pub mod knowledge;
pub mod lines;
pub mod map;
mod packaged;
pub mod reference;
pub mod searched;
pub mod settings;
pub mod severities;
pub mod walk;

/// A path that is not there.
#[derive(Debug, Error, Diagnostic)]
#[error("there is no file or folder `{}`", .0.display())]
#[diagnostic(code(tabmap::check::path), help("paths are relative to the working directory"))]
pub struct NoSuchPath(PathBuf);

/// Checks the references in all files below `paths`.
pub fn files(paths: &[PathBuf], scope: &Scope, stages: Stages<'_>) -> Result<Searched, NoSuchPath> {
    if let Some(missing) = paths.iter().find(|path| std::fs::symlink_metadata(path).is_err()) {
        return Err(NoSuchPath(missing.clone()));
    }
    let all = Mutex::new(Searched::default());
    walk::walk(paths, scope, |path, visited| {
        let one = visit(path, visited, scope, stages);
        all.lock().unwrap_or_else(PoisonError::into_inner).add(one);
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut generated = std::mem::take(&mut all.generated);
    generated.sort();
    generated.dedup();
    for path in generated {
        let one = generated::check(&path, scope, stages, &all.named);
        all.add(one);
    }
    if all.files == FileCounts::default() {
        all.findings.extend(nothing_searched(paths, stages.severities));
    }
    Finding::sort(&mut all.findings);
    Ok(all)
}

/// A check that looks at nothing must not look like one that found nothing.
fn nothing_searched(paths: &[PathBuf], severities: &Severities) -> Option<Finding> {
    let path = paths.first().map(|path| walk::display(path)).unwrap_or_default();
    let severity = severities.of(Code::NoFiles, Some(&path));
    let remedy =
        "name the paths to search, and see what `.gitignore` and `exclude` under `[check]` leave out";
    let finding = Finding {
        code: Code::NoFiles,
        severity,
        place: Place::File(path.clone()),
        subject: path,
        message: "no file was searched".to_owned(),
        remedy: Some(remedy.to_owned()),
        fix: None,
    };
    (severity != Severity::Off).then_some(finding)
}

/// What comes out of one file of the walk.
fn visit(path: PathBuf, visited: std::io::Result<()>, scope: &Scope, stages: Stages<'_>) -> Searched {
    if stages.finders.may_be_generated(&path) {
        return Searched { generated: vec![path], ..Searched::default() };
    }
    let is_packed = packaged::is_packed(&path);
    let read = if is_packed { packaged::read } else { walk::read };
    let content = visited.and_then(|()| read(&path, scope.max_file_size));
    let mut searched =
        file::of_content(&path, content, stages.severities, |text| file::text(&path, text, stages));
    if is_packed {
        searched.findings.iter_mut().for_each(|finding| finding.fix = None);
    }
    // Git ignores what is generated from a project; it is read because the project is.
    searched.generated.extend(generated::beside(&path).filter(|made| !scope.excludes_with_folders(made)));
    searched
}
