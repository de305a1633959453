//! The `[check]` section of the configuration.

use std::collections::BTreeMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::Deserialize;

use super::finders::calls::{Calls, Procedure};
use super::finding::{Code, Severity};
use super::severities::Severities;
use super::walk::Scope;
use crate::tableau::ServerUrl;

/// The name of the refresh procedure.
const PROCEDURE: &str = "API__TABLEAU__REFRESH_RESOURCE";
/// How old the last complete sync may be.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(26);
/// How large a text may be that is searched.
const MAX_FILE_SIZE: u64 = 10 * 1024 * 1024;

/// What a check asks for: each stage gets its own part.
#[derive(Debug, Clone)]
pub struct CheckSettings {
    /// How old the last complete sync may be.
    pub max_age: SignedDuration,
    /// The calls of the refresh procedure.
    pub calls: Calls,
    /// Other names of the Tableau server in addresses.
    pub hosts: Vec<String>,
    /// The files that are searched.
    pub scope: Scope,
    /// How bad findings are.
    pub severities: Severities,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self {
            max_age: MAX_AGE,
            calls: Calls::of(vec![Procedure::ours(PROCEDURE)]).expect("a valid pattern"),
            hosts: Vec::new(),
            scope: Scope { max_file_size: MAX_FILE_SIZE, exclude: Gitignore::empty(), baseline: None },
            severities: Severities::default(),
        }
    }
}

/// The section as it stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    max_age: Option<String>,
    procedures: Option<Vec<Procedure>>,
    hosts: Vec<String>,
    max_file_size: Option<u64>,
    exclude: Vec<String>,
    severity: BTreeMap<Code, Severity>,
    overrides: Vec<Override>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    paths: Vec<String>,
    severity: BTreeMap<Code, Severity>,
}

/// A key whose value cannot be used, and why.
pub type InvalidKey = (&'static str, String);

impl Section {
    /// Checks every value.
    pub fn into_settings(self) -> Result<CheckSettings, InvalidKey> {
        let defaults = CheckSettings::default();
        let calls = match self.procedures {
            None => defaults.calls,
            Some(all) if all.is_empty() || all.iter().any(|one| one.name.trim().is_empty()) => {
                return Err(("procedures", "a procedure needs a name".to_owned()));
            }
            Some(all) => Calls::of(all).map_err(|error| ("procedures", error.to_string()))?,
        };
        let max_age = self.max_age.map(|text| parse_age(&text)).transpose();
        let overrides = self.overrides.into_iter().map(|one| {
            let paths = patterns(&one.paths).map_err(|reason| ("overrides", reason))?;
            Ok((paths, one.severity))
        });
        Ok(CheckSettings {
            max_age: max_age.map_err(|reason| ("max_age", reason))?.unwrap_or(MAX_AGE),
            calls,
            hosts: self.hosts.iter().map(|text| host(text)).collect::<Result<_, _>>()?,
            scope: Scope {
                max_file_size: self.max_file_size.unwrap_or(MAX_FILE_SIZE),
                exclude: patterns(&self.exclude).map_err(|reason| ("exclude", reason))?,
                baseline: None,
            },
            severities: Severities::new(self.severity, overrides.collect::<Result<_, _>>()?),
        })
    }
}

/// The name of a server in addresses. People write the whole address too.
fn host(text: &str) -> Result<String, InvalidKey> {
    ServerUrl::identity_of(text).map_err(|error| ("hosts", error.to_string()))
}

/// Reads `26h`, `2 days` or `1h 30m`.
pub fn parse_age(text: &str) -> Result<SignedDuration, String> {
    let span: Span = text.trim().parse().map_err(|_| format!("`{text}` is not a duration"))?;
    let age = span.to_duration(SpanRelativeTo::days_are_24_hours());
    match age {
        Ok(age) if age >= SignedDuration::ZERO => Ok(age),
        _ => Err(format!("`{text}` is not a duration in weeks, days, hours, minutes and seconds")),
    }
}

/// Patterns as in a `.gitignore` in the working directory.
fn patterns(lines: &[String]) -> Result<Gitignore, String> {
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        builder.add_line(None, line).map_err(|error| error.to_string())?;
    }
    builder.build().map_err(|error| error.to_string())
}
