//! The three tables as they are made in Snowflake.

use super::quoting::literal;
use super::{TableNames, sql};
use crate::store::columns::{self, Column, Holds};

/// One of the tables, as it is made.
pub(super) struct Shape<'a> {
    /// Its name.
    pub(super) table: &'a str,
    pub(super) columns: Vec<Column>,
    template: &'static str,
    /// What the template calls the columns.
    called: &'static str,
    /// What other files call the statement.
    pub(super) statement: &'static str,
}

pub(super) fn shapes(tables: &TableNames) -> [Shape<'_>; 3] {
    let shape =
        |table, columns, template, called, statement| Shape { table, columns, template, called, statement };
    [
        shape(&tables.resources, columns::of_map(), sql::CREATE_RESOURCES, "of_map", "create_resources"),
        shape(&tables.runs, columns::of_runs(), sql::CREATE_RUNS, "of_runs", "create_runs"),
        shape(&tables.changes, columns::of_changes(), sql::CREATE_CHANGES, "of_changes", "create_changes"),
    ]
}

impl Shape<'_> {
    /// The statement that creates it.
    pub(super) fn create(&self, tables: &TableNames) -> String {
        let definition = |column: &Column| {
            let not_null = if column.is_mandatory { " NOT NULL" } else { "" };
            let about = match column.about {
                "" => String::new(),
                about => format!(" COMMENT {}", literal(about)),
            };
            format!("    {} {}{not_null}{about}", column.name, type_of(column))
        };
        let definitions: Vec<_> = self.columns.iter().map(definition).collect();
        tables.render(self.template, &[(self.called, &definitions.join(",\n"))])
    }
}

/// How a column is declared.
pub(super) fn type_of(column: &Column) -> &'static str {
    match column.holds {
        Holds::Text => "VARCHAR",
        Holds::Number => "NUMBER(38, 0)",
        Holds::Time => "TIMESTAMP_NTZ(9)",
    }
}
