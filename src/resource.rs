//! The words: a site, a resource on it, what people call it ([`ResourceKey`]) and what Tableau calls it ([`ResourceId`]).

use std::fmt;
use std::str::FromStr;

use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::on_one_line;

/// A site's content URL as it stands in links (`MySite` in `https://host/#/site/MySite/workbooks`); empty for the Default site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SiteName(String);

/// A text that cannot be a site's content URL.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("`{0}` is not a site's content URL")]
#[diagnostic(help(
    "take the part after `/site/` in the address bar of a browser; for the Default site write `Default`"
))]
pub struct InvalidSiteName(String);

impl SiteName {
    /// A content URL as Tableau gave it or as this tool stored it, taken as it is.
    #[must_use]
    pub fn from_content_url(content_url: &str) -> Self {
        Self(content_url.to_owned())
    }

    /// The content URL; empty for the Default site.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` names the same site: Tableau signs in to `mysite` when the site is called `MySite`.
    #[must_use]
    pub fn is_same_site(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

impl FromStr for SiteName {
    type Err = InvalidSiteName;

    fn from_str(text: &str) -> Result<Self, InvalidSiteName> {
        let name = text.trim();
        if name == "Default" {
            return Ok(Self(String::new()));
        }
        if name.is_empty()
            || name.contains(|c: char| c.is_whitespace() || c.is_control() || "/\\#?&:,'\"".contains(c))
        {
            return Err(InvalidSiteName(text.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.0.is_empty() { "Default" } else { &self.0 })
    }
}

/// Tableau's locally unique identifier. Opaque to us and never empty; real ones are UUIDs.
///
/// "A LUID is unique for each content type within a site" (help.tableau.com, `rest_api_concepts_luid`), so it
/// says nothing without its [`ResourceKind`] and [`SiteName`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Luid(String);

impl Luid {
    /// `None` when the text is empty: the Metadata API knows resources that have no LUID.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.trim().to_owned()))
    }

    /// Whether it has the form of a LUID: a UUID with hyphens. Rows of other tools may hold anything.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.0.len() == 36 && uuid::Uuid::try_parse(&self.0).is_ok()
    }

    /// The identifier as Tableau's APIs take it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Luid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Luid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom("a LUID is never empty"))
    }
}

/// What can be refreshed and is therefore mapped.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// A published data source.
    Datasource,
    /// A workbook.
    Workbook,
}

impl ResourceKind {
    /// Both kinds, in the order of reports.
    pub const ALL: [Self; 2] = [Self::Workbook, Self::Datasource];

    /// The word of the `RESOURCE_TYPE` column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workbook => "workbook",
            Self::Datasource => "datasource",
        }
    }

    /// The kind that a `RESOURCE_TYPE` column names; `None` for rows that are not ours.
    #[must_use]
    pub fn from_column(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The plural that browser links and REST paths use.
    #[must_use]
    pub const fn path_segment(self) -> &'static str {
        match self {
            Self::Workbook => "workbooks",
            Self::Datasource => "datasources",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A project and its parents.
///
/// Only REST knows how projects nest. Where it could not be asked, and in rows that another tool wrote, the
/// leaf alone is known. Printed `Finance/EMEA`, with a `/` inside a name as `\/` and a `\` as `\\`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectPath {
    names: Vec<String>,
    rooted: bool,
}

impl ProjectPath {
    /// The names from the root down; `None` when there are none.
    #[must_use]
    pub fn from_root(names: Vec<String>) -> Option<Self> {
        (!names.is_empty()).then_some(Self { names, rooted: true })
    }

    /// A project of which only its own name is known.
    #[must_use]
    pub fn leaf_only(name: &str) -> Self {
        Self { names: vec![name.to_owned()], rooted: false }
    }

    /// The printed form, read back. Never fails: every text names some project.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut names = vec![String::new()];
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '/' => names.push(String::new()),
                '\\' => push_last(&mut names, letters.next().unwrap_or('\\')),
                other => push_last(&mut names, other),
            }
        }
        Self { names, rooted: true }
    }

    /// The project's own name, the `PROJECT_NAME` column.
    #[must_use]
    pub fn leaf(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// Whether the parents are known too.
    #[must_use]
    pub fn is_rooted(&self) -> bool {
        self.rooted
    }

    /// The printed form when the parents are known, the `PROJECT_PATH` column.
    #[must_use]
    pub fn full(&self) -> Option<String> {
        self.rooted.then(|| self.to_string())
    }

    /// Whether both may be the same project, as far as both are known.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        if self.rooted && other.rooted { self.names == other.names } else { self.leaf() == other.leaf() }
    }

    /// Whether a person who wrote `self` (any tail of a path: `EMEA`, `Finance/EMEA`) may mean `project`.
    #[must_use]
    pub fn is_tail_of(&self, project: &Self) -> bool {
        project.names.ends_with(&self.names)
    }
}

fn push_last(names: &mut [String], letter: char) {
    if let Some(last) = names.last_mut() {
        last.push(letter);
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            self.names.iter().map(|name| name.replace('\\', r"\\").replace('/', r"\/")).collect();
        f.pad(&names.join("/"))
    }
}

/// What people write to name a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKey {
    /// The site it is on.
    pub site: SiteName,
    /// Workbook or data source.
    pub kind: ResourceKind,
    /// The project it is in.
    pub project: ProjectPath,
    /// Its own name; case counts.
    pub name: String,
}

impl ResourceKey {
    /// The key as callers of the map know it: kind, leaf project and name (the site is given).
    #[must_use]
    pub fn plain(&self) -> PlainKey<'_> {
        PlainKey { kind: self.kind, project_name: self.project.leaf(), name: &self.name }
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}` in project `{}`", self.kind, self.name, self.project)
    }
}

/// The columns that callers filter on, within one site. Two resources under one plain key are *ambiguous*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlainKey<'a> {
    /// The `RESOURCE_TYPE` column.
    pub kind: ResourceKind,
    /// The `PROJECT_NAME` column.
    pub project_name: &'a str,
    /// The `RESOURCE_NAME` column.
    pub name: &'a str,
}

/// What Tableau assigns to a resource. It changes when the resource is deleted and published again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// The site it is on.
    pub site: SiteName,
    /// Workbook or data source.
    pub kind: ResourceKind,
    /// Unique within the two above.
    pub luid: Luid,
}

/// A workbook or published data source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// What people call it.
    pub key: ResourceKey,
    /// What Tableau's APIs call it.
    pub luid: Luid,
    /// The LUID of its project, where known.
    pub project_luid: Option<Luid>,
    /// The number in its browser URL, where known (`vizportalUrlId` in the Metadata API).
    pub vizportal_url_id: Option<String>,
}

impl Resource {
    /// What Tableau assigned to it.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId { site: self.key.site.clone(), kind: self.key.kind, luid: self.luid.clone() }
    }

    /// Project and name on one line, for people: `Finance/EMEA::Weekly Sales`.
    #[must_use]
    pub fn place(&self) -> String {
        let project = self.key.project.full().unwrap_or_else(|| self.key.project.leaf().to_owned());
        on_one_line(&format!("{project}::{}", self.key.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_path_reads_back_what_it_prints() {
        for names in
            [vec!["A"], vec!["A", "B"], vec!["A/B", "C"], vec![r"A\", "B"], vec![r"\/", r"\\"], vec![""]]
        {
            let path = ProjectPath::from_root(names.iter().map(ToString::to_string).collect()).unwrap();
            assert_eq!(ProjectPath::parse(&path.to_string()), path, "{path}");
        }
    }

    #[test]
    fn a_slash_inside_a_name_is_told_apart_from_a_nested_project() {
        let nested = ProjectPath::from_root(vec!["A".into(), "B".into()]).unwrap();
        let slash = ProjectPath::from_root(vec!["A/B".into()]).unwrap();
        assert_eq!(nested.to_string(), "A/B");
        assert_eq!(slash.to_string(), r"A\/B");
        assert!(!nested.agrees_with(&slash));
    }

    #[test]
    fn the_default_site_is_written_default_and_stored_empty() {
        let site: SiteName = "Default".parse().unwrap();
        assert_eq!(site.as_str(), "");
        assert_eq!(site.to_string(), "Default");
        assert!("my site".parse::<SiteName>().is_err());
    }
}
