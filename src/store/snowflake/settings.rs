//! What can be set about the tables in Snowflake.

use serde::Deserialize;

use super::TableNames;
use super::objects::SnowflakeObjects;

/// `[snowflake]`: the names of the tables, and of what stands around them, as they stand between double quotes: case counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnowflakeSettings {
    /// The database.
    pub database: String,
    /// The schema.
    pub schema: String,
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
        let TableNames { database, schema, resources, runs, changes } = TableNames::default();
        Self {
            database,
            schema,
            resources,
            sync_runs: runs,
            resource_changes: changes,
            objects: SnowflakeObjects::default(),
        }
    }
}

impl SnowflakeSettings {
    /// The names of the tables.
    #[must_use]
    pub fn table_names(&self) -> TableNames {
        TableNames {
            database: self.database.clone(),
            schema: self.schema.clone(),
            resources: self.resources.clone(),
            runs: self.sync_runs.clone(),
            changes: self.resource_changes.clone(),
        }
    }
}
