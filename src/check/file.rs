//! One file, through the stages.

use std::path::Path;

use super::address_site::blamed;
use super::finders::{Finders, TextFile};
use super::finding::{Code, Finding, Place, Severity};
use super::findings::{self, Complaint};
use super::judge::{Judgement, judge};
use super::knowledge::Knowledge;
use super::reference::Reference;
use super::searched::{FileCounts, ReferenceCounts, Searched};
use super::severities::Severities;
use super::walk::{self, Content, display};

/// What each stage goes by.
#[derive(Debug, Clone, Copy)]
pub struct Stages<'a> {
    /// What finds references.
    pub finders: &'a Finders,
    /// What they are judged by.
    pub knowledge: &'a Knowledge,
    /// How bad findings are.
    pub severities: &'a Severities,
}

/// What comes out of a file that was read, or of which it is known why it was not.
pub(super) fn of_content(
    path: &Path,
    content: std::io::Result<Content>,
    severities: &Severities,
    of_text: impl FnOnce(&str) -> Searched,
) -> Searched {
    let mut searched = Searched::default();
    match content {
        Ok(Content::Text(bytes)) => searched = of_text(&walk::text_of(bytes)),
        Ok(Content::Binary) => searched.files.binary = 1,
        Ok(Content::Huge) => searched.files.huge = 1,
        Err(error) => searched.findings.extend(unreadable(path, &error, severities)),
    }
    searched
}

/// Whether dbt may generate something from a file of that name.
fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

/// The three stages of one text.
#[must_use]
pub fn text(path: &Path, text: &str, stages: Stages<'_>) -> Searched {
    let file = TextFile { path, text };
    let found = stages.finders.find(&file);
    let mut searched =
        Searched { files: FileCounts { checked: 1, ..FileCounts::default() }, ..Searched::default() };
    if is_source(path) {
        let keys = found.references.iter().filter_map(|one| one.target.key());
        searched.named = keys.map(|key| (display(path), key)).collect();
    }
    let mut complaints: Vec<_> =
        found.unreadable.into_iter().map(|one| Complaint::unreadable(&file, one)).collect();
    complaints.extend(judged(&file, found.references, stages.knowledge, &mut searched.counts));
    let (findings, ignored) = findings::of_file(&file, complaints, stages.severities);
    searched.findings = findings;
    searched.counts.ignored = ignored;
    searched
}

/// Judges each reference and counts it; what is wrong is left.
pub(super) fn judged(
    file: &TextFile<'_>,
    references: Vec<Reference>,
    knowledge: &Knowledge,
    counts: &mut ReferenceCounts,
) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for reference in references {
        let judgement = blamed(file.text, &reference, judge(&reference, knowledge));
        counts.references += u64::from(judgement != Judgement::Unrelated);
        match judgement {
            Judgement::Fine | Judgement::Unrelated => {}
            Judgement::Foreign => counts.foreign += 1,
            Judgement::Unmapped => counts.not_judged += 1,
            Judgement::Open => counts.open += 1,
            Judgement::Bad(problem) => complaints.push(Complaint::of(file, reference, problem)),
        }
    }
    complaints
}

fn unreadable(path: &Path, error: &std::io::Error, severities: &Severities) -> Option<Finding> {
    let path = display(path);
    let severity = severities.of(Code::UnreadableFile, Some(&path));
    let message = format!("the file cannot be read: {error}");
    let (place, subject) = (Place::File(path.clone()), path);
    let finding =
        Finding { code: Code::UnreadableFile, severity, place, subject, message, remedy: None, fix: None };
    (severity != Severity::Off).then_some(finding)
}
