//! Stage four: what is told of one file. Ignore comments and severities count here and nowhere before.

use std::ops::Range;

use super::finders::{TextFile, Unreadable};
use super::finding::{Code, Finding, Fix, Place, Severity};
use super::ignores::{self, Ignore};
use super::judge::Problem;
use super::lines::Lines;
use super::reference::{Origin, Reference, Target};
use super::severities::Severities;
use super::walk::display;
use crate::text::on_one_line;

/// Something to tell of a file.
#[derive(Debug)]
pub struct Complaint {
    /// An ignore comment on any of these lines silences it.
    extent: Range<usize>,
    subject: String,
    problem: Problem,
    origin: Option<Origin>,
}

impl Complaint {
    /// A file, or a part of it, that a finder could not read.
    #[must_use]
    pub fn unreadable(file: &TextFile<'_>, (code, span, reason): Unreadable) -> Self {
        let message = format!("the file cannot be read: {}", on_one_line(&reason));
        let problem = Problem { code, span: span.clone(), message, remedy: None, replacement: None };
        Self { extent: span, subject: display(file.path), problem, origin: None }
    }

    /// A reference that is wrong.
    #[must_use]
    pub fn of(file: &TextFile<'_>, reference: Reference, mut problem: Problem) -> Self {
        let written = |span: &Range<usize>| file.text.get(span.clone());
        // What stands there in escapes or over several lines is not corrected.
        problem.replacement.take_if(|_| match &reference.target {
            Target::Luid { luid: part, .. } | Target::Page { number: part, .. } => {
                written(&part.span) != Some(&part.value)
            }
            Target::Address { .. }
            | Target::Unmapped { .. }
            | Target::Name { .. }
            | Target::Computed
            | Target::Disabled { .. }
            | Target::Invalid { .. } => true,
        });
        let subject = reference.target.span().and_then(written).unwrap_or_default().to_owned();
        Self { extent: reference.extent, subject, problem, origin: reference.origin }
    }

    /// A generated file is not corrected by hand.
    #[must_use]
    pub fn without_replacement(mut self) -> Self {
        self.problem.replacement = None;
        self
    }
}

/// The findings, and how many complaints a comment silenced.
#[must_use]
pub fn of_file(
    file: &TextFile<'_>,
    complaints: Vec<Complaint>,
    severities: &Severities,
) -> (Vec<Finding>, u64) {
    let may_have_ignores = ignores::may_have_some(file.text);
    if complaints.is_empty() && !may_have_ignores {
        return (Vec::new(), 0);
    }
    let lines = Lines::of(file.text);
    let mut ignores = if may_have_ignores { ignores::find(file.text, &lines) } else { Vec::new() };
    let mut left = Vec::new();
    let mut silenced = 0;
    for complaint in complaints {
        if silence(&complaint, &mut ignores, &lines) {
            silenced += 1;
        } else {
            left.push(complaint);
        }
    }
    left.extend(ignores.into_iter().filter(|one| !one.is_used).map(unused));
    let path = display(file.path);
    let finding = |complaint: Complaint| {
        let place = Place::Text(lines.position(&path, &complaint.problem.span));
        written_up(file, complaint, place, severities)
    };
    (left.into_iter().filter_map(finding).collect(), silenced)
}

/// The same of a generated file, told of the place in the sources where `source` finds one. What looks like an ignore
/// comment in it belongs to its sources.
#[must_use]
pub fn of_generated(
    file: &TextFile<'_>,
    complaints: Vec<Complaint>,
    severities: &Severities,
    source: impl Fn(&Origin) -> Option<Place>,
) -> Vec<Finding> {
    let lines = Lines::of(file.text);
    let finding = |mut complaint: Complaint| {
        let origin = complaint.origin.take();
        if let Some(Origin { name, .. }) = &origin {
            let message = &mut complaint.problem.message;
            *message = format!("exposure `{}`: {message}", on_one_line(name));
        }
        let place = origin.as_ref().and_then(&source);
        let place = place
            .unwrap_or_else(|| Place::Text(lines.position(&display(file.path), &complaint.problem.span)));
        written_up(file, complaint, place, severities)
    };
    complaints.into_iter().filter_map(finding).collect()
}

fn silence(complaint: &Complaint, ignores: &mut [Ignore], lines: &Lines<'_>) -> bool {
    let extent = lines.line(complaint.extent.start)..=lines.line(complaint.extent.end);
    let fits = |one: &&mut Ignore| one.code == Some(complaint.problem.code) && extent.contains(&one.line);
    let mut is_silenced = false;
    for ignore in ignores.iter_mut().filter(fits) {
        ignore.is_used = true;
        is_silenced = true;
    }
    is_silenced
}

fn unused(ignore: Ignore) -> Complaint {
    let message = match ignore.code {
        Some(code) => format!("no finding on this line has the code `{code}`"),
        None => format!("`{}` is not a code", ignore.word),
    };
    let remedy = Some("remove the comment, or correct the code".to_owned());
    let (extent, span) = (ignore.span.clone(), ignore.span);
    let problem = Problem { code: Code::UnusedIgnore, span, message, remedy, replacement: None };
    Complaint { extent, subject: ignore.word, problem, origin: None }
}

fn written_up(
    file: &TextFile<'_>,
    complaint: Complaint,
    place: Place,
    severities: &Severities,
) -> Option<Finding> {
    let Problem { code, span, message, remedy, replacement } = complaint.problem;
    let severity = severities.of(code, place.path());
    if severity == Severity::Off {
        return None;
    }
    let fix = replacement.and_then(|new| {
        let old = file.text.get(span.clone())?.to_owned();
        Some(Fix { path: file.path.to_owned(), span, old, new })
    });
    Some(Finding { code, severity, place, subject: complaint.subject, message, remedy, fix })
}
