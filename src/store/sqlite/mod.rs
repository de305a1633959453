//! The map in one SQLite file: the default store, with nothing to configure.
//!
//! Every plan is one transaction, so a run is never seen `applying` here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use miette::Diagnostic;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params};
use thiserror::Error;

use super::{Applied, Migration, Past, RecordedChange, Run, RunStatus, Side, Store, StoreError};
use crate::mapping::{Mapping, Row, Version};
use crate::plan::Plan;
use crate::resource::{Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};

const SCHEMA: &str = include_str!("../../sql/sqlite/schema.sql");
const LOAD: &str = include_str!("../../sql/sqlite/load.sql");
const VERSION: &str = include_str!("../../sql/sqlite/version.sql");
const UPDATE_RESOURCE: &str = include_str!("../../sql/sqlite/update_resource.sql");
const INSERT_RESOURCE: &str = include_str!("../../sql/sqlite/insert_resource.sql");
const DELETE_RESOURCE: &str = include_str!("../../sql/sqlite/delete_resource.sql");
const COLLAPSE_DUPLICATES: &str = include_str!("../../sql/sqlite/collapse_duplicates.sql");
const INSERT_RUN: &str = include_str!("../../sql/sqlite/insert_run.sql");
const INSERT_CHANGE: &str = include_str!("../../sql/sqlite/insert_change.sql");
const HISTORY: &str = include_str!("../../sql/sqlite/history.sql");
const PAST: &str = include_str!("../../sql/sqlite/past.sql");
const COMPLETE: &str = include_str!("../../sql/sqlite/complete.sql");

const RESOURCES: &str = "API__TABLEAU__RESOURCES";
const TABLES: [&str; 3] = [RESOURCES, "API__TABLEAU__SYNC_RUNS", "API__TABLEAU__RESOURCE_CHANGES"];
const REQUIRED_COLUMNS: [&str; 5] =
    ["RESOURCE_TYPE", "SITE_ID", "PROJECT_NAME", "RESOURCE_NAME", "RESOURCE_ID"];
const ADDED_COLUMNS: [&str; 5] =
    ["PROJECT_PATH", "PROJECT_ID", "VIZPORTAL_URL_ID", "FIRST_SEEN_AT", "CHANGED_AT"];
/// Columns that the change log of earlier versions lacks.
const ADDED_TO_CHANGES: [&str; 2] = ["VIZPORTAL_URL_ID_BEFORE", "VIZPORTAL_URL_ID_AFTER"];

/// How long a run waits for another process that writes to the same file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
const LOCK_STEP: Duration = Duration::from_millis(200);

/// A failure of the SQLite file, with what was being done.
#[derive(Debug, Error)]
#[error("could not {doing} the SQLite file `{}`", path.display())]
pub struct SqliteError {
    path: PathBuf,
    doing: &'static str,
    source: rusqlite::Error,
}

impl Diagnostic for SqliteError {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new("tabmap::sqlite"))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let help = match self.source.sqlite_error_code()? {
            ErrorCode::CannotOpen => "check that the folder exists and that this user may write to it",
            ErrorCode::ReadOnly => "this user may not write to the file or to its folder",
            ErrorCode::NotADatabase => {
                "the file is something else: name another one with `--store sqlite:PATH`"
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                "another program holds the file; if that is not another tabmap, close it and run again"
            }
            ErrorCode::SystemIoFailure => "check the disk: it may be full or failing; the map is as it was",
            ErrorCode::DiskFull => "make room on the disk and run again; the map is as it was",
            ErrorCode::DatabaseCorrupt => {
                "restore the file from a backup, or delete it and run `tabmap backfill`"
            }
            _ => return None,
        };
        Some(Box::new(help))
    }
}

/// The map in one file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    path: PathBuf,
    is_aborted: Arc<AtomicBool>,
}

impl SqliteStore {
    /// A store in the file at `path`, which [`Store::migrate`] creates.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), is_aborted: Arc::default() }
    }

    /// Runs `work` on a thread that may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
        let path = self.path.clone();
        move |source| SqliteError { path: path.clone(), doing, source }.into()
    }

    fn open(&self, flags: OpenFlags) -> Result<Connection, StoreError> {
        let open = || {
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(LOCK_TIMEOUT)?;
            // Reading the header now tells a database from another file before any work is done.
            connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        };
        open().map_err(self.failed("open"))
    }

    /// Opens a file that has the tables; never creates one.
    fn open_map(&self) -> Result<Connection, StoreError> {
        let missing =
            |table: &str| StoreError::NotInitialised { store: self.name(), table: table.to_owned() };
        if !self.path.exists() {
            return Err(missing(RESOURCES));
        }
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        for table in TABLES {
            if columns(&connection, table).map_err(self.failed("read"))?.is_empty() {
                return Err(missing(table));
            }
        }
        self.check_columns(&connection)?;
        for (table, added) in added_columns() {
            let known = columns(&connection, table).map_err(self.failed("read"))?;
            if added.iter().any(|column| !known.iter().any(|found| found.name == *column)) {
                return Err(missing(table));
            }
        }
        Ok(connection)
    }

    fn check_columns(&self, connection: &Connection) -> Result<(), StoreError> {
        let found = columns(connection, RESOURCES).map_err(self.failed("read"))?;
        if found.is_empty() {
            return Ok(());
        }
        let foreign =
            |reason| StoreError::ForeignTable { store: self.name(), table: RESOURCES.to_owned(), reason };
        if let Some(missing) =
            REQUIRED_COLUMNS.iter().find(|name| !found.iter().any(|column| column.name == **name))
        {
            return Err(foreign(format!("it has no column {missing}")));
        }
        let ours = |name: &str| REQUIRED_COLUMNS.contains(&name) || ADDED_COLUMNS.contains(&name);
        if let Some(column) = found.iter().find(|column| column.is_mandatory && !ours(&column.name)) {
            return Err(foreign(format!("its column {} must not be null and has no default", column.name)));
        }
        Ok(())
    }

    fn migrate_now(&self) -> Result<Migration, StoreError> {
        let mut connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        self.check_columns(&connection)?;
        let failed = self.failed("create the tables of");
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let migration = create_tables(&transaction).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        Ok(migration)
    }

    fn sites_now(&self) -> Result<Vec<SiteName>, StoreError> {
        let connection = self.open_map()?;
        let read = || {
            let mut statement = connection
                .prepare("SELECT DISTINCT SITE_ID FROM API__TABLEAU__RESOURCES WHERE SITE_ID IS NOT NULL ORDER BY SITE_ID")?;
            let sites = statement.query_map([], |row| row.get::<_, String>(0))?;
            sites
                .map(|site| site.map(|site| SiteName::from_content_url(&site)))
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read"))
    }

    fn load_now(&self, site: &SiteName) -> Result<Mapping, StoreError> {
        let mut connection = self.open_map()?;
        // One read transaction: rows and version are of the same moment.
        let transaction = connection.transaction().map_err(self.failed("read"))?;
        let (version, newest) = self.version(&transaction, site)?;
        let server = other_servers(&transaction, "").map_err(self.failed("read"))?;
        let (rows, foreign_rows) = self.rows(&transaction, site)?;
        Ok(Mapping { site: site.clone(), rows, version, server, newest_snapshot_at: newest, foreign_rows })
    }

    fn rows(&self, connection: &Connection, site: &SiteName) -> Result<(Vec<Row>, u64), StoreError> {
        let read = || {
            let mut statement = connection.prepare(LOAD)?;
            let rows = statement.query_map([site.as_str()], |row| {
                let column = |index: usize| row.get::<_, Option<String>>(index);
                (0..9).map(column).collect::<Result<Vec<_>, _>>()
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let mut rows = Vec::new();
        let mut foreign_rows = 0;
        for columns in read().map_err(self.failed("read"))? {
            match self.row(site, columns)? {
                Some(row) => rows.push(row),
                None => foreign_rows += 1,
            }
        }
        Ok((rows, foreign_rows))
    }

    /// One row of `load.sql`; `None` when its `RESOURCE_TYPE` is not ours.
    fn row(&self, site: &SiteName, columns: Vec<Option<String>>) -> Result<Option<Row>, StoreError> {
        let mut columns = columns.into_iter();
        let mut next = || columns.next().flatten();
        let unreadable =
            |reason| StoreError::UnreadableRow { store: self.name(), table: RESOURCES.to_owned(), reason };
        let Some(kind) = next().as_deref().and_then(ResourceKind::from_column) else {
            return Ok(None);
        };
        let (project_name, name) = (next().unwrap_or_default(), next().unwrap_or_default());
        let luid = next()
            .as_deref()
            .and_then(Luid::new)
            .ok_or_else(|| unreadable(format!("{kind} `{name}` has no RESOURCE_ID")))?;
        let project =
            next().map_or_else(|| ProjectPath::leaf_only(&project_name), |path| ProjectPath::parse(&path));
        let project_luid = next().as_deref().and_then(Luid::new);
        let vizportal_url_id = next();
        let mut time = |column: &str| {
            next()
                .map(|text| text.parse::<Timestamp>())
                .transpose()
                .map_err(|error| unreadable(format!("{column} of {kind} `{name}` is not a time: {error}")))
        };
        let (first_seen_at, changed_at) = (time("FIRST_SEEN_AT")?, time("CHANGED_AT")?);
        let key = ResourceKey { site: site.clone(), kind, project, name };
        let resource = Resource { key, luid, project_luid, vizportal_url_id };
        Ok(Some(Row { resource, first_seen_at, changed_at }))
    }

    fn version(
        &self,
        connection: &Connection,
        site: &SiteName,
    ) -> Result<(Version, Option<Timestamp>), StoreError> {
        let (finished, newest) = connection
            .query_row(VERSION, [site.as_str()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
            })
            .map_err(self.failed("read"))?;
        let newest =
            newest.map(|text| text.parse()).transpose().map_err(|error| StoreError::UnreadableRow {
                store: self.name(),
                table: TABLES[1].to_owned(),
                reason: format!("SNAPSHOT_AT is not a time: {error}"),
            })?;
        Ok((Version(finished.unsigned_abs()), newest))
    }

    fn apply_now(&self, run: &Run, plan: &Plan) -> Result<Applied, StoreError> {
        let connection = self.open_map()?;
        let failed = self.failed("write to");
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
                result => return result.map_err(&failed),
            }
        }
    }

    fn past_now(&self) -> Result<Past, StoreError> {
        let connection = self.open_map()?;
        let read = || {
            let changes =
                connection.prepare(PAST)?.query_map([], recorded_change)?.collect::<Result<_, _>>()?;
            let complete = connection
                .prepare(COMPLETE)?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
            Ok((changes, complete))
        };
        let (changes, complete) = read().map_err(self.failed("read"))?;
        let complete_at = complete.into_iter().map(|(site, text)| {
            let time = text.parse().map_err(|error| StoreError::UnreadableRow {
                store: self.name(),
                table: TABLES[1].to_owned(),
                reason: format!("SNAPSHOT_AT is not a time: {error}"),
            });
            Ok((SiteName::from_content_url(&site), time?))
        });
        Ok(Past { changes, complete_at: complete_at.collect::<Result<_, StoreError>>()? })
    }

    fn history_now(&self, luid: &Luid) -> Result<Vec<RecordedChange>, StoreError> {
        let connection = self.open_map()?;
        let read = || {
            let mut statement = connection.prepare(HISTORY)?;
            statement.query_map([luid.as_str()], recorded_change)?.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(self.failed("read"))
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn name(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    fn schema_sql(&self) -> String {
        SCHEMA.to_owned()
    }

    async fn migrate(&self) -> Result<Migration, StoreError> {
        self.run(Self::migrate_now).await
    }

    async fn sites(&self) -> Result<Vec<SiteName>, StoreError> {
        self.run(Self::sites_now).await
    }

    async fn load(&self, site: &SiteName) -> Result<Mapping, StoreError> {
        let site = site.clone();
        self.run(move |store| store.load_now(&site)).await
    }

    async fn apply(&self, run: &Run, plan: &Plan) -> Result<Applied, StoreError> {
        let (run, plan) = (run.clone(), plan.clone());
        self.run(move |store| store.apply_now(&run, &plan)).await
    }

    async fn history(&self, luid: &Luid) -> Result<Vec<RecordedChange>, StoreError> {
        let luid = luid.clone();
        self.run(move |store| store.history_now(&luid)).await
    }

    async fn past(&self) -> Result<Past, StoreError> {
        self.run(Self::past_now).await
    }

    async fn abort(&self) {
        self.is_aborted.store(true, Ordering::Relaxed);
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

struct Column {
    name: String,
    is_mandatory: bool,
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement =
        connection.prepare("SELECT name, \"notnull\", dflt_value FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| {
        Ok(Column {
            name: row.get::<_, String>(0)?.to_uppercase(),
            is_mandatory: row.get::<_, bool>(1)? && row.get::<_, Option<String>>(2)?.is_none(),
        })
    })?;
    columns.collect()
}

/// The columns that a table may lack which another tool or an earlier version made.
fn added_columns() -> [(&'static str, &'static [&'static str]); 2] {
    [(RESOURCES, &ADDED_COLUMNS), (TABLES[2], &ADDED_TO_CHANGES)]
}

fn create_tables(connection: &Connection) -> rusqlite::Result<Migration> {
    let mut steps = Vec::new();
    for (table, added) in added_columns() {
        let found = columns(connection, table)?;
        let is_missing =
            |name: &&&str| !found.is_empty() && !found.iter().any(|column| column.name == ***name);
        for column in added.iter().filter(is_missing) {
            connection.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} TEXT"))?;
            steps.push(format!("added column {column} to {table}"));
        }
    }
    for table in TABLES {
        if columns(connection, table)?.is_empty() {
            steps.push(format!("created table {table}"));
        }
    }
    connection.execute_batch(SCHEMA)?;
    Ok(Migration { steps })
}

/// A server other than `server` that has runs in this map.
fn other_servers(connection: &Connection, server: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT MIN(SERVER_URL) FROM API__TABLEAU__SYNC_RUNS WHERE SERVER_URL <> ?1";
    connection.query_row(sql, [server], |row| row.get(0))
}

/// Times are kept with six digits of a second, so that they sort as text.
fn text_of(time: Timestamp) -> String {
    format!("{time:.6}")
}

fn write(connection: &Connection, run: &Run, plan: &Plan) -> rusqlite::Result<u64> {
    let set = plan.changes();
    let (site, taken_at) = (set.snapshot.site.as_str(), text_of(set.snapshot.taken_at));
    let mut written = 0;
    let mut delete = connection.prepare(DELETE_RESOURCE)?;
    for id in plan.removals() {
        written += delete.execute(params![site, id.kind.as_str(), id.luid.as_str()])?;
    }
    let (mut update, mut insert) =
        (connection.prepare(UPDATE_RESOURCE)?, connection.prepare(INSERT_RESOURCE)?);
    for resource in plan.upserts() {
        let row = params![
            site,
            resource.key.kind.as_str(),
            resource.luid.as_str(),
            resource.key.project.leaf(),
            resource.key.name,
            resource.key.project.full(),
            resource.project_luid.as_ref().map(Luid::as_str),
            resource.vizportal_url_id,
            taken_at,
        ];
        let updated = update.execute(row)?;
        written += if updated > 0 { updated } else { insert.execute(row)? };
    }
    if set.has_duplicate_rows {
        written += connection.execute(COLLAPSE_DUPLICATES, [site])?;
    }

    let mut insert = connection.prepare(INSERT_CHANGE)?;
    for change in &set.changes {
        let (before, after) = change.sides();
        let kind = after.or(before).map(|resource| resource.key.kind.as_str());
        let project_path = |side: Option<&Resource>| side.and_then(|side| side.key.project.full());
        insert.execute(params![
            run.id.to_string(),
            taken_at,
            site,
            change.word(),
            kind,
            project_path(before),
            before.map(|side| side.key.project.leaf()),
            before.map(|side| &side.key.name),
            before.map(|side| side.luid.as_str()),
            project_path(after),
            after.map(|side| side.key.project.leaf()),
            after.map(|side| &side.key.name),
            after.map(|side| side.luid.as_str()),
            before.and_then(|side| side.vizportal_url_id.as_deref()),
            after.and_then(|side| side.vizportal_url_id.as_deref()),
        ])?;
    }

    let (counts, notes) = (set.counts(), &set.snapshot.notes);
    connection.execute(
        INSERT_RUN,
        params![
            run.id.to_string(),
            set.snapshot.server,
            site,
            set.snapshot.source,
            taken_at,
            text_of(run.started_at),
            text_of(Timestamp::now()),
            RunStatus::of(plan).as_str(),
            number(set.workbooks),
            number(set.datasources),
            number(counts.added),
            number(counts.replaced),
            number(counts.moved),
            number(counts.removed),
            number(counts.corrected),
            number(notes.lagging),
            number(notes.ghosts),
            number(notes.skipped),
            number(set.ambiguous.len() as u64),
            serde_json::Value::from(notes.warnings.clone()).to_string(),
            run.tool_version,
        ],
    )?;
    Ok(written as u64)
}

/// SQLite's integers are signed.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn recorded_change(row: &rusqlite::Row<'_>) -> rusqlite::Result<RecordedChange> {
    let unreadable = |column: usize, reason: String| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
    };
    let side = |first: usize, number: usize| -> rusqlite::Result<Option<Side>> {
        let Some(luid) = row.get::<_, Option<String>>(first + 3)?.as_deref().and_then(Luid::new) else {
            return Ok(None);
        };
        let leaf = row.get::<_, Option<String>>(first + 1)?.unwrap_or_default();
        let path: Option<String> = row.get(first)?;
        let project = path.map_or_else(|| ProjectPath::leaf_only(&leaf), |path| ProjectPath::parse(&path));
        Ok(Some(Side { project, name: row.get(first + 2)?, luid, vizportal_url_id: row.get(number)? }))
    };
    let (changed_at, kind): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(RecordedChange {
        run_id: row.get(0)?,
        changed_at: changed_at.parse().map_err(|error: jiff::Error| unreadable(1, error.to_string()))?,
        site: SiteName::from_content_url(&row.get::<_, String>(2)?),
        kind: ResourceKind::from_column(&kind)
            .ok_or_else(|| unreadable(4, format!("`{kind}` is not a kind")))?,
        change: row.get(3)?,
        before: side(5, 13)?,
        after: side(9, 14)?,
    })
}
