//! Where a TOML file goes wrong, without the line itself.

use miette::Diagnostic;
use thiserror::Error;

/// Where a file goes wrong and why. The line itself is not shown: it may hold a secret in the wrong place.
#[derive(Debug, Error, Diagnostic)]
#[error("line {line}: {reason}")]
pub struct TomlError {
    line: usize,
    reason: String,
}

impl TomlError {
    /// The error of reading `text`, on one line.
    #[must_use]
    pub fn of(error: &toml::de::Error, text: &str) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        Self { line, reason: error.message().to_owned() }
    }
}
