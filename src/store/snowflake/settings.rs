//! What can be set about the tables in Snowflake.

use serde::Deserialize;

use super::TableNames;
use super::connection::{Environment, is_inside_container};
use super::objects::SnowflakeObjects;

/// `[snowflake]`: the names of the tables, and of what stands around them, as they stand between double quotes: case counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnowflakeSettings {
    /// The database; the usual one where nothing is said.
    pub database: Option<String>,
    /// The schema; the usual one where nothing is said.
    pub schema: Option<String>,
    /// Whether `tabmap init` creates the database too.
    pub create_database: bool,
    /// The map.
    pub resources: String,
    /// One row for each run and site.
    pub sync_runs: String,
    /// Every change ever applied.
    pub resource_changes: String,
    /// What `init --snowflake-objects` puts around the tables.
    pub objects: SnowflakeObjects,
}

impl Default for SnowflakeSettings {
    fn default() -> Self {
        let TableNames { resources, runs, changes, .. } = TableNames::default();
        Self {
            database: None,
            schema: None,
            create_database: false,
            resources,
            sync_runs: runs,
            resource_changes: changes,
            objects: SnowflakeObjects::default(),
        }
    }
}

impl SnowflakeSettings {
    /// The settings, completed with what a container of Snowpark Container Services knows about itself: database and
    /// schema of its service.
    #[must_use]
    pub fn completed_by(mut self, environment: &Environment<'_>) -> Self {
        if is_inside_container(environment) {
            let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
            self.database = self.database.or_else(|| variable("SNOWFLAKE_DATABASE"));
            self.schema = self.schema.or_else(|| variable("SNOWFLAKE_SCHEMA"));
        }
        self
    }

    /// The names of the tables.
    #[must_use]
    pub fn table_names(&self) -> TableNames {
        let usual = TableNames::default();
        TableNames {
            database: self.database.clone().unwrap_or(usual.database),
            schema: self.schema.clone().unwrap_or(usual.schema),
            resources: self.resources.clone(),
            runs: self.sync_runs.clone(),
            changes: self.resource_changes.clone(),
        }
    }
}
