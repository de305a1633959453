//! What `doctor` asks of a store. Nothing here writes.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{Store, StoreError};
use crate::resource::SiteName;

/// A store that was reached.
#[derive(Debug, Clone)]
pub struct Reached {
    /// What it says of itself, a sentence each.
    pub said: Vec<String>,
    /// How far its clock is ahead of this machine's, at the least.
    pub clock: Clock,
}

/// A store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// It is this machine's.
    Ours,
    /// It is ahead by this much at the least; `None` where the store does not tell.
    Its(Option<SignedDuration>),
}

/// The tables, all of them there.
#[derive(Debug, Clone)]
pub struct TablesSeen {
    /// Each with the number of its columns.
    pub tables: Vec<(String, usize)>,
    /// The schema version that the store carries, where it carries one, and the one that this release writes.
    pub version: Option<[i64; 2]>,
}

/// What the store lets this program do.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// As whom, a sentence each.
    pub held: Vec<String>,
    /// What it does not let it do.
    pub missing: Vec<String>,
    /// What to do about that, a line each.
    pub remedy: Vec<String>,
}

/// The runs of one site, on one server, with one status.
#[derive(Debug, Clone)]
pub struct RunGroup {
    /// The site.
    pub site: SiteName,
    /// The Tableau server.
    pub server: String,
    /// The `STATUS` column.
    pub status: String,
    /// How many.
    pub count: u64,
    /// When the newest of them began.
    pub started_at: Option<Timestamp>,
    /// The time of the newest snapshot among them.
    pub snapshot_at: Option<Timestamp>,
}

/// What executes statements.
#[derive(Debug, Clone)]
pub enum Compute {
    /// This program does.
    Own,
    /// Nothing: the session has no warehouse.
    Missing,
    /// A warehouse of this name, which the role does not see.
    Hidden(String),
    /// A warehouse.
    Warehouse(Warehouse),
}

/// A warehouse of Snowflake.
#[derive(Debug, Clone)]
pub struct Warehouse {
    /// Its name.
    pub name: String,
    /// Such as `SUSPENDED`.
    pub state: String,
    /// Such as `X-Small`.
    pub size: String,
    /// After how many idle seconds it is suspended; `None`: never.
    pub auto_suspend: Option<u64>,
    /// Whether a statement starts it.
    pub auto_resume: bool,
}

/// The network policy that a programmatic access token is bound to.
#[derive(Debug, Clone)]
pub enum TokenPolicy {
    /// Nothing is signed in with such a token here, but in this way.
    NoToken(String),
    /// The user's policy, or else the account's.
    Policy(String),
    /// There is none.
    Missing {
        /// The user.
        user: String,
    },
}

/// A store that can be looked at.
#[async_trait]
pub trait Inspect: Store {
    /// Reaches the store, and signs in to it.
    async fn reach(&self) -> Result<Reached, StoreError>;

    /// Looks at the tables; an error says what they lack.
    async fn tables_seen(&self) -> Result<TablesSeen, StoreError>;

    /// What this program may do with them.
    async fn access(&self) -> Result<Access, StoreError>;

    /// The runs, in groups.
    async fn run_groups(&self) -> Result<Vec<RunGroup>, StoreError>;

    /// What executes statements.
    async fn compute(&self) -> Result<Compute, StoreError>;

    /// The network policy that a token needs.
    async fn token_policy(&self) -> Result<TokenPolicy, StoreError>;
}
