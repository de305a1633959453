//! The sessions of one store: one for all that reads, and more where several plans are applied at the same time, since
//! each stages its rows in temporary tables of its session.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::connection::Connection;
use super::{Session, SessionOptions, SnowflakeError};

/// Whether other work may go on in the session at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// It reads.
    WithAll,
    /// It stages rows: nothing else that does may.
    WithReaders,
}

/// The open sessions, oldest first.
pub(super) struct Sessions {
    connection: Connection,
    options: SessionOptions,
    open: Mutex<Vec<Open>>,
}

struct Open {
    session: Arc<Session>,
    is_staging: bool,
}

/// A session for some work; whoever drops it gives it back.
pub(super) struct Lent<'a> {
    pub(super) session: Arc<Session>,
    share: Share,
    sessions: &'a Sessions,
}

impl Sessions {
    /// Opens none yet.
    pub(super) fn new(connection: Connection, options: SessionOptions) -> Self {
        Self { connection, options, open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The oldest session that fits, or a new one, which signs in with its first statement.
    pub(super) fn lend(&self, share: Share) -> Result<Lent<'_>, SnowflakeError> {
        let mut open = self.open();
        let is_staging = share == Share::WithReaders;
        let session = if let Some(fit) = open.iter_mut().find(|one| !(is_staging && one.is_staging)) {
            fit.is_staging |= is_staging;
            Arc::clone(&fit.session)
        } else {
            let session = Arc::new(Session::new(&self.connection, self.options.clone())?);
            open.push(Open { session: Arc::clone(&session), is_staging });
            session
        };
        Ok(Lent { session, share, sessions: self })
    }

    /// A session that has ended is lent no more.
    pub(super) fn forget(&self, session: &Arc<Session>) {
        self.open().retain(|one| !Arc::ptr_eq(&one.session, session));
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Session>> {
        self.open().iter().map(|one| Arc::clone(&one.session)).collect()
    }

    /// All of them, to be closed.
    pub(super) fn take(&self) -> Vec<Arc<Session>> {
        self.open().drain(..).map(|one| one.session).collect()
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if self.share == Share::WithReaders {
            let mut open = self.sessions.open();
            let mine = open.iter_mut().find(|one| Arc::ptr_eq(&one.session, &self.session));
            if let Some(mine) = mine {
                mine.is_staging = false;
            }
        }
    }
}
