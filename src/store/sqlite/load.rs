//! Reading: the rows of a site, the version they stand for, the change log.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Params, params_from_iter};

use super::file::{CHANGES, RESOURCES, RUNS, SqliteStore};
use crate::mapping::{Mapping, Row, Version};
use crate::resource::SiteName;
use crate::store::columns::SIDES;
use crate::store::rows::{self, ChangeReader, Rows, Texts};
use crate::store::template::fill;
use crate::store::{ChangeFilter, Found, Lookup, Past, RecordedChange, StoreError};

const SITES: &str = include_str!("../../../sql/sqlite/sites.sql");
const LOAD: &str = include_str!("../../../sql/sqlite/load.sql");
const FIND: &str = include_str!("../../../sql/sqlite/find.sql");
const VERSION: &str = include_str!("../../../sql/sqlite/version.sql");
const CHANGES_BY: &str = include_str!("../../../sql/sqlite/changes.sql");
const PAST: &str = include_str!("../../../sql/sqlite/past.sql");
const COMPLETE: &str = include_str!("../../../sql/sqlite/complete.sql");

impl SqliteStore {
    pub(super) fn sites_now(&self) -> Result<Vec<SiteName>, StoreError> {
        self.sites(&self.open_map()?)
    }

    fn sites(&self, connection: &Connection) -> Result<Vec<SiteName>, StoreError> {
        let rows = self.texts(connection, SITES, [])?;
        let names = rows.into_iter().filter_map(|row| row.into_iter().next().flatten());
        Ok(names.map(|name| SiteName::from_content_url(&name)).collect())
    }

    pub(super) fn load_now(&self, site: &SiteName) -> Result<Mapping, StoreError> {
        let mut connection = self.open_map()?;
        // One read transaction: rows and version are of the same moment.
        let transaction = connection.transaction().map_err(self.failed("read"))?;
        let (version, newest) = self.version(&transaction, site)?;
        let server = other_servers(&transaction, "").map_err(self.failed("read"))?;
        let sites = self.sites(&transaction)?;
        let (rows, misspelt_rows) = self.rows(&transaction, site, &sites)?;
        let site = site.clone();
        Ok(Mapping { site, rows, sites, version, server, newest_snapshot_at: newest, misspelt_rows })
    }

    /// The rows of a site, each read where SQLite holds it, and how many are misspelt.
    fn rows(
        &self,
        connection: &Connection,
        site: &SiteName,
        sites: &[SiteName],
    ) -> Result<(Vec<Row>, u64), StoreError> {
        let failed = self.failed("read");
        // By the index, each row is looked for by itself; where the table holds one site, they are read as they lie.
        let index = if sites.len() > 1 { "" } else { "NOT INDEXED" };
        let mut statement = connection.prepare(&fill(LOAD, &[("index", index)])).map_err(&failed)?;
        let columns = statement.column_count();
        let mut found = statement.query([site.as_str()]).map_err(&failed)?;
        let mut rows = Rows::new(site, time);
        while let Some(row) = found.next().map_err(&failed)? {
            let texts = (0..columns).map(|index| text(row, index)).collect::<rusqlite::Result<Vec<_>>>();
            rows.add(&texts.map_err(&failed)?).map_err(self.unreadable(RESOURCES))?;
        }
        Ok(rows.finish())
    }

    pub(super) fn find_now(&self, lookup: &Lookup, sites: &[SiteName]) -> Result<Found, StoreError> {
        let connection = self.open_map()?;
        let server = other_servers(&connection, "").map_err(self.failed("read"))?;
        let (sql, values) = find(lookup);
        let texts = self.texts(&connection, &sql, params_from_iter(values))?;
        let mut rows = rows::rows_of_sites(texts, time).map_err(self.unreadable(RESOURCES))?;
        rows.retain(|row| lookup.fits_on(sites, row));
        Ok(Found { rows, server })
    }

    /// How many runs over the site have finished, and the time of their newest snapshot.
    pub(super) fn version(
        &self,
        connection: &Connection,
        site: &SiteName,
    ) -> Result<(Version, Option<Timestamp>), StoreError> {
        let (finished, newest) = connection
            .query_row(VERSION, [site.as_str()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
            })
            .map_err(self.failed("read"))?;
        let newest = newest.map(|text| rows::snapshot_at(&text, time)).transpose();
        Ok((Version(finished.unsigned_abs()), newest.map_err(self.unreadable(RUNS))?))
    }

    pub(super) fn past_now(&self) -> Result<Past, StoreError> {
        let connection = self.open_map()?;
        let changes = self.read_changes(&connection, PAST, [])?;
        let complete_at = self.texts(&connection, COMPLETE, [])?.into_iter();
        let complete_at = complete_at.map(|columns| rows::complete_at(columns, time)).collect();
        Ok(Past { changes, complete_at: Result::map_err(complete_at, self.unreadable(RUNS))? })
    }

    pub(super) fn changes_now(&self, filter: &ChangeFilter) -> Result<Vec<RecordedChange>, StoreError> {
        let (sql, values) = changes_by(filter);
        let mut changes = self.read_changes(&self.open_map()?, &sql, params_from_iter(values))?;
        changes.retain(|change| change.fits(filter));
        Ok(changes)
    }

    fn read_changes(
        &self,
        connection: &Connection,
        sql: &str,
        values: impl Params,
    ) -> Result<Vec<RecordedChange>, StoreError> {
        let rows = self.texts(connection, sql, values)?.into_iter();
        let mut reader = ChangeReader::new(time);
        let changes = rows.map(|columns| reader.read(&columns)).collect();
        Result::map_err(changes, self.unreadable(CHANGES))
    }

    /// The rows of a query whose columns are all text.
    pub(super) fn texts(
        &self,
        connection: &Connection,
        sql: &str,
        values: impl Params,
    ) -> Result<Vec<Texts>, StoreError> {
        let read = || {
            let mut statement = connection.prepare(&fill(sql, &[]))?;
            let columns = statement.column_count();
            let owned = |row: &rusqlite::Row<'_>, index| Ok(text(row, index)?.map(Cow::into_owned));
            let rows =
                statement.query_map(values, |row| (0..columns).map(|index| owned(row, index)).collect())?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(self.failed("read"))
    }
}

/// A server other than `server` that has runs in this map.
pub(super) fn other_servers(connection: &Connection, server: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT MIN(SERVER_URL) FROM API__TABLEAU__SYNC_RUNS WHERE SERVER_URL <> ?1";
    connection.query_row(sql, [server], |row| row.get(0))
}

/// The statement for a look-up.
fn find(lookup: &Lookup) -> (String, Vec<Value>) {
    let columns = lookup.columns().iter().map(|column| (*column).to_owned());
    let (condition, values) = condition(lookup, columns);
    (fill(FIND, &[("condition", &condition)]), values)
}

/// The statement for changes.
fn changes_by(filter: &ChangeFilter) -> (String, Vec<Value>) {
    let ChangeFilter { lookup, since, run_id } = filter;
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    if let Some(lookup) = lookup {
        let on = |side: &'static str| lookup.columns().iter().map(move |column| format!("c.{column}_{side}"));
        let (condition, of_lookup) = condition(lookup, SIDES.into_iter().flat_map(on));
        conditions.push(format!("({condition})"));
        values.extend(of_lookup);
    }
    if let Some(since) = since {
        conditions.push("c.CHANGED_AT >= ?".to_owned());
        values.push(Value::Text(format!("{since:.6}")));
    }
    if let Some(run_id) = run_id {
        conditions.push("c.RUN_ID = ?".to_owned());
        values.push(Value::Text(run_id.clone()));
    }
    if conditions.is_empty() {
        conditions.push("TRUE".to_owned());
    }
    (fill(CHANGES_BY, &[("condition", &conditions.join(" AND "))]), values)
}

/// The condition that one of the columns holds what is looked up, and the values in it. Columns without a type, of other
/// tools, may hold numbers as numbers.
fn condition(lookup: &Lookup, columns: impl Iterator<Item = String>) -> (String, Vec<Value>) {
    let texts = lookup.texts();
    let numbers = texts.iter().filter_map(|text| text.parse().ok()).map(Value::Integer).collect::<Vec<_>>();
    let values: Vec<_> = texts.into_iter().map(Value::Text).chain(numbers).collect();
    let places = vec!["?"; values.len()].join(", ");
    let conditions: Vec<_> = columns.map(|column| format!("{column} IN ({places})")).collect();
    (conditions.join(" OR "), std::iter::repeat_n(values, conditions.len()).flatten().collect())
}

/// A column as text. Tables of other tools may have columns without a type, and numbers in them.
fn text<'row>(row: &'row rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Cow<'row, str>>> {
    let value = row.get_ref(column)?;
    match (value, value.as_str_or_null()) {
        (ValueRef::Integer(number), _) => Ok(Some(number.to_string().into())),
        (_, Ok(text)) => Ok(text.map(Cow::Borrowed)),
        // For its error, which names the column.
        (_, Err(_)) => Ok(row.get::<_, Option<String>>(column)?.map(Cow::Owned)),
    }
}

pub(super) fn time(text: &str) -> Result<Timestamp, jiff::Error> {
    text.parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Luid, ResourceKind};
    use crate::store::Store as _;

    #[tokio::test]
    async fn every_lookup_goes_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::new(&folder.path().join("map.db"));
        store.migrate().await.unwrap();
        let connection = store.open_map().unwrap();
        let kind = ResourceKind::Workbook;
        for lookup in [
            Lookup::Luid { kind: None, luid: Luid::new("luid").unwrap() },
            Lookup::Number { kind, number: "7".to_owned() },
            Lookup::Address { kind, name: "Sales".to_owned() },
            Lookup::Name { kind, name: "Sales".to_owned() },
        ] {
            // Names in the log are looked up by a person who can wait; LUIDs are followed one after the other.
            let is_followed = matches!(lookup, Lookup::Luid { .. });
            let filter = ChangeFilter { lookup: Some(lookup.clone()), ..ChangeFilter::default() };
            for (sql, values) in
                [Some(find(&lookup)), is_followed.then(|| changes_by(&filter))].into_iter().flatten()
            {
                let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
                let steps =
                    statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
                let steps: Vec<_> = steps.map(Result::unwrap).collect();
                assert!(steps.iter().any(|step| step.contains("USING INDEX")), "{steps:?}");
                assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:?}");
            }
        }
    }
}
