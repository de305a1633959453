//! `[snowflake.objects]`: the names of what `tabmap init --snowflake-objects` puts around the tables.

use serde::Deserialize;

use super::alert::{Alert, Recipients};
use super::error::ObjectsError;
use crate::resource::written::{Fields, What, Written};
use crate::resource::{ProjectPath, ResourceKind};

/// The names of what stands around the tables in Snowflake, as they stand between double quotes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnowflakeObjects {
    /// The schema of the procedure and what belongs to it.
    pub schema: String,
    /// The role that keeps the map.
    pub sync_role: String,
    /// The role that may call the procedure.
    pub call_role: String,
    /// The warehouse of tasks and alert. It must exist.
    pub warehouse: String,
    /// The external access integration. One name for the whole account.
    pub integration: String,
    /// Where the procedure's packages come from.
    pub packages: Packages,
    /// Whether the Tableau server stands behind a private link.
    pub private_link: bool,
    /// Who is told when the map is out of date; no alert without.
    pub alert: Option<Alert>,
    /// An older spelling of `alert = { email = … }`.
    pub alert_email: Option<String>,
    /// What the nightly task refreshes; no task without.
    pub nightly: Option<NightlyRefresh>,
    /// What runs `tabmap sync` inside Snowflake; nothing without.
    pub container: Option<Container>,
}

impl Default for SnowflakeObjects {
    fn default() -> Self {
        Self {
            schema: "PROCEDURES".to_owned(),
            sync_role: "TABMAP_SYNC".to_owned(),
            call_role: "TABMAP_CALL".to_owned(),
            warehouse: "COMPUTE_WH".to_owned(),
            integration: "API__TABLEAU".to_owned(),
            packages: Packages::default(),
            private_link: false,
            alert: None,
            alert_email: None,
            nightly: None,
            container: None,
        }
    }
}

impl SnowflakeObjects {
    /// Who is told, in either spelling.
    pub(super) fn told(&self) -> Result<Option<Alert>, ObjectsError> {
        let alert = match (&self.alert, &self.alert_email) {
            (Some(_), Some(_)) => {
                return Err(ObjectsError::Setting {
                    name: "`alert` under `[snowflake.objects]`",
                    reason: "`alert_email` says it a second time".to_owned(),
                    help: "keep `alert` alone: `alert_email` is an older spelling of `alert = { email = … }`",
                });
            }
            (alert, None) => alert.clone(),
            (None, Some(address)) => Some(Alert::Email(Recipients::One(address.clone()))),
        };
        alert.as_ref().map_or(Ok(()), Alert::check)?;
        Ok(alert)
    }
}

/// Where Snowflake takes the packages of the procedure from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Packages {
    /// The Python Package Index, by way of Snowflake.
    #[default]
    Pypi,
    /// Anaconda's channel in Snowflake.
    Anaconda,
}

impl Packages {
    /// The repository, and the database role that may use it: whoever creates the procedure, and whoever runs it
    /// ("Using third-party packages", docs.snowflake.com; behaviour changes 2280 and 2379).
    pub(super) fn repository(self) -> (&'static str, &'static str) {
        match self {
            Self::Pypi => ("snowflake.snowpark.pypi_shared_repository", "SNOWFLAKE.PYPI_REPOSITORY_USER"),
            Self::Anaconda => {
                ("snowflake.snowpark.anaconda_shared_repository", "SNOWFLAKE.ANACONDA_REPOSITORY_USER")
            }
        }
    }
}

/// What runs `tabmap sync` inside Snowflake.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Container {
    /// The compute pool. One name for the whole account.
    pub compute_pool: String,
    /// What its one node is.
    pub instance_family: String,
    /// The image in the repository, with its tag.
    pub image: String,
    /// When, as Snowflake's tasks take it.
    pub schedule: String,
}

impl Default for Container {
    fn default() -> Self {
        Self {
            compute_pool: "TABMAP_POOL".to_owned(),
            instance_family: "CPU_X64_XS".to_owned(),
            image: "tabmap:latest".to_owned(),
            schedule: "USING CRON 30 3 * * * UTC".to_owned(),
        }
    }
}

/// One call of the refresh procedure, every night.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct NightlyRefresh {
    /// `workbook` or `datasource`.
    pub resource_type: ResourceKind,
    /// Its name.
    pub resource_name: String,
    /// The leaf project.
    pub project_name: String,
    /// All projects above it and itself, with `/` between: for a name that several resources have.
    pub project_path: Option<String>,
    /// The site's content URL; empty for the Default site.
    pub site_id: String,
    /// When, as Snowflake's tasks take it.
    pub schedule: String,
}

impl TryFrom<Fields> for NightlyRefresh {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let Written { kind, what, project, site, incremental, schedule } = fields.read()?;
        let (Some(resource_type), What::Name(name)) = (kind, what) else {
            return Err("the procedure takes names alone: write `workbook` or `datasource`".to_owned());
        };
        if incremental.is_some() {
            return Err("unknown field `incremental`: the procedure does not take it".to_owned());
        }
        let Some(project) = project else {
            return Err("missing field `project`: the procedure asks for it".to_owned());
        };
        // The column holds whole paths, so what is more than a name is one.
        let leaf = ProjectPath::parse(&project.value).leaf().to_owned();
        let is_leaf = ProjectPath::leaf_only(&leaf).to_string() == project.value;
        let path = project.value.strip_prefix('/').unwrap_or(&project.value);
        Ok(Self {
            resource_type,
            resource_name: name.value,
            project_name: leaf,
            project_path: (!is_leaf).then(|| path.to_owned()),
            site_id: site.map(|site| site.value.as_str().to_owned()).unwrap_or_default(),
            schedule: schedule.unwrap_or_else(half_past_five),
        })
    }
}

fn half_past_five() -> String {
    "USING CRON 30 5 * * * UTC".to_owned()
}

impl Default for NightlyRefresh {
    /// An example, as the README has it.
    fn default() -> Self {
        Self {
            resource_type: ResourceKind::Workbook,
            resource_name: "Weekly Sales".to_owned(),
            project_name: "Finance".to_owned(),
            project_path: None,
            site_id: "MySite".to_owned(),
            schedule: half_past_five(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nightly(fields: &str) -> Result<NightlyRefresh, String> {
        toml::from_str(fields).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn each_spelling_of_a_nightly_refresh_calls_the_procedure_alike() {
        let columns = "resource_type = 'workbook'\nresource_name = 'A'\nsite_id = 'S'";
        for (spelling, column_wise) in [
            ("workbook = 'A'\nproject = 'P'\nsite = 'S'", "project_name = 'P'"),
            ("type = 'workbook'\nname = 'A'\nproject = 'P'\nsite = 'S'", "project_name = 'P'"),
            ("workbook = 'A'\nproject = 'P/Q'\nsite = 'S'", "project_name = 'Q'\nproject_path = 'P/Q'"),
            ("workbook = 'A'\nproject = '/P'\nsite = 'S'", "project_name = 'P'\nproject_path = 'P'"),
        ] {
            let wanted = nightly(&format!("{columns}\n{column_wise}")).unwrap();
            assert_eq!(nightly(spelling).unwrap(), wanted, "{spelling}");
        }
    }

    #[test]
    fn what_the_procedure_cannot_take_is_refused() {
        for (fields, part) in [
            ("luid = 'x'", "names alone"),
            ("workbook = 'A'", "`project`"),
            ("workbook = 'A'\nproject = 'P'\nincremental = true", "`incremental`"),
            ("workbook = 'A'\nproject = 'P'\ncron = 'x'", "unknown field `cron`"),
        ] {
            assert!(nightly(fields).unwrap_err().contains(part), "{fields}");
        }
    }
}
