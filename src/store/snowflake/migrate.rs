//! Creating the tables, and adopting a map that another tool wrote.

use std::collections::BTreeMap;

use super::quoting::{identifier, text};
use super::{Session, SnowflakeError, SnowflakeStore, TableNames, sql};
use crate::store::{Migration, StoreError};

const REQUIRED: [&str; 5] = ["RESOURCE_TYPE", "SITE_ID", "PROJECT_NAME", "RESOURCE_NAME", "RESOURCE_ID"];

/// The columns that a map of another tool lacks, with their types.
const ADDED: [(&str, &str); 5] = [
    ("PROJECT_PATH", "VARCHAR"),
    ("PROJECT_ID", "VARCHAR"),
    ("VIZPORTAL_URL_ID", "VARCHAR"),
    ("FIRST_SEEN_AT", "TIMESTAMP_NTZ(9)"),
    ("CHANGED_AT", "TIMESTAMP_NTZ(9)"),
];

/// The columns that the change log of an earlier version lacks, with their types.
const ADDED_TO_CHANGES: [(&str, &str); 2] =
    [("VIZPORTAL_URL_ID_BEFORE", "VARCHAR"), ("VIZPORTAL_URL_ID_AFTER", "VARCHAR")];

pub(super) fn schema_sql(tables: &TableNames) -> String {
    let templates = [sql::CREATE_SCHEMA, sql::CREATE_RESOURCES, sql::CREATE_RUNS, sql::CREATE_CHANGES];
    let statements = templates.map(|template| tables.render(template, &[]));
    format!("{};\n", statements.join(";\n\n"))
}

struct Column {
    name: String,
    data_type: String,
    /// Never null, and without a default: an insert must name it.
    is_mandatory: bool,
}

pub(super) async fn migrate(store: &SnowflakeStore, session: &Session) -> Result<Migration, StoreError> {
    let tables = &store.tables;
    let doing = "create the tables";
    let mut steps = Vec::new();

    let schema_name = text(&tables.schema);
    let schemata = tables.render(sql::SCHEMATA, &[("schema_name", &schema_name)]);
    if session.query("look for the schema", &schemata).await?.is_empty() {
        session.query("create the schema", &tables.render(sql::CREATE_SCHEMA, &[])).await?;
        steps.push(format!("created schema {}.{}", identifier(&tables.database), identifier(&tables.schema)));
    }

    let found = columns(session, tables).await?;
    let of_table = |table: &str| found.get(table).map_or(&[][..], Vec::as_slice);
    check(store, &tables.resources, of_table(&tables.resources), &REQUIRED, &ADDED.map(|(name, _)| name))?;
    for (table, template) in [(&tables.runs, sql::CREATE_RUNS), (&tables.changes, sql::CREATE_CHANGES)] {
        let optional = ADDED_TO_CHANGES.map(|(name, _)| name);
        let required: Vec<_> =
            column_names(template).into_iter().filter(|name| !optional.contains(name)).collect();
        check(store, table, of_table(table), &required, &optional)?;
    }

    for (table, added) in [(&tables.resources, &ADDED[..]), (&tables.changes, &ADDED_TO_CHANGES)] {
        let found = of_table(table);
        let missing: Vec<_> =
            added.iter().filter(|(name, _)| !found.iter().any(|column| column.name == *name)).collect();
        if found.is_empty() || missing.is_empty() {
            continue;
        }
        let list: Vec<_> = missing.iter().map(|(name, data_type)| format!("{name} {data_type}")).collect();
        let values = [("table", &*tables.full(table)), ("columns", &list.join(", "))];
        let statement = tables.render(sql::ADD_COLUMNS, &values);
        // Not repeatable: the second time the columns are there already. `migrate` as a whole begins again.
        session.execute("adopt the map", &statement).await?;
        let names: Vec<_> = missing.iter().map(|(name, _)| *name).collect();
        steps.push(format!("added {} to {}", names.join(", "), tables.full(table)));
    }
    for (table, template) in [
        (&tables.resources, sql::CREATE_RESOURCES),
        (&tables.runs, sql::CREATE_RUNS),
        (&tables.changes, sql::CREATE_CHANGES),
    ] {
        if of_table(table).is_empty() {
            session.query(doing, &tables.render(template, &[])).await?;
            steps.push(format!("created table {}", tables.full(table)));
        }
    }
    Ok(Migration { steps })
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
fn check(
    store: &SnowflakeStore,
    table: &str,
    found: &[Column],
    required: &[&str],
    optional: &[&str],
) -> Result<(), StoreError> {
    if found.is_empty() {
        return Ok(());
    }
    let foreign = |reason| {
        let (store, table) = (crate::store::Store::name(store), store.tables.full(table));
        StoreError::ForeignTable { store, table, reason }
    };
    if let Some(missing) = required.iter().find(|name| !found.iter().any(|column| column.name == **name)) {
        return Err(foreign(format!("it has no column {missing}")));
    }
    let not_text = |column: &&Column| REQUIRED.contains(&column.name.as_str()) && column.data_type != "TEXT";
    if let Some(column) = found.iter().find(not_text) {
        return Err(foreign(format!("its column {} is {}, not text", column.name, column.data_type)));
    }
    let ours = |column: &Column| {
        required.contains(&column.name.as_str()) || optional.contains(&column.name.as_str())
    };
    if let Some(column) = found.iter().find(|column| column.is_mandatory && !ours(column)) {
        return Err(foreign(format!("its column {} must not be null and has no default", column.name)));
    }
    Ok(())
}

/// The columns that a CREATE TABLE of ours names: each stands at the beginning of an indented line.
fn column_names(template: &'static str) -> Vec<&'static str> {
    let lines = template.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_a_template_are_read_off_it() {
        let names = column_names(sql::CREATE_RESOURCES);
        assert_eq!(names, [&REQUIRED[..], &ADDED.map(|(name, _)| name)[..]].concat());
        assert_eq!(column_names(sql::CREATE_RUNS).len(), 21);
        assert_eq!(column_names(sql::CREATE_CHANGES).len(), 15);
    }

    #[test]
    fn the_printed_schema_leaves_no_placeholder() {
        let printed = schema_sql(&TableNames::default());
        assert!(!printed.contains(['{', '}']), "{printed}");
        assert_eq!(printed.matches(";\n").count(), 4);
    }
}
