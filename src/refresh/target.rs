//! What to refresh, as people write it: in a file for `--from`, or in a rule of a webhook.

use std::fmt;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::resolve::{Question, ResolveError};
use crate::resource::written::{self, Fields, Written};
use crate::resource::{ResourceKind, SiteName};
use crate::text::on_one_line;
use crate::toml_error::TomlError;

/// One thing to refresh.
///
/// ```toml
/// [[refresh]]
/// workbook = "Sales"         # or datasource = "Orders", url = "https://...", luid = "3f2504e0-..."
/// project = "Finance/EMEA"   # as much of the path as tells it apart
/// site = "MySite"
/// incremental = true
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Target {
    kind: Option<ResourceKind>,
    what: What,
    project: Option<String>,
    site: Option<SiteName>,
    /// Whether to fetch new rows alone.
    pub incremental: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Name(String),
    Url(String),
    Luid(String),
}

impl TryFrom<Fields> for Target {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let Written { kind, what, project, site, incremental, schedule } = fields.read()?;
        if schedule.is_some() {
            return Err("unknown field `schedule`: it is refreshed when this file is used".to_owned());
        }
        let what = match what {
            // A question takes either.
            written::What::Name(text) | written::What::Number(text) => What::Name(text.value),
            written::What::Url(text) => What::Url(text.value),
            written::What::Luid(text) => What::Luid(text.value),
        };
        let (project, site) = (project.map(|one| one.value), site.map(|one| one.value));
        Ok(Self { kind, what, project, site, incremental: incremental.unwrap_or_default() })
    }
}

/// In the canonical form, with what is not said left out.
impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match (&self.what, self.kind) {
            (What::Name(name), Some(kind)) => map.serialize_entry(kind.as_str(), name)?,
            (What::Name(name), None) => map.serialize_entry("name", name)?,
            (What::Url(text) | What::Luid(text), kind) => {
                let key = if matches!(self.what, What::Url(_)) { "url" } else { "luid" };
                map.serialize_entry(key, text)?;
                if let Some(kind) = kind {
                    map.serialize_entry("type", &kind)?;
                }
            }
        }
        if let Some(project) = &self.project {
            map.serialize_entry("project", project)?;
        }
        if let Some(site) = &self.site {
            map.serialize_entry("site", &site.to_string())?;
        }
        if self.incremental {
            map.serialize_entry("incremental", &true)?;
        }
        map.end()
    }
}

impl Target {
    /// The question that leads to the resource; `sites` are searched where the target names none.
    pub fn question(&self, sites: &[SiteName]) -> Result<Question, ResolveError> {
        let (What::Name(text) | What::Url(text) | What::Luid(text)) = &self.what;
        let own: Vec<SiteName> = self.site.iter().cloned().collect();
        let sites = if own.is_empty() { sites } else { &own };
        Question::read(self.kind, text, self.project.as_deref(), sites)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.what, self.kind) {
            (What::Name(name), Some(kind)) => write!(f, "{kind} `{}`", on_one_line(name))?,
            (What::Name(text) | What::Url(text) | What::Luid(text), _) => {
                write!(f, "`{}`", on_one_line(text))?;
            }
        }
        if let Some(project) = &self.project {
            write!(f, " in project `{}`", on_one_line(project))?;
        }
        self.site.as_ref().map_or(Ok(()), |site| write!(f, " on site `{site}`"))
    }
}

/// A file of targets cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum TargetsError {
    /// It cannot be read.
    #[error("could not read the targets in `{}`", path.display())]
    #[diagnostic(code(tabmap::refresh::targets_unreadable), help("check the path; `-` is stdin"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("`{}` does not name what to refresh", path.display())]
    #[diagnostic(
        code(tabmap::refresh::targets),
        help(
            "write `[[refresh]]`, and below it `workbook = \"NAME\"` or `datasource = \"NAME\"`, with `project` and `site`"
        )
    )]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line and reason.
        source: TomlError,
    },
}

/// The targets of a file for `--from`.
pub fn read(path: &Path, text: &str) -> Result<Vec<Target>, TargetsError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        refresh: Vec<Target>,
    }
    toml::from_str::<File>(text)
        .map(|file| file.refresh)
        .map_err(|error| TargetsError::Invalid { path: path.to_owned(), source: TomlError::of(&error, text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(fields: &str) -> Result<Vec<Target>, TargetsError> {
        read(Path::new("refs.toml"), &format!("[[refresh]]\n{fields}\n"))
    }

    #[test]
    fn each_older_spelling_means_the_canonical_one() {
        let canonical = target("workbook = 'A'\nproject = '/P/Q'\nsite = 'S'").unwrap();
        for spelling in [
            "type = 'workbook'\nname = 'A'\nproject = '/P/Q'\nsite = 'S'",
            "resource_type = 'workbook'\nresource_name = 'A'\nproject_name = 'Q'\nproject_path = 'P/Q'\nsite_id = 'S'",
        ] {
            assert_eq!(target(spelling).unwrap(), canonical, "{spelling}");
        }
        assert_eq!(target("resource_id = 'x'").unwrap(), target("luid = 'x'").unwrap());
    }

    #[test]
    fn a_target_reads_back_as_it_was_kept() {
        for fields in [
            "workbook = 'A'\nproject = 'P'\nsite = 'Default'\nincremental = true",
            "datasource = 'A'",
            "type = 'datasource'\nluid = 'x'",
            "url = 'https://host/#/workbooks/1'",
        ] {
            let [target] = target(fields).unwrap().try_into().unwrap();
            let kept = serde_json::to_string(&target).unwrap();
            assert_eq!(serde_json::from_str::<Target>(&kept).unwrap(), target, "{kept}");
        }
    }

    #[test]
    fn what_only_a_nightly_task_understands_is_refused() {
        let error = target("workbook = 'A'\nschedule = 'daily'").unwrap_err();
        let TargetsError::Invalid { source, .. } = error else { panic!("{error}") };
        assert!(source.to_string().contains("`schedule`"), "{source}");
    }
}
