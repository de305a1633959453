//! Creating the tables, and adopting a map that another tool wrote.

use std::collections::BTreeMap;

use super::quoting::{identifier, text};
use super::{Session, SnowflakeError, SnowflakeStore, TableNames, sql};
use crate::store::tables::{self, Column, Table};
use crate::store::{Migration, StoreError};

pub(super) fn schema_sql(tables: &TableNames) -> String {
    let templates = [sql::CREATE_SCHEMA, sql::CREATE_RESOURCES, sql::CREATE_RUNS, sql::CREATE_CHANGES];
    let statements = templates.map(|template| tables.render(template, &[]));
    format!("{};\n", statements.join(";\n\n"))
}

pub(super) async fn migrate(store: &SnowflakeStore, session: &Session) -> Result<Migration, StoreError> {
    let tables = &store.tables;
    let mut steps = Vec::new();

    let schema_name = text(&tables.schema);
    let schemata = tables.render(sql::SCHEMATA, &[("schema_name", &schema_name)]);
    if session.query("look for the schema", &schemata).await?.is_empty() {
        session.query("create the schema", &tables.render(sql::CREATE_SCHEMA, &[])).await?;
        steps.push(format!("created schema {}.{}", identifier(&tables.database), identifier(&tables.schema)));
    }

    let mut found = columns(session, tables).await?;
    let shapes = [
        (&tables.resources, tables::RESOURCES, sql::CREATE_RESOURCES),
        (&tables.runs, tables::RUNS, sql::CREATE_RUNS),
        (&tables.changes, tables::CHANGES, sql::CREATE_CHANGES),
    ]
    .map(|(table, shape, template)| (table, shape, template, found.remove(table).unwrap_or_default()));
    for (table, shape, _, found) in shapes.iter().filter(|(.., found)| !found.is_empty()) {
        check(store, table, shape, found)?;
    }
    for (table, shape, template, found) in shapes {
        let full = tables.full(table);
        if found.is_empty() {
            session.query("create the tables", &tables.render(template, &[])).await?;
            steps.push(format!("created table {full}"));
            continue;
        }
        let missing = shape.missing(&found);
        if missing.is_empty() {
            continue;
        }
        let list: Vec<_> = missing.iter().map(|name| format!("{name} {}", type_of(name))).collect();
        let values = [("table", &*full), ("columns", &list.join(", "))];
        let statement = tables.render(sql::ADD_COLUMNS, &values);
        // Not repeatable: the second time the columns are there already. `migrate` as a whole begins again.
        session.execute("adopt the map", &statement).await?;
        steps.push(format!("added {} to {full}", missing.join(", ")));
    }
    Ok(Migration { steps })
}

/// The type of a column that `migrate` adds.
fn type_of(added: &str) -> &'static str {
    if added.ends_with("_AT") { "TIMESTAMP_NTZ(9)" } else { "VARCHAR" }
}

/// The columns of all tables of the schema, by table.
async fn columns(
    session: &Session,
    tables: &TableNames,
) -> Result<BTreeMap<String, Vec<Column>>, SnowflakeError> {
    let statement = tables.render(sql::COLUMNS, &[("schema_name", &text(&tables.schema))]);
    let mut found: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in session.query("look for the tables", &statement).await? {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (table, name, data_type) =
            (next().unwrap_or_default(), next().unwrap_or_default(), next().unwrap_or_default());
        let is_mandatory = next().as_deref() == Some("NO") && next().is_none();
        found.entry(table).or_default().push(Column { name, data_type, is_mandatory });
    }
    Ok(found)
}

/// Refuses a table of that name that holds something else.
fn check(store: &SnowflakeStore, table: &str, shape: &Table, found: &[Column]) -> Result<(), StoreError> {
    let foreign = |reason| {
        let (store, table) = (crate::store::Store::name(store), store.tables.full(table));
        Err(StoreError::ForeignTable { store, table, reason })
    };
    if let Some(reason) = shape.why_foreign(found) {
        return foreign(reason);
    }
    let not_text = |column: &&Column| {
        tables::RESOURCES.required.contains(&column.name.as_str()) && column.data_type != "TEXT"
    };
    match found.iter().find(not_text) {
        Some(column) => foreign(format!("its column {} is {}, not text", column.name, column.data_type)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_have_the_columns_that_both_stores_share() {
        let templates = [
            (sql::CREATE_RESOURCES, tables::RESOURCES),
            (sql::CREATE_RUNS, tables::RUNS),
            (sql::CREATE_CHANGES, tables::CHANGES),
        ];
        for (template, shape) in templates {
            // Each column stands at the beginning of an indented line, its type behind it.
            let lines: Vec<Vec<_>> = template
                .lines()
                .filter_map(|line| line.strip_prefix("    "))
                .map(|line| line.split([' ', ',']).filter(|word| !word.is_empty()).collect())
                .collect();
            let names: Vec<_> = lines.iter().map(|words| words[0]).collect();
            assert_eq!(names, [shape.required, shape.added].concat());
            for words in lines.iter().filter(|words| shape.added.contains(&words[0])) {
                assert_eq!(words[1], type_of(words[0]), "{}", words[0]);
            }
        }
    }

    #[test]
    fn the_printed_schema_leaves_no_placeholder() {
        let printed = schema_sql(&TableNames::default());
        assert!(!printed.contains(['{', '}']), "{printed}");
        assert_eq!(printed.matches(";\n").count(), 4);
    }
}
