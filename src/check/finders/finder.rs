//! What every finder is, gets and gives.

use std::fmt::Debug;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::check::finding::Code;
use crate::check::reference::Reference;

static TABLEAU: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?i-u)tableau|tabcmd").expect("a valid pattern"));

/// Whether a text mentions Tableau anywhere: fields like `workbook_name` are those of other programs too.
pub(super) fn speaks_of_tableau(text: &str) -> bool {
    TABLEAU.is_match(text)
}

/// A text under search.
#[derive(Debug, Clone, Copy)]
pub struct TextFile<'a> {
    /// Where it stands.
    pub path: &'a Path,
    /// All of it.
    pub text: &'a str,
}

impl<'a> TextFile<'a> {
    /// The end of its name, after the last dot; of a file without one, that of its kind.
    #[must_use]
    pub fn extension(&self) -> &'a str {
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name {
            "Dockerfile" | "Makefile" | "Snakefile" | ".bashrc" | ".profile" => "sh",
            _ if name.starts_with(".env") => "env",
            _ => self.path.extension().and_then(|one| one.to_str()).unwrap_or_default(),
        }
    }
}

/// What a finder found in a file.
#[derive(Debug)]
pub enum Found {
    /// References, in any order.
    References(Vec<Reference>),
    /// A file of the finder's form that is broken.
    Unreadable {
        /// What kind of trouble that is.
        code: Code,
        /// Where it breaks.
        span: Range<usize>,
        /// Why.
        reason: String,
    },
    /// The file only has the name of one that this finder reads.
    NotMine,
}

/// Finds one kind of reference.
pub trait Finder: Debug + Send + Sync {
    /// Whether it reads files of that name.
    fn reads(&self, path: &Path) -> bool;

    /// What stands in a file that it reads, with the places.
    fn find(&self, file: &TextFile<'_>) -> Found;

    /// Whether its files are generated from others: they are read after those and by no other finder, may be large,
    /// and are not corrected.
    fn is_generated(&self) -> bool {
        false
    }
}

/// Whether a file has one of these endings, in whatever case.
pub(super) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|one| one.to_str()).unwrap_or_default();
    extensions.iter().any(|one| one.eq_ignore_ascii_case(extension))
}
