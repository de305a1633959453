//! Creating the tables, and adopting a map that another tool wrote.

use std::collections::BTreeMap;

use super::place::Place;
use super::quoting::{identifier, text};
use super::shapes::{Shape, shapes, type_of};
use super::{Session, SnowflakeError, TableNames, sql};
use crate::store::columns::Holds;
use crate::store::inspect::TablesSeen;
use crate::store::rows::{FoundColumn, missing, why_foreign};
use crate::store::{Migration, StoreError, how_to_create};

pub(super) fn schema_sql(place: &Place) -> String {
    let tables = &place.tables;
    let database = place.creates_database.then_some(sql::CREATE_DATABASE);
    let around =
        database.into_iter().chain([sql::CREATE_SCHEMA]).map(|template| tables.render(template, &[]));
    let tables_of = shapes(tables).map(|shape| shape.create(tables));
    let statements: Vec<_> = around.map(|sql| sql.trim_end().to_owned()).chain(tables_of).collect();
    format!("{};\n", statements.join(";\n\n"))
}

pub(super) async fn migrate(place: &Place, session: &Session) -> Result<Migration, StoreError> {
    let tables = &place.tables;
    let mut steps = Vec::new();

    let schema_name = text(&tables.schema);
    let schemata = tables.render(sql::SCHEMATA, &[("schema_name", &schema_name)]);
    let mut found = session.query("look for the schema", &schemata).await;
    if place.creates_database && found.as_ref().is_err_and(|error| error.fault.is_object_missing()) {
        session.query("create the database", &tables.render(sql::CREATE_DATABASE, &[])).await?;
        steps.push(format!("created database {}", identifier(&tables.database)));
        found = Ok(Vec::new());
    }
    if found?.is_empty() {
        session.query("create the schema", &tables.render(sql::CREATE_SCHEMA, &[])).await?;
        steps.push(format!("created schema {}.{}", identifier(&tables.database), identifier(&tables.schema)));
    }

    let mut found = found_columns(session, tables).await?;
    let shapes = shapes(tables).map(|shape| {
        let found = found.remove(shape.table).unwrap_or_default();
        (shape, found)
    });
    for (shape, found) in shapes.iter().filter(|(_, found)| !found.is_empty()) {
        check(place, shape, found)?;
    }
    for (shape, found) in shapes {
        let full = tables.full(shape.table);
        if found.is_empty() {
            session.query("create the tables", &shape.create(tables)).await?;
            steps.push(format!("created table {full}"));
            continue;
        }
        let missing: Vec<_> = missing(&shape.columns, &found).collect();
        if missing.is_empty() {
            continue;
        }
        let list: Vec<_> =
            missing.iter().map(|column| format!("{} {}", column.name, type_of(column))).collect();
        let values = [("table", &*full), ("columns", &list.join(", "))];
        let statement = tables.render(sql::ADD_COLUMNS, &values);
        // Not repeatable: the second time the columns are there already. `migrate` as a whole begins again.
        session.execute("adopt the map", &statement).await?;
        let names: Vec<_> = missing.iter().map(|column| &*column.name).collect();
        steps.push(format!("added {} to {full}", names.join(", ")));
    }
    Ok(Migration { steps })
}

/// A second time finds no run of the old name: the count may then be too small, and nothing else is wrong.
pub(super) async fn rename_server(
    place: &Place,
    session: &Session,
    old: &str,
    new: &str,
) -> Result<u64, StoreError> {
    let values = [("old_server", &*text(old)), ("new_server", &*text(new))];
    let statement = place.tables.render(sql::RENAME_SERVER, &values);
    let counts = session.execute("give the server its new name", &statement).await?;
    Ok(counts.first().copied().unwrap_or_default())
}

/// The tables, which must be there and be ours, with all columns.
pub(super) async fn seen_tables(place: &Place, session: &Session) -> Result<TablesSeen, StoreError> {
    let mut found = found_columns(session, &place.tables).await?;
    let mut tables = Vec::new();
    for shape in shapes(&place.tables) {
        let (store, table) = (place.store.clone(), place.tables.full(shape.table));
        let Some(columns) = found.remove(shape.table) else {
            let table = format!("{table} (or the right to see it)");
            return Err(StoreError::NotInitialised { store, table, remedy: how_to_create("") });
        };
        check(place, &shape, &columns)?;
        let missing: Vec<_> = missing(&shape.columns, &columns).map(|column| &*column.name).collect();
        if !missing.is_empty() {
            return Err(StoreError::Outdated { store, table, columns: missing.join(", ") });
        }
        tables.push((table, columns.len()));
    }
    Ok(TablesSeen { tables, version: None })
}

/// The columns of all tables of the schema, by table.
pub(super) async fn found_columns(
    session: &Session,
    tables: &TableNames,
) -> Result<BTreeMap<String, Vec<FoundColumn>>, SnowflakeError> {
    let statement = tables.render(sql::COLUMNS, &[("schema_name", &text(&tables.schema))]);
    let mut found: BTreeMap<String, Vec<FoundColumn>> = BTreeMap::new();
    for row in session.query("look for the tables", &statement).await? {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (table, name, data_type) =
            (next().unwrap_or_default(), next().unwrap_or_default(), next().unwrap_or_default());
        let is_mandatory = next().as_deref() == Some("NO") && next().is_none();
        found.entry(table).or_default().push(FoundColumn { name, data_type, is_mandatory });
    }
    Ok(found)
}

/// Refuses a table of that name that holds something else.
fn check(place: &Place, shape: &Shape<'_>, found: &[FoundColumn]) -> Result<(), StoreError> {
    let foreign = |reason| {
        let (store, table) = (place.store.clone(), place.tables.full(shape.table));
        Err(StoreError::ForeignTable { store, table, reason })
    };
    if let Some(reason) = why_foreign(&shape.columns, found) {
        return foreign(reason);
    }
    let is_ours = |column: &&FoundColumn| {
        shape.columns.iter().any(|one| !one.is_added && one.holds == Holds::Text && one.name == column.name)
    };
    match found.iter().filter(is_ours).find(|column| column.data_type != "TEXT") {
        Some(column) => foreign(format!("its column {} is {}, not text", column.name, column.data_type)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_schema_leaves_no_placeholder() {
        for (creates_database, statements) in [(false, 4), (true, 5)] {
            let place = Place { store: String::new(), tables: TableNames::default(), creates_database };
            let printed = schema_sql(&place);
            assert!(!printed.contains(['{', '}']), "{printed}");
            assert_eq!(printed.matches(";\n").count(), statements);
        }
    }
}
