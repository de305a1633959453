//! The file that remembers what was started and asked, and that holds the queue of `serve`.
//!
//! One thread owns the connection. Work that arrives while it writes is written together by the next commit, so
//! that many small writes cost one wait for the disk and each is durable when it is answered.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use miette::Diagnostic;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::retry::RetryPolicy;
use crate::schema_version::{Schema, SchemaError};
use crate::store::sqlite::RESOURCES;

static SCHEMA: Schema = Schema {
    version: 2,
    tables: Cow::Borrowed(include_str!("../../sql/queue/schema.sql")),
    rewrites: &[(2, |connection| {
        connection.execute_batch(include_str!("../../sql/queue/know_events_by_their_time.sql"))
    })],
};
/// How long to wait for another process that writes to the same file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// About as long, for what answers "busy" without waiting.
const OPENING: RetryPolicy =
    RetryPolicy::new(100, Duration::from_millis(20)).up_to(Duration::from_millis(150));
/// The most pieces of work that one commit takes.
const LARGEST_BATCH: usize = 512;

/// The file could not be used.
#[derive(Debug, Clone, Error, Diagnostic)]
pub enum LedgerError {
    /// SQLite failed.
    #[error("could not {doing} in the file `{}`", path.display())]
    #[diagnostic(
        code(tabmap::refresh::ledger),
        help(
            "the file records the refreshes, and this user must be able to write to it; `file` under `[refresh]` in tabmap.toml names another one"
        )
    )]
    Failed {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: Failure,
    },
    /// A newer release wrote the file.
    #[error(
        "the file `{}` was written by a newer tabmap: it has schema version {found}, and this tabmap knows versions up to {known}",
        path.display()
    )]
    #[diagnostic(
        code(tabmap::refresh::newer_ledger),
        help(
            "nothing was changed. Update tabmap to the release that wrote the file, or name another one with `file` under \
             `[refresh]` in tabmap.toml"
        )
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this release knows.
        known: i64,
    },
    /// The file is the map.
    #[error("the file `{}` holds the map, and the refreshes need a file of their own", path.display())]
    #[diagnostic(
        code(tabmap::refresh::ledger_is_map),
        help("name another one with `file` under `[refresh]` in tabmap.toml")
    )]
    IsMap {
        /// The file.
        path: PathBuf,
    },
}

type Failure = Arc<rusqlite::Error>;
/// Tells who waits, once the commit has gone through or failed.
type OnCommit = Box<dyn FnOnce(Result<(), Failure>) + Send>;
type Work = Box<dyn FnOnce(Result<&Connection, Failure>) -> Done + Send>;

struct Done {
    keep: bool,
    answer: OnCommit,
}

/// The open file. Clones share it; it closes with the last.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
    work: Sender<Work>,
}

impl std::fmt::Debug for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Done").field("keep", &self.keep).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the file, and makes it and its tables where they are missing.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let open = || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(LOCK_TIMEOUT)?;
            patiently(|| Ok(connection.pragma_update(None, "journal_mode", "WAL")?))?;
            // What is answered as accepted must outlive a power cut too.
            connection.pragma_update(None, "synchronous", "FULL")?;
            Ok(connection)
        };
        Self::start(path, open)
    }

    /// Remembers for as long as the process lives.
    pub fn in_memory() -> Result<Self, LedgerError> {
        Self::start(Path::new(":memory:"), || Ok(Connection::open_in_memory()?))
    }

    fn start(
        path: &Path,
        open: impl FnOnce() -> Result<Connection, SchemaError>,
    ) -> Result<Self, LedgerError> {
        let failed = |error: SchemaError| match error {
            SchemaError::Newer { found, known } => LedgerError::Newer { path: path.to_owned(), found, known },
            SchemaError::Sqlite(source) => LedgerError::Failed {
                path: path.to_owned(),
                doing: "make the tables",
                source: Arc::new(source),
            },
        };
        let mut connection = open().map_err(failed)?;
        if connection.table_exists(None, RESOURCES).map_err(|error| failed(error.into()))? {
            return Err(LedgerError::IsMap { path: path.to_owned() });
        }
        patiently(|| SCHEMA.migrate(&mut connection)).map_err(failed)?;
        let place = Place::of(&connection);
        let (work, arriving) = channel();
        std::thread::spawn(move || serve(connection, place.as_ref(), &arriving));
        Ok(Self { path: path.to_owned(), work })
    }

    /// Writes what is there already, to see that the disk takes it.
    pub async fn probe(&self) -> Result<(), LedgerError> {
        let write = |connection: &Connection| connection.pragma_update(None, "user_version", SCHEMA.version);
        self.run("write", write).await
    }

    /// Runs `work` in a transaction; durable when this returns.
    pub async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let result = connection.and_then(|connection| work(connection).map_err(Arc::new));
            let keep = result.is_ok();
            let answer: OnCommit = Box::new(move |committed| {
                // Who asked may have given up meanwhile.
                let _ = answer.send(result.and_then(|value| committed.map(|()| value)));
            });
            Done { keep, answer }
        });
        // The thread lives as long as a sender does, so it takes the work and answers.
        let gone = || Arc::new(rusqlite::Error::InvalidQuery);
        let result = match self.work.send(work) {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(gone())),
            Err(_) => Err(gone()),
        };
        result.map_err(|source| LedgerError::Failed { path: self.path.clone(), doing, source })
    }
}

/// Tries again while another process opens the same new file: a change of the journal mode answers "busy" at once,
/// whatever the time limit for locks (sqlite.org, "Write-Ahead Logging").
fn patiently<T>(work: impl FnMut() -> Result<T, SchemaError>) -> Result<T, SchemaError> {
    let is_busy = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
    OPENING.run_blocking(work, |error| matches!(error, SchemaError::Sqlite(error) if is_busy(error)))
}

/// Where an open file was found. SQLite writes on to one that was moved or deleted, and nobody would find it again.
struct Place {
    path: PathBuf,
    identity: Option<Identity>,
}

/// What tells a file from another of the same name: device and inode, where the system has them.
type Identity = (u64, u64);

impl Place {
    /// None of a database in memory.
    fn of(connection: &Connection) -> Option<Self> {
        let path = PathBuf::from(connection.path().filter(|path| !path.is_empty())?);
        let identity = identity(&path);
        Some(Self { path, identity })
    }

    fn check(&self) -> Result<(), Failure> {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            return Ok(());
        }
        let moved = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY_DBMOVED);
        Err(Arc::new(rusqlite::Error::SqliteFailure(moved, Some("it was moved or deleted".to_owned()))))
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.is_file().then_some((0, 0))
}

fn serve(mut connection: Connection, place: Option<&Place>, arriving: &Receiver<Work>) {
    while let Ok(first) = arriving.recv() {
        let batch: Vec<Work> =
            std::iter::once(first).chain(arriving.try_iter().take(LARGEST_BATCH - 1)).collect();
        match place.map_or(Ok(()), Place::check) {
            Ok(()) => commit(&mut connection, batch),
            Err(error) => refuse(&error, batch),
        }
    }
}

fn refuse(error: &Failure, batch: Vec<Work>) {
    for work in batch {
        (work(Err(Arc::clone(error))).answer)(Ok(()));
    }
}

/// One transaction for all; each piece of work is done or undone by itself.
fn commit(connection: &mut Connection, batch: Vec<Work>) {
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => return refuse(&Arc::new(error), batch),
    };
    let mut answers = Vec::with_capacity(batch.len());
    for work in batch {
        let done = match transaction.savepoint() {
            Ok(savepoint) => {
                let done = work(Ok(&savepoint));
                let ended = if done.keep { savepoint.commit() } else { savepoint.finish() };
                (done.answer, ended.map_err(Arc::new))
            }
            Err(error) => (work(Err(Arc::new(error))).answer, Ok(())),
        };
        answers.push(done);
    }
    let committed = transaction.commit().map_err(Arc::new);
    for (answer, ended) in answers {
        answer(ended.and_then(|()| committed.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_fails_is_undone_and_what_went_before_it_stays() {
        let ledger = Ledger::in_memory().expect("a ledger");
        let insert = |connection: &Connection| {
            connection.execute("INSERT INTO STARTS (SERVER, SITE, AT_MS) VALUES ('s', 'x', 1)", [])
        };
        ledger.run("write", insert).await.expect("it is written");
        let failing = move |connection: &Connection| {
            insert(connection)?;
            Err::<(), _>(rusqlite::Error::QueryReturnedNoRows)
        };
        let error = ledger.run("fail", failing).await.expect_err("it fails");
        assert!(error.to_string().starts_with("could not fail in the file"), "{error}");
        let count = |connection: &Connection| {
            connection.query_row("SELECT COUNT(*) FROM STARTS", [], |row| row.get::<_, i64>(0))
        };
        assert_eq!(ledger.run("count", count).await.expect("a count"), 1);
    }

    #[test]
    fn file_that_is_busy_is_tried_again_and_other_failures_are_not() {
        let failing = |code: i32, times: u32| {
            let calls = std::cell::Cell::new(0);
            let result = patiently(|| {
                calls.set(calls.get() + 1);
                let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
                if calls.get() <= times { Err(error.into()) } else { Ok(()) }
            });
            (result.is_ok(), calls.get())
        };
        assert_eq!(failing(rusqlite::ffi::SQLITE_BUSY, 2), (true, 3));
        assert_eq!(failing(rusqlite::ffi::SQLITE_READONLY, 2), (false, 1));
    }
}
