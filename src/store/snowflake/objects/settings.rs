//! `[snowflake.objects]`: the names of what `tabmap init --snowflake-objects` puts around the tables.

use serde::Deserialize;

use crate::resource::ResourceKind;

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
    /// Who is told when the map is out of date; no alert without.
    pub alert_email: Option<String>,
    /// What the nightly task refreshes; no task without.
    pub nightly: Option<NightlyRefresh>,
}

impl Default for SnowflakeObjects {
    fn default() -> Self {
        Self {
            schema: "PROCEDURES".to_owned(),
            sync_role: "TABMAP_SYNC".to_owned(),
            call_role: "TABMAP_CALL".to_owned(),
            warehouse: "COMPUTE_WH".to_owned(),
            integration: "API__TABLEAU".to_owned(),
            alert_email: None,
            nightly: None,
        }
    }
}

/// One call of the refresh procedure, every night.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(default)]
    pub site_id: String,
    /// When, as Snowflake's tasks take it.
    #[serde(default = "half_past_five")]
    pub schedule: String,
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
