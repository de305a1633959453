//! The map in one SQLite file: the default store, with nothing to configure.
//!
//! `migrate` creates the tables or adopts another tool's, `load` reads, `apply` writes. Every plan is one transaction,
//! so a run is never seen `applying` here.

mod apply;
mod load;
mod migrate;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use miette::Diagnostic;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use thiserror::Error;

use self::migrate::SCHEMA;
use super::{Applied, Found, Lookup, Migration, Past, RecordedChange, Run, Store, StoreError};
use crate::mapping::Mapping;
use crate::plan::Plan;
use crate::resource::{Luid, SiteName};

/// The map.
pub const RESOURCES: &str = "API__TABLEAU__RESOURCES";
const RUNS: &str = "API__TABLEAU__SYNC_RUNS";
const CHANGES: &str = "API__TABLEAU__RESOURCE_CHANGES";

/// How long a run waits for another process that writes to the same file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

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
        // What cannot be looked at is opened, so that the reason is told.
        if matches!(self.path.try_exists(), Ok(false)) {
            let (store, table) = (self.name(), RESOURCES.to_owned());
            return Err(StoreError::NotInitialised { store, table });
        }
        let mut connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let is_outdated = SCHEMA.is_outdated(&connection).map_err(self.refused("read"))?;
        let mut lacking = self.lacking(&connection)?;
        if is_outdated {
            self.upgrade(&mut connection)?;
            lacking = self.lacking(&connection)?;
        }
        lacking.map_or(Ok(connection), Err)
    }

    /// The error for a column that is not there. The tables must be, and be ours.
    fn lacking(&self, connection: &Connection) -> Result<Option<StoreError>, StoreError> {
        let mut lacking = None;
        for (table, columns) in migrate::TABLES {
            let found = migrate::columns(connection, table).map_err(self.failed("read"))?;
            let (store, table) = (self.name(), table.to_owned());
            if found.is_empty() {
                return Err(StoreError::NotInitialised { store, table });
            }
            self.check(&table, &columns, &found)?;
            let missing = columns.missing(&found).join(", ");
            if !missing.is_empty() {
                lacking = Some(StoreError::Outdated { store, table, columns: missing });
            }
        }
        Ok(lacking)
    }

    /// A row of `table` that cannot be read.
    fn unreadable(&self, table: &'static str) -> impl Fn(String) -> StoreError {
        let store = self.name();
        move |reason| StoreError::UnreadableRow { store: store.clone(), table: table.to_owned(), reason }
    }
}

/// A server other than `server` that has runs in this map.
fn other_servers(connection: &Connection, server: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT MIN(SERVER_URL) FROM API__TABLEAU__SYNC_RUNS WHERE SERVER_URL <> ?1";
    connection.query_row(sql, [server], |row| row.get(0))
}

#[async_trait]
impl Store for SqliteStore {
    fn name(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    fn schema_sql(&self) -> String {
        SCHEMA.tables.to_owned()
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

    async fn find(&self, lookup: &Lookup, sites: &[SiteName]) -> Result<Found, StoreError> {
        let (lookup, sites) = (lookup.clone(), sites.to_vec());
        self.run(move |store| store.find_now(&lookup, &sites)).await
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
