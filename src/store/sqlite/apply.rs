//! Writing: a plan is one transaction, with its run row and its changes.

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, params, params_from_iter};

use super::file::{CHANGES, LOCK_TIMEOUT, RESOURCES, SqliteStore};
use super::load::other_servers;
use crate::diff::ChangeSet;
use crate::plan::Plan;
use crate::store::columns::{MAP, RUNS, RunRow, Value, logged};
use crate::store::template::fill;
use crate::store::{Applied, Run, StoreError};

const UPDATE_RESOURCE: &str = include_str!("../../../sql/sqlite/update_resource.sql");
const INSERT_RESOURCE: &str = include_str!("../../../sql/sqlite/insert_resource.sql");
const DELETE_RESOURCE: &str = include_str!("../../../sql/sqlite/delete_resource.sql");
const COLLAPSE_DUPLICATES: &str = include_str!("../../../sql/sqlite/collapse_duplicates.sql");
const INSERT_RUN: &str = include_str!("../../../sql/sqlite/insert_run.sql");
const INSERT_CHANGE: &str = include_str!("../../../sql/sqlite/insert_change.sql");

/// In KiB, which the sign says. Seven indexes grow in as many orders at a first sync.
const CACHE: i64 = -16_384;

/// From how many new rows on the indexes are made anew, where the table grows to twice its size or more.
const MANY: usize = 10_000;

/// How often a run that waits for the file looks whether it was told to stop.
const LOCK_STEP: Duration = Duration::from_millis(200);

impl SqliteStore {
    pub(super) fn apply_now(&self, run: &Run, plan: &Plan) -> Result<Applied, StoreError> {
        let connection = self.open_map()?;
        let failed = self.failed("write to");
        connection.pragma_update(None, "cache_size", CACHE).map_err(&failed)?;
        self.begin(&connection)?;
        // Whatever ends this function before the commit closes the connection, which rolls everything back.
        let snapshot = &plan.changes().snapshot;
        if let Some(server) = other_servers(&connection, &snapshot.server).map_err(&failed)? {
            return Err(StoreError::OtherServer { map: server, run: snapshot.server.clone() });
        }
        if self.version(&connection, &snapshot.site)?.0 != plan.changes().based_on {
            return Err(StoreError::MappingChanged);
        }
        let rows_written = write(&connection, run, plan).map_err(&failed)?;
        if self.is_aborted.load(Ordering::Relaxed) {
            return Ok(Applied { rows_written: 0 });
        }
        connection.execute_batch("COMMIT").map_err(&failed)?;
        Ok(Applied { rows_written })
    }

    pub(super) fn rename_server_now(&self, old: &str, new: &str) -> Result<u64, StoreError> {
        let connection = self.open_map()?;
        let failed = self.failed("write to");
        self.begin(&connection)?;
        let sql = "UPDATE API__TABLEAU__SYNC_RUNS SET SERVER_URL = ?2 WHERE SERVER_URL = ?1";
        let renamed = connection.execute(sql, [old, new]).map_err(&failed)?;
        connection.execute_batch("COMMIT").map_err(&failed)?;
        Ok(renamed as u64)
    }

    /// Begins a transaction that writes. Waits for another program that holds the file, in steps that notice
    /// Ctrl-C.
    fn begin(&self, connection: &Connection) -> Result<(), StoreError> {
        let failed = self.failed("write to");
        connection.busy_timeout(LOCK_STEP).map_err(&failed)?;
        let waiting_since = Instant::now();
        loop {
            match connection.execute_batch("BEGIN IMMEDIATE") {
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                        && waiting_since.elapsed() < LOCK_TIMEOUT
                        && !self.is_aborted.load(Ordering::Relaxed) => {}
                result => {
                    result.map_err(&failed)?;
                    // What is to be written may have to wait for those who read.
                    return connection.busy_timeout(LOCK_TIMEOUT).map_err(&failed);
                }
            }
        }
    }
}

/// Times are kept with six digits of a second, so that they sort as text.
fn text_of(time: Timestamp) -> String {
    format!("{time:.6}")
}

fn write(connection: &Connection, run: &Run, plan: &Plan) -> rusqlite::Result<u64> {
    let indexes = if brings_many(connection, plan)? { indexes(connection)? } else { Vec::new() };
    for (name, _) in &indexes {
        connection.execute_batch(&format!("DROP INDEX {}", quoted(name)))?;
    }
    let written = write_resources(connection, plan)?;
    write_changes(connection, run, plan.changes())?;
    write_run(connection, run, plan)?;
    for (_, sql) in &indexes {
        connection.execute_batch(sql)?;
    }
    Ok(written as u64)
}

/// Whether the map becomes so much larger that to sort its keys once costs less than to find the place of each.
fn brings_many(connection: &Connection, plan: &Plan) -> rusqlite::Result<bool> {
    let new = plan.upserts().filter(|(_, is_new)| *is_new).count();
    if new < MANY || plan.upserts().any(|(_, is_new)| !is_new) || !plan.removals().is_empty() {
        return Ok(false);
    }
    let sql = "SELECT COUNT(*) <= ?1 FROM API__TABLEAU__RESOURCES";
    connection.query_row(sql, [number(new as u64)], |row| row.get(0))
}

/// The indexes of the map and of the change log, with the statements that make them. Those that keep rows unique stay, as
/// do those of a `UNIQUE` in the table, which have no statement.
fn indexes(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT name, sql FROM sqlite_schema \
               WHERE type = 'index' AND UPPER(tbl_name) IN (?1, ?2) AND sql LIKE 'CREATE INDEX %'";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([RESOURCES, CHANGES], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// A name as SQLite reads it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns how many rows were touched.
fn write_resources(connection: &Connection, plan: &Plan) -> rusqlite::Result<usize> {
    let set = plan.changes();
    let (site, taken_at) = (set.snapshot.site.as_str(), text_of(set.snapshot.taken_at));
    let mut written = 0;
    let mut delete = connection.prepare(DELETE_RESOURCE)?;
    for id in plan.removals() {
        written += delete.execute(params![site, id.kind.as_str(), id.luid.as_str()])?;
    }
    let mut update = connection.prepare(&fill(UPDATE_RESOURCE, &[]))?;
    let mut insert = connection.prepare(&fill(INSERT_RESOURCE, &[]))?;
    for (resource, is_new) in plan.upserts() {
        let told = MAP.iter().filter(|column| column.is_told()).map(|column| column.of(resource));
        let times = [Some(&taken_at), Some(&taken_at)].map(|time| time.map(Cow::from));
        let id = [site, resource.key.kind.as_str(), resource.luid.as_str()].map(|text| Some(text.into()));
        let values = params_from_iter(told.chain(times).chain(id));
        // To look for a row costs as much as to insert one.
        let updated = if is_new { 0 } else { update.execute(values)? };
        let values = MAP.iter().map(|column| column.of_new(resource, &taken_at));
        written += if updated > 0 { updated } else { insert.execute(params_from_iter(values))? };
    }
    if set.has_duplicate_rows {
        written += connection.execute(COLLAPSE_DUPLICATES, [site])?;
    }
    Ok(written)
}

fn write_changes(connection: &Connection, run: &Run, set: &ChangeSet) -> rusqlite::Result<()> {
    let (site, taken_at) = (set.snapshot.site.as_str(), text_of(set.snapshot.taken_at));
    let mut insert = connection.prepare(&fill(INSERT_CHANGE, &[]))?;
    let run = run.id.to_string();
    for change in &set.changes {
        let (before, after) = change.sides();
        let kind = after.or(before).map_or("", |resource| resource.key.kind.as_str());
        let own = [&*run, &taken_at, site, change.word(), kind].map(|text| Some(Cow::from(text)));
        let sides = [before, after];
        let sides = sides.iter().flat_map(|side| logged().map(|column| column.of((*side)?)));
        insert.execute(params_from_iter(own.into_iter().chain(sides)))?;
    }
    Ok(())
}

fn write_run(connection: &Connection, run: &Run, plan: &Plan) -> rusqlite::Result<()> {
    let row = RunRow::ended(run, plan);
    let values = RUNS.iter().map(|column| column.of(&row).map(bound));
    connection.execute(&fill(INSERT_RUN, &[]), params_from_iter(values))?;
    Ok(())
}

/// A value as SQLite takes it.
fn bound(value: Value<'_>) -> rusqlite::types::Value {
    match value {
        Value::Text(text) => text.into_owned().into(),
        Value::Number(count) => number(count).into(),
        Value::Time(time) => text_of(time).into(),
    }
}

/// SQLite's integers are signed.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
