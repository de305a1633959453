//! `# tabmap: ignore CODE`: what a line asks not to be told.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::finding::Code;
use super::lines::Lines;

static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\btabmap:[ \t]*ignore[ \t]+([a-z][a-z-]*(?:[ \t]*,[ \t]*[a-z][a-z-]*)*)")
        .expect("a valid pattern")
});

/// One code of one comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// The line it stands on.
    pub line: usize,
    /// The place of the code.
    pub span: Range<usize>,
    /// What stands there.
    pub word: String,
    /// What it silences; `None` for a word that is no code.
    pub code: Option<Code>,
    /// Whether it silenced something.
    pub is_used: bool,
}

/// Whether a text may hold such comments.
#[must_use]
pub fn may_have_some(text: &str) -> bool {
    text.contains("tabmap:")
}

/// The comments of a text.
#[must_use]
pub fn find(text: &str, lines: &Lines<'_>) -> Vec<Ignore> {
    let mut ignores = Vec::new();
    for words in COMMENT.captures_iter(text).filter_map(|found| found.get(1)) {
        let mut start = words.start();
        for part in words.as_str().split(',') {
            let word = part.trim().trim_end_matches('-');
            let from = start + (part.len() - part.trim_start().len());
            ignores.push(Ignore {
                line: lines.line(from),
                span: from..from + word.len(),
                word: word.to_owned(),
                code: word.parse().ok(),
                is_used: false,
            });
            start += part.len() + 1;
        }
    }
    ignores
}
