//! The map in Snowflake: the only module that knows how to speak to it.
//!
//! ```text
//! connection   who we are and where Snowflake is, by the Snowflake CLI's rules
//! session      statements in, rows of text out          (the crate `snowflake-api`)
//! sessions     which work has which session
//! transport    what that crate cannot do, done below it
//! sql          the statements of sql/snowflake, and the names of the tables
//! quoting      names and values inside them
//! migrate, load, apply, staging   the work of the store
//! inspect      what `doctor` asks
//! objects      what stands around the tables: roles, the refresh procedure, tasks
//! ```
//!
//! A plan is applied without a transaction across round trips: its rows are staged in the session, then one MERGE
//! writes all of them if its guards still hold. `apply` tells the whole protocol.

mod apply;
mod client_name;
pub mod connection;
mod error;
mod inspect;
mod load;
mod migrate;
pub mod objects;
mod options;
mod place;
mod quoting;
mod refusals;
mod session;
mod sessions;
mod settings;
mod shapes;
mod sql;
mod staging;
mod transport;

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

use self::connection::Connection;
pub use self::error::{Fault, SnowflakeError};
pub use self::options::SessionOptions;
use self::place::Place;
pub use self::session::{Row, Session};
use self::sessions::{Sessions, Share};
pub use self::settings::SnowflakeSettings;
pub use self::sql::TableNames;
use super::{Applied, ChangeFilter, Found, Lookup, Migration, Past, RecordedChange, Run, Store, StoreError};
use crate::mapping::Mapping;
use crate::plan::Plan;
use crate::resource::SiteName;

/// How often work is begun again after its session ended or its connection broke.
const ATTEMPTS: u32 = 3;

/// Work of the store in one session.
type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The map in Snowflake.
pub struct SnowflakeStore {
    connection: Connection,
    place: Place,
    /// Opened when they are needed, replaced when they end before their time.
    sessions: Sessions,
}

impl SnowflakeStore {
    /// A store behind `connection`. Signs in with the first statement.
    #[must_use]
    pub fn new(connection: Connection, tables: TableNames, options: SessionOptions) -> Self {
        let place =
            Place { store: format!("snowflake:{}", connection.name), tables, creates_database: false };
        Self { place, sessions: Sessions::new(connection.clone(), options), connection }
    }

    /// The same store, which creates the database too where it is missing and the setting says so.
    #[must_use]
    pub fn creating_database(mut self, creates_database: bool) -> Self {
        self.place.creates_database = creates_database;
        self
    }

    /// Does `work` in a session that others may read in.
    async fn in_session<'a, T>(
        &'a self,
        work: impl Fn(Arc<Session>) -> Work<'a, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        self.in_session_shared(Share::WithAll, work).await
    }

    /// Does `work` in a session. When that ends under way, or when the fate of one of its statements is unknown,
    /// `work` begins again: it must find out what it has done already.
    async fn in_session_shared<'a, T>(
        &'a self,
        share: Share,
        work: impl Fn(Arc<Session>) -> Work<'a, T> + Send + Sync,
    ) -> Result<T, StoreError> {
        let mut attempt = 1;
        loop {
            let lent = self.sessions.lend(share)?;
            let result = work(Arc::clone(&lent.session)).await;
            let Err(StoreError::Snowflake(error)) = &result else {
                return result;
            };
            let ended = error.fault.is_session_ended();
            // Who has waited for the deadline is not made to wait for it again.
            let is_late = matches!(error.fault, Fault::DeadlinePassed { .. });
            if attempt == ATTEMPTS || is_late || !(ended || error.fault.is_outcome_unknown()) {
                return result;
            }
            tracing::warn!(doing = error.doing, reason = %error.fault, "starting over in Snowflake");
            if ended {
                self.sessions.forget(&lent.session);
            }
            attempt += 1;
        }
    }
}

#[async_trait]
impl Store for SnowflakeStore {
    fn name(&self) -> String {
        self.place.store.clone()
    }

    fn schema_sql(&self) -> String {
        migrate::schema_sql(&self.place)
    }

    async fn migrate(&self) -> Result<Migration, StoreError> {
        self.in_session(|session| Box::pin(async move { migrate::migrate(&self.place, &session).await }))
            .await
    }

    async fn rename_server(&self, old: &str, new: &str) -> Result<u64, StoreError> {
        self.in_session(|session| {
            Box::pin(async move { migrate::rename_server(&self.place, &session, old, new).await })
        })
        .await
    }

    async fn sites(&self) -> Result<Vec<SiteName>, StoreError> {
        self.in_session(|session| Box::pin(async move { load::sites(&self.place, &session).await })).await
    }

    async fn load(&self, site: &SiteName) -> Result<Mapping, StoreError> {
        self.in_session(|session| Box::pin(async move { load::mapping(&self.place, &session, site).await }))
            .await
    }

    async fn find(&self, lookup: &Lookup, sites: &[SiteName]) -> Result<Found, StoreError> {
        self.in_session(|session| {
            Box::pin(async move { load::find(&self.place, &session, lookup, sites).await })
        })
        .await
    }

    async fn apply(&self, run: &Run, plan: &Plan) -> Result<Applied, StoreError> {
        self.in_session_shared(Share::WithReaders, |session| {
            Box::pin(async move { apply::apply(&self.place, &session, run, plan).await })
        })
        .await
    }

    async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<RecordedChange>, StoreError> {
        self.in_session(|session| Box::pin(async move { load::changes(&self.place, &session, filter).await }))
            .await
    }

    async fn past(&self) -> Result<Past, StoreError> {
        self.in_session(|session| Box::pin(async move { load::past(&self.place, &session).await })).await
    }

    async fn abort(&self) {
        for session in self.sessions.all() {
            session.abort_running().await;
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        let mut closed = Ok(());
        for session in self.sessions.take() {
            closed = closed.and(session.close().await);
        }
        Ok(closed?)
    }
}
