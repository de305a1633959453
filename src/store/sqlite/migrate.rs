//! Creating the tables, and adopting a map that another tool wrote.

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::{CHANGES, RESOURCES, RUNS, SqliteStore};
use crate::store::tables::{self, Column, Table};
use crate::store::{Migration, Store, StoreError};

pub(super) const SCHEMA: &str = include_str!("../../../sql/sqlite/schema.sql");

pub(super) const TABLES: [(&str, Table); 3] =
    [(RESOURCES, tables::RESOURCES), (RUNS, tables::RUNS), (CHANGES, tables::CHANGES)];

impl SqliteStore {
    pub(super) fn migrate_now(&self) -> Result<Migration, StoreError> {
        let mut connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
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
        let failed = self.failed("create the tables of");
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let migration = create_tables(&transaction).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        Ok(migration)
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

fn create_tables(connection: &Connection) -> rusqlite::Result<Migration> {
    let mut steps = Vec::new();
    for (table, columns) in TABLES {
        let found = self::columns(connection, table)?;
        if found.is_empty() {
            steps.push(format!("created table {table}"));
            continue;
        }
        for column in columns.missing(&found) {
            connection.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} TEXT"))?;
            steps.push(format!("added column {column} to {table}"));
        }
    }
    connection.execute_batch(SCHEMA)?;
    Ok(Migration { steps })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_columns_that_both_stores_share() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        for (table, columns) in TABLES {
            let found: Vec<_> =
                self::columns(&connection, table).unwrap().into_iter().map(|column| column.name).collect();
            assert_eq!(found, [columns.required, columns.added].concat(), "{table}");
        }
    }
}
