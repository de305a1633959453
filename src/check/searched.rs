//! What came out of searching files, in numbers and findings.

use std::collections::HashSet;
use std::path::PathBuf;

use super::finding::Finding;

/// How many files were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct FileCounts {
    /// Searched.
    pub checked: u64,
    /// Skipped because they are not texts.
    pub binary: u64,
    /// Skipped because they are too large.
    pub huge: u64,
}

/// How many references there were, and how many of them nobody could judge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReferenceCounts {
    /// All of them.
    pub references: u64,
    /// Those that only a run of the code can tell.
    pub open: u64,
    /// Addresses of projects, flows and other content that the map has no rows of.
    pub not_judged: u64,
    /// Addresses on other servers.
    pub foreign: u64,
    /// Those that an ignore comment silenced.
    pub ignored: u64,
}

/// What came out of files.
#[derive(Debug, Default)]
pub struct Searched {
    /// What is wrong; sorted when all is done.
    pub findings: Vec<Finding>,
    /// The files.
    pub files: FileCounts,
    /// The references in them.
    pub counts: ReferenceCounts,
    /// Files that may be generated from others: they come last.
    pub(super) generated: Vec<PathBuf>,
    /// What sources of generated files name, by file.
    pub(super) named: HashSet<(String, String)>,
}

impl Searched {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        let Self { findings, files, counts, generated, named } = other;
        self.findings.extend(findings);
        self.generated.extend(generated);
        self.named.extend(named);
        let FileCounts { checked, binary, huge } = files;
        self.files.checked += checked;
        self.files.binary += binary;
        self.files.huge += huge;
        let ReferenceCounts { references, open, not_judged, foreign, ignored } = counts;
        self.counts.references += references;
        self.counts.open += open;
        self.counts.not_judged += not_judged;
        self.counts.foreign += foreign;
        self.counts.ignored += ignored;
    }
}
