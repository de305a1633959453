//! The schema version of a SQLite file: a number in its `user_version`, and the numbered migrations that lead to it.
//!
//! A file of an older release is brought up to date in one transaction. A file of a newer release is refused.

use std::borrow::Cow;

use rusqlite::{Connection, Error, TransactionBehavior};
use thiserror::Error;

/// What this release keeps in a file.
#[derive(Debug)]
pub struct Schema {
    /// Raised with every change of `tables` and with every new entry of `rewrites`. A file without a number has version 0.
    pub version: i64,
    /// Creates the tables and indexes that are missing. Columns that a table lacks are found by comparison with it.
    pub tables: Cow<'static, str>,
    /// What has to be done to rows that are there already, by the version that needs it, in order.
    pub rewrites: &'static [(i64, Rewrite)],
}

/// Changes rows of an older version.
pub type Rewrite = fn(&Connection) -> rusqlite::Result<()>;

/// A file could not be brought up to date.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// A newer release wrote it.
    #[error(
        "a newer tabmap wrote it: it has schema version {found}, and this tabmap knows versions up to {known}"
    )]
    Newer {
        /// The version of the file.
        found: i64,
        /// The newest version that this release knows.
        known: i64,
    },
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] Error),
}

/// A column of a table, with what has to be said to add it.
struct Column {
    table: String,
    name: String,
    definition: String,
}

impl Schema {
    /// Whether an older release wrote the file, or none did.
    pub fn is_outdated(&self, connection: &Connection) -> Result<bool, SchemaError> {
        Ok(self.version_of(connection)? < self.version)
    }

    /// The version of a file; one of a newer release is refused.
    pub fn version_of(&self, connection: &Connection) -> Result<i64, SchemaError> {
        let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let known = self.version;
        if found > known { Err(SchemaError::Newer { found, known }) } else { Ok(found) }
    }

    /// Creates and adds what the file lacks, and says so, one phrase each. A file that lacks nothing is only read.
    pub fn migrate(&self, connection: &mut Connection) -> Result<Vec<String>, SchemaError> {
        if !self.is_outdated(connection)? && self.missing(connection)?.is_empty() {
            return Ok(Vec::new());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have done it meanwhile.
        let found = self.version_of(&transaction)?;
        let mut steps = Vec::new();
        for (Column { table, name, definition }, has_table) in self.missing(&transaction)? {
            let created = format!("created table {table}");
            if has_table {
                transaction.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {name} {definition}"))?;
                steps.push(format!("added column {name} to {table}"));
            } else if !steps.contains(&created) {
                steps.push(created);
            }
        }
        transaction.execute_batch(&self.tables)?;
        for (_, rewrite) in self.rewrites.iter().filter(|(version, _)| *version > found) {
            rewrite(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", self.version)?;
        transaction.commit()?;
        Ok(steps)
    }

    /// The columns that the file lacks, and whether it has their table.
    fn missing(&self, connection: &Connection) -> rusqlite::Result<Vec<(Column, bool)>> {
        let wanted = Connection::open_in_memory()?;
        wanted.execute_batch(&self.tables)?;
        let (wanted, found) = (columns(&wanted)?, columns(connection)?);
        let missing = wanted.into_iter().filter_map(|column| {
            let mut of_table =
                found.iter().filter(|one| one.table.eq_ignore_ascii_case(&column.table)).peekable();
            let has_table = of_table.peek().is_some();
            let is_there = of_table.any(|one| one.name.eq_ignore_ascii_case(&column.name));
            (!is_there).then_some((column, has_table))
        });
        Ok(missing.collect())
    }
}

fn columns(connection: &Connection) -> rusqlite::Result<Vec<Column>> {
    // A number that must be there is 0 in the rows that are there already.
    let sql = "SELECT of.name, had.name, had.type || CASE WHEN had.\"notnull\" THEN ' NOT NULL' ELSE '' END \
                      || COALESCE(' DEFAULT ' || had.dflt_value, \
                                  CASE WHEN had.\"notnull\" AND had.type = 'INTEGER' THEN ' DEFAULT 0' ELSE '' END) \
               FROM sqlite_schema AS of JOIN pragma_table_info(of.name) AS had \
               WHERE of.type = 'table' AND of.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY of.rowid, had.cid";
    let mut statement = connection.prepare(sql)?;
    let columns = statement
        .query_map([], |row| Ok(Column { table: row.get(0)?, name: row.get(1)?, definition: row.get(2)? }))?;
    columns.collect()
}
