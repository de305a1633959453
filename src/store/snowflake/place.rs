//! Where the map is: the connection's name and the names of the tables, as statements and messages need them.

use super::{SnowflakeError, TableNames};
use crate::store::{StoreError, how_to_create};

/// Where the map is.
pub(super) struct Place {
    /// The store as the user named it, for messages.
    pub(super) store: String,
    pub(super) tables: TableNames,
    /// Whether a database that is missing is created with the tables.
    pub(super) creates_database: bool,
}

impl Place {
    /// The error for a table or column that is not there.
    pub(super) fn not_initialised(&self, error: SnowflakeError) -> StoreError {
        if error.fault.is_object_missing() {
            let table = self.tables.full(&self.tables.resources);
            let table = format!("{table} (or one beside it, or a column, or the right to read it)");
            return StoreError::NotInitialised {
                store: self.store.clone(),
                table,
                remedy: how_to_create(""),
            };
        }
        error.into()
    }

    /// A row of `table` that cannot be read.
    pub(super) fn unreadable(&self, table: &str) -> impl Fn(String) -> StoreError {
        let (store, table) = (self.store.clone(), self.tables.full(table));
        move |reason| StoreError::UnreadableRow { store: store.clone(), table: table.clone(), reason }
    }
}
