//! Files that dbt generates from others: what its sources say already is not told twice.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use regex::Regex;

use super::file::{self, Stages, judged, of_content};
use super::finders::TextFile;
use super::finding::{Finding, Place, Severity};
use super::findings::{self, Complaint};
use super::lines::Lines;
use super::reference::{Origin, Reference};
use super::searched::Searched;
use super::walk::{self, Content, Scope, display};

/// The largest manifest that is read: large projects of dbt make large ones, and the whole is held in memory.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What dbt made of the project that a file describes.
pub(super) fn beside(path: &Path) -> impl Iterator<Item = PathBuf> {
    let is_project = path.file_name().is_some_and(|name| name == "dbt_project.yml");
    let made = path.with_file_name("target").join("manifest.json");
    let is_file = std::fs::symlink_metadata(&made).is_ok_and(|metadata| metadata.is_file());
    (is_project && is_file).then_some(made).into_iter()
}

/// Checks a file that has the name of a generated one; it may be a text like any other.
pub(super) fn check(
    path: &Path,
    scope: &Scope,
    stages: Stages<'_>,
    named: &HashSet<(String, String)>,
) -> Searched {
    of_content(path, walk::read(path, LARGEST), stages.severities, |text| {
        let file = TextFile { path, text };
        match stages.finders.find_generated(&file) {
            Some(references) => of_references(&file, references, stages, named),
            None if text.len() as u64 > scope.max_file_size => {
                let mut searched = Searched::default();
                searched.files.huge = 1;
                searched
            }
            None => file::text(path, text, stages),
        }
    })
}

fn of_references(
    file: &TextFile<'_>,
    mut references: Vec<Reference>,
    stages: Stages<'_>,
    named: &HashSet<(String, String)>,
) -> Searched {
    let project = file.path.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    references.retain(|one| {
        let origin = one.origin.as_ref().map(|origin| display(&project.join(&origin.path)));
        origin.zip(one.target.key()).is_none_or(|source| !named.contains(&source))
    });
    let made = modified(file.path);
    let is_outdated = |one: &Reference| {
        let origin = one.origin.as_ref().and_then(|origin| modified(&project.join(&origin.path)));
        origin.zip(made).is_some_and(|(origin, made)| origin > made)
    };
    let (outdated, current) = references.into_iter().partition(is_outdated);
    let mut searched = Searched::default();
    searched.files.checked = 1;
    let mut findings_of = |references| {
        let complaints = judged(file, references, stages.knowledge, &mut searched.counts).into_iter();
        let complaints = complaints.map(Complaint::without_replacement).collect();
        findings::of_generated(file, complaints, stages.severities, |origin| source(project, origin))
    };
    let mut findings: Vec<Finding> = findings_of(outdated);
    findings.iter_mut().for_each(excuse);
    findings.extend(findings_of(current));
    searched.findings = findings;
    searched
}

/// Where an exposure stands in its source, if that is a file of the project: those of packages are elsewhere.
fn source(project: &Path, origin: &Origin) -> Option<Place> {
    let path = project.join(&origin.path);
    let project = if project.as_os_str().is_empty() { Path::new(".") } else { project };
    if !std::fs::canonicalize(&path).ok()?.starts_with(std::fs::canonicalize(project).ok()?) {
        return None;
    }
    let Ok(Content::Text(bytes)) = walk::read(&path, LARGEST) else { return None };
    let text = walk::text_of(bytes);
    let name = regex::escape(&origin.name);
    let pattern =
        Regex::new(&format!(r#"(?m)^[ \t-]*name:[ \t]*["']?({name})["']?[ \t]*(?:#.*)?\r?$"#)).ok()?;
    let exposures = text.find("exposures")?;
    let span =
        pattern.captures_at(&text, exposures).and_then(|found| found.get(1)).map(|found| found.range());
    let path = display(&path);
    Some(span.map_or_else(
        || Place::File(path.clone()),
        |span| Place::Text(Lines::of(&text).position(&path, &span)),
    ))
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// What dbt made of a source that was corrected since says nothing certain of the source.
fn excuse(finding: &mut Finding) {
    finding.severity = finding.severity.max(Severity::Warning);
    finding.remedy = Some("a source is newer than this manifest: run dbt again".to_owned());
}
