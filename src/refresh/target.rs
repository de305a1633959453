//! What to refresh, as people write it: in a file for `--from`, or in a rule of a webhook.

use std::fmt;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::resolve::{Question, ResolveError};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
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

/// The keys as they stand in a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    workbook: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    luid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    incremental: bool,
}

impl TryFrom<Written> for Target {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { workbook, datasource, url, luid, project, site, incremental } = written;
        let (kind, what) = match (workbook, datasource, url, luid) {
            (Some(name), None, None, None) => (Some(ResourceKind::Workbook), What::Name(name)),
            (None, Some(name), None, None) => (Some(ResourceKind::Datasource), What::Name(name)),
            (None, None, Some(url), None) => (None, What::Url(url)),
            (None, None, None, Some(luid)) => (None, What::Luid(luid)),
            _ => {
                return Err(
                    "name what to refresh by exactly one of `workbook`, `datasource`, `url` and `luid`"
                        .to_owned(),
                );
            }
        };
        let site =
            site.map(|site| site.parse::<SiteName>()).transpose().map_err(|error| error.to_string())?;
        Ok(Self { kind, what, project, site, incremental })
    }
}

impl From<Target> for Written {
    fn from(target: Target) -> Self {
        let Target { kind, what, project, site, incremental } = target;
        let site = site.map(|site| site.to_string());
        let written = Self { project, site, incremental, ..Self::default() };
        match (what, kind) {
            (What::Name(name), Some(ResourceKind::Datasource)) => Self { datasource: Some(name), ..written },
            (What::Name(name), _) => Self { workbook: Some(name), ..written },
            (What::Url(url), _) => Self { url: Some(url), ..written },
            (What::Luid(luid), _) => Self { luid: Some(luid), ..written },
        }
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
