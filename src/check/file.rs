//! One file: its references, the verdicts on them, what its comments silence.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::finding::{Code, Finding, Fix, Place, Severity};
use super::ignores::{self, Ignore};
use super::judge::{Problem, Verdict, judge};
use super::knowledge::Knowledge;
use super::lines::Lines;
use super::manifest::Rendered;
use super::reference::{Reference, Target};
use super::settings::Settings;
use super::walk::display;
use super::{addresses, exposures, luids, refs_file};

/// How many references there were, and how many of them nobody could judge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// All of them.
    pub references: u64,
    /// Those that only a run of the code can tell.
    pub open: u64,
    /// Addresses on other servers.
    pub foreign: u64,
    /// Those that an ignore comment silenced.
    pub ignored: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        let Self { references, open, foreign, ignored } = other;
        self.references += references;
        self.open += open;
        self.foreign += foreign;
        self.ignored += ignored;
    }
}

/// What came out of one file.
#[derive(Debug, Default)]
pub struct Checked {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How much was looked at.
    pub counts: Counts,
    /// What was named in the file, without the places.
    pub named: Vec<String>,
}

/// By what files are judged.
pub struct Judge<'a> {
    /// What is known of Tableau.
    pub knowledge: &'a Knowledge,
    /// How severe findings are.
    pub settings: &'a Settings,
}

/// One file under judgement.
struct File<'a> {
    path: &'a Path,
    /// The path as reports write it.
    name: String,
    text: &'a str,
    judge: &'a Judge<'a>,
    lines: Option<Lines<'a>>,
    problems: Vec<(Range<usize>, String, Problem)>,
    checked: Checked,
}

impl<'a> Judge<'a> {
    /// Judges by `knowledge` and `settings`.
    #[must_use]
    pub fn new(knowledge: &'a Knowledge, settings: &'a Settings) -> Self {
        Self { knowledge, settings }
    }

    /// Checks a text of any kind; `path` says which kinds of references it may hold.
    #[must_use]
    pub fn check(&self, path: &Path, text: &str) -> Checked {
        let mut file = File::new(path, text, self);
        let mut references = Vec::new();
        let extension = path.extension().and_then(|one| one.to_str()).unwrap_or_default();
        if path.file_name().is_some_and(|name| name == refs_file::FILE_NAME) {
            match refs_file::find(text) {
                Ok(found) => references.extend(found),
                Err((span, reason)) => file.unreadable(Code::InvalidReference, span, &reason),
            }
        }
        if matches!(extension, "yml" | "yaml") {
            match exposures::find(text) {
                Ok(found) => references.extend(found),
                Err((line, reason)) => {
                    let start = file.lines().start(line);
                    file.unreadable(Code::UnreadableFile, start..start, &reason);
                }
            }
            // What dbt makes of these is told apart from them later.
            file.checked.named.extend(references.iter().filter_map(|one| one.target.key()));
        }
        references.extend(self.settings.calls.find(text, extension));
        let addresses = addresses::find(text);
        if matches!(extension, "yml" | "yaml") {
            file.checked.named.extend(addresses.iter().filter_map(|one| one.target.key()));
        }
        references.extend(addresses);
        references.extend(luids::find(text, |text| self.knowledge.knows_luid(text)));
        file.judge_all(references);
        let ignores =
            if ignores::may_have_some(text) { ignores::find(text, file.lines()) } else { Vec::new() };
        file.finish(ignores)
    }

    /// Checks what dbt rendered into a manifest, without what `is_known` found in its source already.
    #[must_use]
    pub fn check_manifest(
        &self,
        path: &Path,
        text: &str,
        rendered: Vec<Rendered>,
        is_known: impl Fn(Option<&str>, &str) -> bool,
    ) -> Checked {
        let mut file = File::new(path, text, self);
        let is_new = |one: &Rendered| {
            one.reference.target.key().is_none_or(|key| !is_known(one.origin.as_deref(), &key))
        };
        file.judge_all(rendered.into_iter().filter(is_new).map(|one| one.reference).collect());
        // A generated file is not corrected by hand.
        for (_, _, problem) in &mut file.problems {
            problem.replacement = None;
        }
        // Nor does anybody comment on it: what looks like that belongs to the source of a model.
        file.finish(Vec::new())
    }
}

impl<'a> File<'a> {
    fn new(path: &'a Path, text: &'a str, judge: &'a Judge<'a>) -> Self {
        Self {
            path,
            name: display(path),
            text,
            judge,
            lines: None,
            problems: Vec::new(),
            checked: Checked::default(),
        }
    }

    fn lines(&mut self) -> &Lines<'a> {
        self.lines.get_or_insert_with(|| Lines::of(self.text))
    }

    fn unreadable(&mut self, code: Code, span: Range<usize>, reason: &str) {
        let message = format!("the file cannot be read: {reason}");
        let problem = Problem { code, span: span.clone(), message, remedy: None, replacement: None };
        self.problems.push((span, self.name.clone(), problem));
    }

    /// Two finders may find the same: the first one knows more of it.
    fn judge_all(&mut self, references: Vec<Reference>) {
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        for reference in references {
            let span = reference.target.span().cloned();
            if let Some(span) = &span {
                let before = taken.range(..=span.start).next_back();
                if before.is_some_and(|(_, end)| span.end <= *end) {
                    continue;
                }
                taken.insert(span.start, span.end);
            }
            self.checked.counts.references += 1;
            match judge(&reference, self.judge.knowledge) {
                Verdict::Fine => {}
                Verdict::Foreign => self.checked.counts.foreign += 1,
                Verdict::Open => self.checked.counts.open += 1,
                Verdict::Bad(mut problem) => {
                    problem.replacement.take_if(|(span, _)| !self.is_written_out(&reference, span));
                    let subject = span.and_then(|span| self.text.get(span)).unwrap_or_default().to_owned();
                    self.problems.push((reference.extent, subject, problem));
                }
            }
        }
    }

    /// Whether a LUID or number stands there letter by letter, and not in escapes or over several lines.
    fn is_written_out(&self, reference: &Reference, span: &Range<usize>) -> bool {
        match &reference.target {
            Target::Luid { luid: part, .. } | Target::Page { number: part, .. } => {
                self.text.get(span.clone()) == Some(&part.value)
            }
            Target::View { .. } | Target::Name { .. } | Target::Computed | Target::Invalid { .. } => false,
        }
    }

    fn finish(mut self, mut ignores: Vec<Ignore>) -> Checked {
        for (extent, subject, problem) in std::mem::take(&mut self.problems) {
            let lines = self.lines();
            let (first, last) = (lines.line(extent.start), lines.line(extent.end));
            let silencing =
                |one: &&mut Ignore| one.code == Some(problem.code) && (first..=last).contains(&one.line);
            let mut silencing: Vec<_> = ignores.iter_mut().filter(silencing).collect();
            if silencing.is_empty() {
                self.add(subject, problem);
                continue;
            }
            self.checked.counts.ignored += 1;
            for ignore in &mut silencing {
                ignore.is_used = true;
            }
        }
        for ignore in ignores.into_iter().filter(|one| !one.is_used) {
            let message = match ignore.code {
                Some(code) => format!("nothing on this line is `{code}`"),
                None => format!("`{}` is not a code", ignore.word),
            };
            let remedy = Some("take the comment out, or correct the code".to_owned());
            let problem =
                Problem { code: Code::UnusedIgnore, span: ignore.span, message, remedy, replacement: None };
            self.add(ignore.word, problem);
        }
        self.checked
    }

    fn add(&mut self, subject: String, problem: Problem) {
        let Problem { code, span, message, remedy, replacement } = problem;
        let severity = self.judge.settings.severity(code, Some(&self.name));
        if severity == Severity::Off {
            return;
        }
        let name = self.name.clone();
        let place = Place::Text(self.lines().position(&name, &span));
        let fix = replacement.and_then(|(span, new)| {
            let old = self.text.get(span.clone())?.to_owned();
            Some(Fix { path: self.path.to_owned(), span, old, new })
        });
        self.checked.findings.push(Finding { code, severity, place, subject, message, remedy, fix });
    }
}
