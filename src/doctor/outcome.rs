//! What comes of a check.

use miette::Diagnostic;
use serde::Serialize;

use crate::text::sentences_of;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// As it may be, and worth knowing.
    Note,
    /// It works, and will cost something or fail one day.
    Warning,
    /// It does not work.
    Problem,
    /// It cannot be told from here.
    Unknown,
    /// A check that it needs has failed, or there is nothing to look at.
    Skipped,
}

impl Status {
    /// All of them, the best first.
    pub const ALL: [Self; 6] =
        [Self::Ok, Self::Note, Self::Warning, Self::Problem, Self::Unknown, Self::Skipped];

    /// As it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }

    /// Whether checks that need this one have nothing to look at.
    pub(super) fn blocks(self) -> bool {
        matches!(self, Self::Problem | Self::Skipped)
    }
}

/// What came of a check.
#[derive(Debug)]
pub struct CheckOutcome {
    /// How it came out.
    pub status: Status,
    /// What was seen, a sentence each.
    pub evidence: Vec<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl CheckOutcome {
    pub(super) fn ok(evidence: impl Into<String>) -> Self {
        Self { status: Status::Ok, evidence: vec![evidence.into()], remedy: None }
    }

    pub(super) fn note(evidence: impl Into<String>) -> Self {
        Self { status: Status::Note, ..Self::ok(evidence) }
    }

    pub(super) fn skipped(evidence: impl Into<String>) -> Self {
        Self { status: Status::Skipped, ..Self::ok(evidence) }
    }

    pub(super) fn warning(evidence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Warning, remedy: Some(remedy.into()), ..Self::ok(evidence) }
    }

    pub(super) fn problem(evidence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Problem, remedy: Some(remedy.into()), ..Self::ok(evidence) }
    }

    pub(super) fn unknown(evidence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: Status::Unknown, remedy: Some(remedy.into()), ..Self::ok(evidence) }
    }

    /// A problem in the words of an error, with the error's remedy or else `remedy`.
    pub(super) fn failed(error: &dyn Diagnostic, remedy: &str) -> Self {
        let help = error.help().map_or_else(|| remedy.to_owned(), |help| help.to_string());
        Self { status: Status::Problem, evidence: sentences_of(error), remedy: Some(help) }
    }

    /// The same, with another status.
    pub(super) fn with_status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    /// The same, with another remedy.
    pub(super) fn remedied(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// The same, with more that was seen.
    pub(super) fn and(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }
}
