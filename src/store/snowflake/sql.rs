//! The statements, kept as templates in `sql/snowflake`, and the names of the tables in them.

use super::quoting::identifier;
use crate::store::template::fill;

pub(crate) const CREATE_DATABASE: &str = include_str!("../../../sql/snowflake/create_database.sql");
pub(crate) const CREATE_SCHEMA: &str = include_str!("../../../sql/snowflake/create_schema.sql");
pub(crate) const CREATE_RESOURCES: &str = include_str!("../../../sql/snowflake/create_resources.sql");
pub(crate) const CREATE_RUNS: &str = include_str!("../../../sql/snowflake/create_runs.sql");
pub(crate) const CREATE_CHANGES: &str = include_str!("../../../sql/snowflake/create_changes.sql");
pub(crate) const ADD_COLUMNS: &str = include_str!("../../../sql/snowflake/add_columns.sql");
pub(crate) const COLUMNS: &str = include_str!("../../../sql/snowflake/columns.sql");
pub(crate) const SCHEMATA: &str = include_str!("../../../sql/snowflake/schemata.sql");
pub(crate) const RENAME_SERVER: &str = include_str!("../../../sql/snowflake/rename_server.sql");
pub(crate) const SITES: &str = include_str!("../../../sql/snowflake/sites.sql");
pub(crate) const LOAD: &str = include_str!("../../../sql/snowflake/load.sql");
pub(crate) const FIND: &str = include_str!("../../../sql/snowflake/find.sql");
pub(crate) const VERSION: &str = include_str!("../../../sql/snowflake/version.sql");
pub(crate) const CHANGES: &str = include_str!("../../../sql/snowflake/changes.sql");
pub(crate) const PAST: &str = include_str!("../../../sql/snowflake/past.sql");
pub(crate) const COMPLETE: &str = include_str!("../../../sql/snowflake/complete.sql");
pub(crate) const RUN_GROUPS: &str = include_str!("../../../sql/snowflake/run_groups.sql");
pub(crate) const IDENTITY: &str = include_str!("../../../sql/snowflake/identity.sql");
pub(crate) const OPEN_RUNS: &str = include_str!("../../../sql/snowflake/open_runs.sql");
pub(crate) const SHOWN_RUNS: &str = include_str!("../../../sql/snowflake/shown_runs.sql");
pub(crate) const STATE: &str = include_str!("../../../sql/snowflake/state.sql");
pub(crate) const ABANDON_RUN: &str = include_str!("../../../sql/snowflake/abandon_run.sql");
pub(crate) const FINISH_RUN: &str = include_str!("../../../sql/snowflake/finish_run.sql");
pub(crate) const DELETE_CHANGES: &str = include_str!("../../../sql/snowflake/delete_changes.sql");
pub(crate) const INSERT_RUN: &str = include_str!("../../../sql/snowflake/insert_run.sql");
pub(crate) const CREATE_STAGED_ROWS: &str = include_str!("../../../sql/snowflake/create_staged_rows.sql");
pub(crate) const STAGE_ROWS: &str = include_str!("../../../sql/snowflake/stage_rows.sql");
pub(crate) const INSERT_CHANGES: &str = include_str!("../../../sql/snowflake/insert_changes.sql");
pub(crate) const MERGE: &str = include_str!("../../../sql/snowflake/merge.sql");
pub(crate) const COLLAPSE_DUPLICATES: &str = include_str!("../../../sql/snowflake/collapse_duplicates.sql");

/// The temporary table of a session, which may have the name of another in the schema, and hides that from this session alone.
const STAGED_ROWS: &str = "TABMAP_STAGED_ROWS";

/// Where the map lives in Snowflake. Names are taken exactly as they are written, case included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNames {
    /// The database. It must exist.
    pub database: String,
    /// The schema.
    pub schema: String,
    /// The map.
    pub resources: String,
    /// One row for each run and site.
    pub runs: String,
    /// Every change that a run applied.
    pub changes: String,
}

impl Default for TableNames {
    fn default() -> Self {
        Self {
            database: "EXTERNAL_ACCESS".to_owned(),
            schema: "MAPPING_TABLES".to_owned(),
            resources: "API__TABLEAU__RESOURCES".to_owned(),
            runs: "API__TABLEAU__SYNC_RUNS".to_owned(),
            changes: "API__TABLEAU__RESOURCE_CHANGES".to_owned(),
        }
    }
}

impl TableNames {
    /// The full, quoted name of one of the tables.
    pub(crate) fn full(&self, table: &str) -> String {
        format!("{}.{}.{}", identifier(&self.database), identifier(&self.schema), identifier(table))
    }

    /// Fills a template: the names of the tables, then `values`, which are SQL already. Where it includes what other
    /// files say (`{shown_runs}`, `{state}`), those are filled with the same values.
    pub(crate) fn render(&self, template: &str, values: &[(&str, &str)]) -> String {
        let shown_runs = self.fill_names(SHOWN_RUNS, values);
        let state = self.fill_names(STATE, &[values, &[("shown_runs", &shown_runs)]].concat());
        self.fill_names(template, &[values, &[("shown_runs", &shown_runs), ("state", &state)]].concat())
    }

    fn fill_names(&self, template: &str, values: &[(&str, &str)]) -> String {
        let (database, schema) = (identifier(&self.database), identifier(&self.schema));
        let (resources, runs, changes) =
            (self.full(&self.resources), self.full(&self.runs), self.full(&self.changes));
        let staged_rows = self.full(STAGED_ROWS);
        let names = [
            ("database", database.as_str()),
            ("schema", &schema),
            ("resources", &resources),
            ("runs", &runs),
            ("changes", &changes),
            ("staged_rows", &staged_rows),
        ];
        fill(template, &[&names[..], values].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_names_are_the_published_ones() {
        let names = TableNames::default();
        assert_eq!(
            names.full(&names.resources),
            r#""EXTERNAL_ACCESS"."MAPPING_TABLES"."API__TABLEAU__RESOURCES""#
        );
    }
}
