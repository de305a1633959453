//! Findings that a repository had already: they are left out of reports until they are gone.
//!
//! An entry is a code, a place and what the finding is about, so it stays the same when lines move. Places are written from
//! the folder of the baseline, so it holds wherever the check is called.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::finding::{Code, Finding, Place, Severity};
use super::severities::Severities;
use super::walk;
use crate::regular_file::read_regular;
use crate::text::{on_one_line, plural};
use crate::whole_file::write_whole;

/// The form of the file.
const FORMAT_VERSION: u32 = 1;
/// How large it may be.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// The known findings, and how often each is there.
#[derive(Debug, PartialEq, Eq)]
pub struct Baseline {
    /// Where the file is, from the root.
    folder: PathBuf,
    known: BTreeMap<Key, u64>,
}

/// What tells one known finding from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Of a finding about the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    code: Code,
    subject: String,
    /// The part of the file that is to blame, which may be a project or a site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marked: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format_version: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    key: Key,
    count: u64,
}

/// Why there is no baseline to compare with.
#[derive(Debug, Error, Diagnostic)]
pub enum BaselineError {
    /// There is no such file.
    #[error("there is no baseline `{}`", .0.display())]
    #[diagnostic(code(tabmap::check::baseline), help("write it with `tabmap check --baseline {} --write-baseline`", .0.display()))]
    Missing(PathBuf),
    /// It cannot be read or written.
    #[error("could not {action} the baseline `{}`", path.display())]
    #[diagnostic(code(tabmap::check::baseline))]
    File {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has another form.
    #[error("`{}` is not a baseline of this version", path.display())]
    #[diagnostic(code(tabmap::check::baseline), help("create it anew with `--write-baseline`"))]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// `path` as it is written in a file in `folder`; both are from the root.
fn written_from(folder: &Path, path: &Path) -> String {
    let shared = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    walk::display(&up.chain(path.components().skip(shared)).collect::<PathBuf>())
}

impl Key {
    fn of(finding: &Finding, folder: &Path) -> Self {
        let site = if let Place::Map(site) = &finding.place { Some(site.to_string()) } else { None };
        let path = finding.place.path().map(|path| written_from(folder, &walk::absolute(Path::new(path))));
        let marked = finding.place.position().and_then(|at| at.excerpt.get(at.marked.clone()));
        let marked = marked.filter(|marked| *marked != finding.subject).map(str::to_owned);
        Self { path, site, code: finding.code, subject: finding.subject.clone(), marked }
    }

    /// The file from the root, where it is about one; `folder` is that of the baseline.
    fn absolute(&self, folder: &Path) -> Option<PathBuf> {
        self.path.as_ref().map(|path| walk::absolute(&folder.join(path)))
    }
}

impl Baseline {
    fn at(file: &Path) -> Self {
        let file = walk::absolute(file);
        let folder = file.parent().unwrap_or(&file);
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Self { folder, known: BTreeMap::new() }
    }

    /// All that was found, for a file.
    #[must_use]
    pub fn of(findings: &[Finding], file: &Path) -> Self {
        let mut baseline = Self::at(file);
        for finding in findings {
            *baseline.known.entry(Key::of(finding, &baseline.folder)).or_default() += 1;
        }
        baseline
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let bytes = read_regular(path, MAX_SIZE).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => BaselineError::Missing(path.to_owned()),
            _ => BaselineError::File { action: "read", path: path.to_owned(), source },
        })?;
        let document: Document = serde_json::from_slice(&bytes)
            .map_err(|source| BaselineError::Form { path: path.to_owned(), source })?;
        if document.format_version != FORMAT_VERSION {
            let source = serde::de::Error::custom(format!("format_version {}", document.format_version));
            return Err(BaselineError::Form { path: path.to_owned(), source });
        }
        let mut baseline = Self::at(path);
        // Two branches that were merged may have an entry each.
        for entry in document.findings {
            *baseline.known.entry(entry.key).or_default() += entry.count;
        }
        Ok(baseline)
    }

    /// Takes over from what was known before the entries that this check did not look for.
    pub fn keep(&mut self, before: Self, is_looked_for: impl Fn(Option<&Path>) -> bool) {
        let Self { folder, known } = before;
        let is_kept = |key: &Key| !is_looked_for(key.absolute(&folder).as_deref());
        self.known.extend(known.into_iter().filter(|(key, _)| is_kept(key)));
    }

    /// Writes a file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let findings =
            self.known.iter().map(|(key, count)| Entry { key: key.clone(), count: *count }).collect();
        let document = Document { format_version: FORMAT_VERSION, findings };
        let failed = |source| BaselineError::File { action: "write", path: path.to_owned(), source };
        let mut text = serde_json::to_string_pretty(&document).map_err(|error| failed(error.into()))?;
        text.push('\n');
        write_whole(path, text.as_bytes(), None).map_err(failed)
    }

    /// Takes out of `findings` what is known, the first of several alike, and returns how many those were. What is known
    /// and not found any more is left.
    pub fn take_known(&mut self, findings: &mut Vec<Finding>) -> u64 {
        let before = findings.len();
        findings.retain(|finding| {
            let left = self.known.get_mut(&Key::of(finding, &self.folder)).filter(|left| **left > 0);
            let Some(left) = left else { return true };
            *left -= 1;
            false
        });
        self.known.retain(|_, left| *left > 0);
        (before - findings.len()) as u64
    }

    /// The entries that are left, as findings about the file; `is_looked_for` says of a path from the root, or of the map,
    /// whether this check would have found it again.
    #[must_use]
    pub fn gone(
        &self,
        file: &Path,
        is_looked_for: impl Fn(Option<&Path>) -> bool,
        severities: &Severities,
    ) -> Vec<Finding> {
        let path = walk::display(&walk::from_here(file));
        let severity = severities.of(Code::UnusedBaseline, Some(&path));
        let left = self.known.iter().filter(|(key, _)| {
            severity != Severity::Off && is_looked_for(key.absolute(&self.folder).as_deref())
        });
        let finding = |(key, count): (&Key, &u64)| {
            let Key { site, code, subject, .. } = key;
            let of = key.absolute(&self.folder).map(|path| walk::display(&walk::from_here(&path)));
            let site = site.as_ref().map(|site| format!("the map of site {site}"));
            let place = of.or(site).unwrap_or_default();
            let times = if *count > 1 { format!(" ({})", plural(*count, "time")) } else { String::new() };
            Finding {
                code: Code::UnusedBaseline,
                severity,
                place: Place::File(path.clone()),
                subject: format!("{code} {place} {subject}"),
                message: format!(
                    "`{code}` of `{}` in `{}` is no longer found{times}",
                    on_one_line(subject),
                    on_one_line(&place)
                ),
                remedy: Some("`--write-baseline` removes it from the baseline".to_owned()),
                fix: None,
            }
        };
        left.map(finding).collect()
    }
}
