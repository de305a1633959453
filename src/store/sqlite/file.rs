//! The file: opening it, and the names of its tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Mutex;

use super::SqliteError;
use crate::store::{Store as _, StoreError, how_to_create};

/// The map.
pub const RESOURCES: &str = "API__TABLEAU__RESOURCES";
pub(super) const RUNS: &str = "API__TABLEAU__SYNC_RUNS";
pub(super) const CHANGES: &str = "API__TABLEAU__RESOURCE_CHANGES";

/// How long a run waits for another process that writes to the same file.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The map in one file.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pub(super) path: PathBuf,
    pub(super) is_aborted: Arc<AtomicBool>,
    /// Held by the one of this process that writes: SQLite's own lock is given to anybody, and waited for in vain.
    pub(super) writer: Arc<Mutex<()>>,
    /// How to create the map.
    pub(super) remedy: String,
    /// Whether the file is opened for reading alone.
    pub(super) is_for_reading: bool,
}

impl SqliteStore {
    /// A store in the file at `path`, which [`migrate`](crate::store::Store::migrate) creates.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            is_aborted: Arc::default(),
            writer: Arc::default(),
            remedy: how_to_create(""),
            is_for_reading: false,
        }
    }

    /// The same, with what to say where the map is not there.
    #[must_use]
    pub fn with_remedy(self, remedy: String) -> Self {
        Self { remedy, ..self }
    }

    /// The same, which is only read, and not brought up to date either.
    #[must_use]
    pub fn for_reading(self) -> Self {
        Self { is_for_reading: true, ..self }
    }

    /// Runs `work` on a thread that may block.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    pub(super) fn failed(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
        let path = self.path.clone();
        move |source| SqliteError { path: path.clone(), doing, source }.into()
    }

    pub(super) fn open(&self, flags: OpenFlags) -> Result<Connection, StoreError> {
        let open = || {
            // A connection is used by one thread at a time; SQLite would lock for each value that is read.
            let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(LOCK_TIMEOUT)?;
            // Reading the header now tells a database from another file before any work is done.
            connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        };
        open().map_err(self.failed("open"))
    }

    /// A row of `table` that cannot be read.
    pub(super) fn unreadable(&self, table: &'static str) -> impl Fn(String) -> StoreError {
        let store = self.name();
        move |reason| StoreError::UnreadableRow { store: store.clone(), table: table.to_owned(), reason }
    }
}
