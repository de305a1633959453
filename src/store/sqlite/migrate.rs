//! Creating the tables, adopting a map that another tool wrote, and opening one that is there.

use std::sync::LazyLock;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::file::{CHANGES, RESOURCES, RUNS, SqliteStore};
use crate::schema_version::{Schema, SchemaError};
use crate::store::columns::{self, Column, Holds};
use crate::store::rows::{FoundColumn, missing, why_foreign};
use crate::store::template::fill;
use crate::store::{Migration, Store, StoreError};

pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema {
    version: columns::SCHEMA_VERSION,
    tables: schema().into(),
    rewrites: &[(1, write_times_with_six_digits)],
});

const SIX_DIGITS: &str = include_str!("../../../sql/sqlite/six_digits.sql");

/// The tables with their columns.
pub(super) fn tables() -> [(&'static str, Vec<Column>); 3] {
    [(RESOURCES, columns::of_map()), (RUNS, columns::of_runs()), (CHANGES, columns::of_changes())]
}

fn schema() -> String {
    let [map, runs, changes] = tables().map(|(_, columns)| definitions(&columns));
    let values = [("of_map", &*map), ("of_runs", &runs), ("of_changes", &changes)];
    fill(include_str!("../../../sql/sqlite/schema.sql"), &values) + "\n"
}

fn definitions(columns: &[Column]) -> String {
    let definition = |column: &Column| {
        let about =
            if column.about.is_empty() { String::new() } else { format!("    -- {}\n", column.about) };
        let holds = if column.holds == Holds::Number { "INTEGER" } else { "TEXT" };
        let not_null = if column.is_mandatory { " NOT NULL" } else { "" };
        format!("{about}    {} {holds}{not_null}", column.name)
    };
    columns.iter().map(definition).collect::<Vec<_>>().join(",\n")
}

impl SqliteStore {
    pub(super) fn migrate_now(&self) -> Result<Migration, StoreError> {
        let mut connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        SCHEMA.is_outdated(&connection).map_err(self.refused("read"))?;
        for (table, columns) in tables() {
            let found = found_columns(&connection, table).map_err(self.failed("read"))?;
            if !found.is_empty() {
                self.check(table, &columns, &found)?;
            }
        }
        if let Some(key) = key_without_id(&connection).map_err(self.failed("read"))? {
            let reason =
                format!("its rows must be unique by {key}, and two resources may share these: drop that key");
            let (store, table) = (self.name(), RESOURCES.to_owned());
            return Err(StoreError::ForeignTable { store, table, reason });
        }
        let steps = SCHEMA.migrate(&mut connection).map_err(self.refused("create the tables of"))?;
        Ok(Migration { steps })
    }

    /// Opens a file that has the tables; never creates one.
    pub(super) fn open_map(&self) -> Result<Connection, StoreError> {
        self.refuse_missing()?;
        let mut connection = self.open(if self.is_for_reading {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        })?;
        let is_outdated = SCHEMA.is_outdated(&connection).map_err(self.refused("read"))?;
        let mut lacking = self.lacking(&connection)?;
        if is_outdated {
            self.upgrade(&mut connection)?;
            lacking = self.lacking(&connection)?;
        }
        lacking.map_or(Ok(connection), Err)
    }

    /// Refuses a file that is not there. What cannot be looked at is opened, so that the reason is told.
    pub(super) fn refuse_missing(&self) -> Result<(), StoreError> {
        if matches!(self.path.try_exists(), Ok(false)) {
            let (store, table) = (self.name(), RESOURCES.to_owned());
            return Err(StoreError::NotInitialised { store, table, remedy: self.remedy.clone() });
        }
        Ok(())
    }

    /// The error for a column that is not there. The tables must be, and be ours.
    pub(super) fn lacking(&self, connection: &Connection) -> Result<Option<StoreError>, StoreError> {
        let mut lacking = None;
        for (table, columns) in tables() {
            let found = found_columns(connection, table).map_err(self.failed("read"))?;
            let (store, table) = (self.name(), table.to_owned());
            if found.is_empty() {
                return Err(StoreError::NotInitialised { store, table, remedy: self.remedy.clone() });
            }
            self.check(&table, &columns, &found)?;
            let missing =
                missing(&columns, &found).map(|column| &*column.name).collect::<Vec<_>>().join(", ");
            if !missing.is_empty() {
                lacking = Some(StoreError::Outdated { store, table, columns: missing });
            }
        }
        Ok(lacking)
    }

    /// Brings the map of an older release up to date. Who may only read goes on with it as it is.
    pub(super) fn upgrade(&self, connection: &mut Connection) -> Result<(), StoreError> {
        match SCHEMA.migrate(connection) {
            Ok(steps) => {
                let version = SCHEMA.version;
                tracing::info!(version, ?steps, "brought the map of an older release up to date");
                Ok(())
            }
            Err(SchemaError::Sqlite(error))
                if matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen)) =>
            {
                Ok(())
            }
            Err(error) => Err(self.refused("bring up to date")(error)),
        }
    }

    /// What a schema that cannot be used means for this store.
    pub(super) fn refused(&self, doing: &'static str) -> impl Fn(SchemaError) -> StoreError {
        let (store, failed) = (self.name(), self.failed(doing));
        move |error| match error {
            SchemaError::Newer { found, known } => {
                StoreError::NewerSchema { store: store.clone(), found, known }
            }
            SchemaError::Sqlite(error) => failed(error),
        }
    }

    /// Refuses a table of that name that holds something else.
    fn check(&self, table: &str, columns: &[Column], found: &[FoundColumn]) -> Result<(), StoreError> {
        let foreign =
            |reason| StoreError::ForeignTable { store: self.name(), table: table.to_owned(), reason };
        why_foreign(columns, found).map_or(Ok(()), |reason| Err(foreign(reason)))
    }
}

/// The columns of a table; none when there is no such table.
pub(super) fn found_columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<FoundColumn>> {
    let mut statement =
        connection.prepare("SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| {
        Ok(FoundColumn {
            name: row.get::<_, String>(0)?.to_uppercase(),
            data_type: row.get(1)?,
            is_mandatory: row.get::<_, bool>(2)? && row.get::<_, Option<String>>(3)?.is_none(),
        })
    })?;
    columns.collect()
}

/// The columns of a key of the map that does not contain the LUID.
fn key_without_id(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let keys = "SELECT UPPER(GROUP_CONCAT(of.name, ', ')) AS columns \
                FROM pragma_index_list(?1) AS key JOIN pragma_index_info(key.name) AS of \
                WHERE key.\"unique\" GROUP BY key.name";
    let sql = format!("SELECT columns FROM ({keys}) WHERE columns NOT LIKE '%RESOURCE_ID%'");
    connection.query_row(&sql, [RESOURCES], |row| row.get(0)).optional()
}

fn write_times_with_six_digits(connection: &Connection) -> rusqlite::Result<()> {
    for (table, columns) in tables() {
        for column in columns.iter().filter(|column| column.holds == Holds::Time) {
            connection.execute_batch(&fill(SIX_DIGITS, &[("table", table), ("column", &*column.name)]))?;
        }
    }
    Ok(())
}
