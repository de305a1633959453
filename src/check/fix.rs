//! Puts successors in the place of what they succeeded, and leaves every other byte as it is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use similar::{Algorithm, TextDiff};
use thiserror::Error;

use super::encoding::Encoding;
use super::finding::{Finding, Fix};
use super::walk::display;
use crate::text::on_one_line;
use crate::whole_file::write_whole;

/// A file that could not be corrected.
#[derive(Debug, Error, Diagnostic)]
#[error("could not write the corrected file `{}`", path.display())]
#[diagnostic(
    code(tabmap::check::fix),
    help(
        "check that this user may write to the file and its folder; files before it in the order of their paths are corrected"
    )
)]
pub struct FixError {
    path: PathBuf,
    source: io::Error,
}

/// What was corrected, or would be.
#[derive(Debug, Default)]
pub struct Fixed {
    /// How many places.
    pub places: u64,
    /// How many files.
    pub files: u64,
    /// The changes as a unified diff.
    pub diff: String,
}

/// Corrects the files of all findings that have a certain successor; only shows how when `write` is false. What was
/// corrected is no longer among the findings afterwards.
pub fn apply(findings: &mut Vec<Finding>, write: bool) -> Result<Fixed, FixError> {
    let mut by_path: BTreeMap<PathBuf, Vec<Fix>> = BTreeMap::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        by_path.entry(fix.path.clone()).or_default().push(fix.clone());
    }
    let mut fixed = Fixed::default();
    for (path, fixes) in by_path {
        let failed = |source| FixError { path: path.clone(), source };
        let written = fs::read(&path).map_err(failed)?;
        let encoding = Encoding::of(&written);
        let Some(before) = encoding.decode(written) else { continue };
        let (after, places) = corrected(&before, fixes);
        if places == 0 {
            continue;
        }
        fixed.places += places;
        fixed.files += 1;
        fixed.diff.push_str(&diff(&display(&path), &before, &after));
        if write {
            replace(&path, &encoding.encode(after)).map_err(failed)?;
            findings.retain(|one| one.fix.as_ref().is_none_or(|fix| fix.path != path));
        }
    }
    Ok(fixed)
}

/// From the last place to the first, so that the places before stay where they are. A file that changed since it was
/// checked is left alone.
fn corrected(before: &[u8], mut fixes: Vec<Fix>) -> (Vec<u8>, u64) {
    let mut after = before.to_vec();
    fixes.sort_by_key(|fix| fix.span.start);
    fixes.dedup();
    if fixes.iter().any(|fix| before.get(fix.span.clone()) != Some(fix.old.as_bytes())) {
        return (after, 0);
    }
    for fix in fixes.iter().rev() {
        after.splice(fix.span.clone(), fix.new.bytes());
    }
    (after, fixes.len() as u64)
}

fn diff(path: &str, before: &[u8], after: &[u8]) -> String {
    // As `git` does, for `patch` ends a name at a blank.
    let end = if path.contains(char::is_whitespace) { "\t" } else { "" };
    let path = on_one_line(path);
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    // A line ends with `\n` for whoever reads a diff, and with nothing else.
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<_>>();
    let (before, after) = (lines(&before), lines(&after));
    let mut settings = TextDiff::configure();
    settings.algorithm(Algorithm::Patience).newline_terminated(true);
    let (old, new) = (format!("a/{path}{end}"), format!("b/{path}{end}"));
    settings.diff_slices(&before, &after).unified_diff().context_radius(1).header(&old, &new).to_string()
}

/// The file keeps its permissions, and a link stays one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    write_whole(&path, bytes, Some(fs::metadata(&path)?.permissions()))
}
