//! Creating the tables, and adopting a map that another tool wrote.

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::{CHANGES, RESOURCES, RUNS, SqliteStore};
use crate::schema_version::{Schema, SchemaError};
use crate::store::tables::{self, Column, Table};
use crate::store::{Migration, Store, StoreError};

pub(super) const SCHEMA: Schema = Schema {
    version: 1,
    tables: include_str!("../../../sql/sqlite/schema.sql"),
    rewrites: &[(1, write_times_with_six_digits)],
};

const SIX_DIGITS: &str = include_str!("../../../sql/sqlite/six_digits.sql");
const TIMES: [(&str, &str); 6] = [
    (RESOURCES, "FIRST_SEEN_AT"),
    (RESOURCES, "CHANGED_AT"),
    (RUNS, "SNAPSHOT_AT"),
    (RUNS, "STARTED_AT"),
    (RUNS, "FINISHED_AT"),
    (CHANGES, "CHANGED_AT"),
];

pub(super) const TABLES: [(&str, Table); 3] =
    [(RESOURCES, tables::RESOURCES), (RUNS, tables::RUNS), (CHANGES, tables::CHANGES)];

impl SqliteStore {
    pub(super) fn migrate_now(&self) -> Result<Migration, StoreError> {
        let mut connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        SCHEMA.is_outdated(&connection).map_err(self.refused("read"))?;
        for (table, columns) in TABLES {
            let found = self::columns(&connection, table).map_err(self.failed("read"))?;
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
    pub(super) fn check(&self, table: &str, columns: &Table, found: &[Column]) -> Result<(), StoreError> {
        let foreign =
            |reason| StoreError::ForeignTable { store: self.name(), table: table.to_owned(), reason };
        columns.why_foreign(found).map_or(Ok(()), |reason| Err(foreign(reason)))
    }
}

/// The columns of a table; none when there is no such table.
pub(super) fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement =
        connection.prepare("SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| {
        Ok(Column {
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
    TIMES.iter().try_for_each(|(table, column)| {
        connection.execute_batch(&SIX_DIGITS.replace("{table}", table).replace("{column}", column))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_columns_that_both_stores_share() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA.tables).unwrap();
        for (table, columns) in TABLES {
            let found: Vec<_> =
                self::columns(&connection, table).unwrap().into_iter().map(|column| column.name).collect();
            assert_eq!(found, [columns.required, columns.added].concat(), "{table}");
        }
    }
}
