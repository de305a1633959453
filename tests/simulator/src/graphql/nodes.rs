//! Which values are objects, and of which type where that is left open.

use std::any::Any;

use async_graphql::dynamic::FieldValue;

use super::below::{DatabaseServer, WorkbookView};
use super::lineage::{AnyTable, Column, CustomSql, Embedded, Source, SourceField, Table};
use super::types::{Resource, Site};

/// A value of an object type.
pub(super) trait Node: Any + Send + Sync + Sized {
    /// As the engine takes it; where the type is an interface, with its own type.
    fn value(self) -> FieldValue<'static> {
        FieldValue::owned_any(self)
    }
}

impl Node for Resource {}
impl Node for Site {}
impl Node for Embedded {}
impl Node for Table {}
impl Node for CustomSql {}
impl Node for Column {}
impl Node for WorkbookView {}
impl Node for DatabaseServer {}

impl Node for Source {
    fn value(self) -> FieldValue<'static> {
        match self {
            Self::Published(row) => row.value().with_type("PublishedDatasource"),
            Self::Embedded(embedded) => embedded.value().with_type("EmbeddedDatasource"),
        }
    }
}

impl Node for AnyTable {
    fn value(self) -> FieldValue<'static> {
        match self {
            Self::Database(table) => table.value().with_type("DatabaseTable"),
            Self::Custom(sql) => sql.value().with_type("CustomSQLTable"),
        }
    }
}

impl Node for SourceField {
    fn value(self) -> FieldValue<'static> {
        let actual = if self.is_calculated { "CalculatedField" } else { "ColumnField" };
        FieldValue::owned_any(self).with_type(actual)
    }
}

/// A field where a list says of which type it is.
#[derive(Clone)]
pub(super) struct Exactly(pub(super) SourceField);

impl Node for Exactly {
    fn value(self) -> FieldValue<'static> {
        FieldValue::owned_any(self.0)
    }
}
