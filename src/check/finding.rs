//! What a check found: data, not an error.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::resource::SiteName;
use crate::text::on_one_line;

/// What is wrong. The words are stable: configurations and ignore comments name them.
///
/// `check --help` and the template of the configuration list them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A LUID whose resource is gone.
    StaleLuid,
    /// A LUID whose resource was republished and has another one now.
    ReplacedLuid,
    /// A text that is said to be a LUID, of which nothing is known.
    UnknownLuid,
    /// An address whose resource is gone.
    StaleUrl,
    /// An address whose resource was republished and has another number now.
    ReplacedUrl,
    /// No resource by that name or number.
    UnknownResource,
    /// Several resources by that name.
    AmbiguousResource,
    /// A name that its resource no longer has, or a project that it is no longer in.
    MovedResource,
    /// A site of which nothing is known.
    UnknownSite,
    /// The same on a host that many customers share.
    ForeignSite,
    /// The address of a view of which no workbook is known.
    UnknownView,
    /// A reference that names no resource, whatever is on the site.
    InvalidReference,
    /// A key that two rows of the map share.
    AmbiguousKey,
    /// A resource that the map does not have yet.
    MissingFromMap,
    /// A row that has the right key and LUID, and other columns that are out of date.
    MapDrift,
    /// The last complete sync was too long ago.
    MapTooOld,
    /// Tableau did not list all: what is missing may be there.
    IncompleteListing,
    /// A file that should hold references and cannot be read.
    UnreadableFile,
    /// Not a single file was searched.
    NoFiles,
    /// A comment that silences nothing.
    UnusedIgnore,
    /// An entry of the baseline that is found no more.
    UnusedBaseline,
}

impl Code {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StaleLuid => "stale-luid",
            Self::ReplacedLuid => "replaced-luid",
            Self::UnknownLuid => "unknown-luid",
            Self::StaleUrl => "stale-url",
            Self::ReplacedUrl => "replaced-url",
            Self::UnknownResource => "unknown-resource",
            Self::AmbiguousResource => "ambiguous-resource",
            Self::MovedResource => "moved-resource",
            Self::UnknownSite => "unknown-site",
            Self::ForeignSite => "foreign-site",
            Self::UnknownView => "unknown-view",
            Self::InvalidReference => "invalid-reference",
            Self::AmbiguousKey => "ambiguous-key",
            Self::MissingFromMap => "missing-from-map",
            Self::MapDrift => "map-drift",
            Self::MapTooOld => "map-too-old",
            Self::IncompleteListing => "incomplete-listing",
            Self::UnreadableFile => "unreadable-file",
            Self::NoFiles => "no-files",
            Self::UnusedIgnore => "unused-ignore",
            Self::UnusedBaseline => "unused-baseline",
        }
    }

    /// One sentence for lists of rules.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::StaleLuid => "A LUID whose resource is gone from Tableau",
            Self::ReplacedLuid => "A LUID whose resource was republished and has another LUID now",
            Self::UnknownLuid => "A LUID that neither the map nor its change log knows",
            Self::StaleUrl => "An address whose resource is gone from Tableau",
            Self::ReplacedUrl => "An address whose resource was republished and has another number now",
            Self::UnknownResource => "No resource has this name or number",
            Self::AmbiguousResource => "Several resources have this name",
            Self::MovedResource => "The resource was renamed or is in another project now",
            Self::UnknownSite => "The site is not known",
            Self::ForeignSite => "The site is not known, and many customers share its host",
            Self::UnknownView => "No known workbook gives this address of a view",
            Self::InvalidReference => "The reference cannot name any resource",
            Self::AmbiguousKey => "Several resources share kind, project name and name",
            Self::MissingFromMap => "The map lacks a resource that is on the site",
            Self::MapDrift => "A row of the map has columns that are out of date",
            Self::MapTooOld => "The last complete sync of the map was too long ago",
            Self::IncompleteListing => "Tableau did not list all resources of a site",
            Self::NoFiles => "No file was searched",
            Self::UnreadableFile => "A file that should hold references cannot be read",
            Self::UnusedIgnore => "A `tabmap: ignore` comment that silences nothing",
            Self::UnusedBaseline => "An entry of the baseline that is no longer found",
        }
    }

    /// How bad it is where the configuration does not say otherwise.
    #[must_use]
    pub const fn default_severity(self) -> Severity {
        match self {
            Self::UnknownView
            | Self::AmbiguousKey
            | Self::MissingFromMap
            | Self::MapDrift
            | Self::IncompleteListing
            | Self::UnreadableFile
            | Self::NoFiles
            | Self::UnusedIgnore
            | Self::UnusedBaseline => Severity::Warning,
            Self::ForeignSite => Severity::Note,
            Self::StaleLuid
            | Self::ReplacedLuid
            | Self::UnknownLuid
            | Self::StaleUrl
            | Self::ReplacedUrl
            | Self::UnknownResource
            | Self::AmbiguousResource
            | Self::MovedResource
            | Self::UnknownSite
            | Self::InvalidReference
            | Self::MapTooOld => Severity::Error,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::value_variants().iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Makes the check fail.
    Error,
    /// Is reported, and the check passes.
    Warning,
    /// Is mentioned: it may well be as it should be.
    Note,
    /// Is not reported. No finding has this severity.
    Off,
}

impl Severity {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Off => "off",
        }
    }
}

/// Where in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The file, relative to the working directory, with `/` between its parts.
    pub path: String,
    /// The bytes.
    pub span: Range<usize>,
    /// Line of the first character, from 1.
    pub line: usize,
    /// Column of the first character, from 1, in characters.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column after the last character.
    pub end_column: usize,
    /// The first line, or the part of it around the span.
    pub excerpt: String,
    /// The bytes of the excerpt that the span covers.
    pub marked: Range<usize>,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The map, of one site.
    Map(SiteName),
    /// A whole file.
    File(String),
    /// A part of a file.
    Text(Position),
}

impl Place {
    /// The file, if it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Map(_) => None,
            Self::File(path) => Some(path),
            Self::Text(position) => Some(&position.path),
        }
    }

    /// The part of a file, if it is about one.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::Text(position) => Some(position),
            Self::Map(_) | Self::File(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(site) => write!(f, "map of site `{site}`"),
            Self::File(path) => f.write_str(&on_one_line(path)),
            Self::Text(at) => write!(f, "{}:{}:{}", on_one_line(&at.path), at.line, at.column),
        }
    }
}

/// A text to put in the place of a part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// The file: its name may be no text.
    pub path: PathBuf,
    /// The bytes.
    pub span: Range<usize>,
    /// What stands there.
    pub old: String,
    /// What belongs there.
    pub new: String,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of trouble.
    pub code: Code,
    /// How bad, after the configuration was asked.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What the finding is about, in the words of the file or the map: the same wherever it stands.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: Option<String>,
    /// The change of the file that would set it right, where that is certain.
    pub fix: Option<Fix>,
}

impl Finding {
    /// The order of reports: the map first, then files by path and place.
    pub fn sort(findings: &mut [Self]) {
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
    }

    fn order(&self) -> (Option<&str>, usize, Code, &str) {
        let start = self.place.position().map_or(0, |position| position.span.start);
        (self.place.path(), start, self.code, &self.message)
    }
}
