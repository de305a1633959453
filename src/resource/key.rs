//! What people call a resource.

use std::fmt;

use super::kind::ResourceKind;
use super::project::ProjectPath;
use super::site::SiteName;
use crate::text::on_one_line;

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
        let (name, project) = (on_one_line(&self.name), on_one_line(&self.project.to_string()));
        write!(f, "{} `{name}` in project `{project}`", self.kind)
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
