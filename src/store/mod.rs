//! Where the map is kept.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use miette::Diagnostic;
use thiserror::Error;
use uuid::Uuid;

pub use self::lookup::{ChangeFilter, Found};
use crate::mapping::Mapping;
use crate::plan::Plan;
pub use crate::resource::matching::Lookup;
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};

mod address;
pub mod columns;
pub mod inspect;
mod lookup;
mod rows;
pub mod snowflake;
pub mod sqlite;
mod template;

pub use self::address::StoreAddress;

/// One run over one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Unique, and later runs sort later.
    pub id: Uuid,
    /// When the work on this site began.
    pub started_at: Timestamp,
    /// The version of this tool.
    pub tool_version: String,
}

impl Run {
    /// A run that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            id: Uuid::now_v7(),
            started_at: Timestamp::now(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// How a run ended, the `STATUS` column.
///
/// `applying` stands there while a run is on its way and after it died; the next run settles it as one of
/// these or as `abandoned`, when none of its changes reached the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// All was applied, and both kinds were listed completely.
    Complete,
    /// All was applied; of a kind whose listing was incomplete, only what REST answers 404 for was removed.
    Incomplete,
}

impl RunStatus {
    /// The status with which a run of `plan` ends.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        if plan.changes().snapshot.is_complete() { Self::Complete } else { Self::Incomplete }
    }

    /// The word of the `STATUS` column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
        }
    }
}

/// What [`Store::apply`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Rows of the map that were inserted, updated or deleted.
    pub rows_written: u64,
}

/// What [`Store::migrate`] did, one sentence each; empty when everything was there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migration {
    /// Such as "created table API__TABLEAU__RESOURCES".
    pub steps: Vec<String>,
}

/// One side of a change as the change log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The project, as far as it was known.
    pub project: ProjectPath,
    /// The name.
    pub name: String,
    /// The LUID.
    pub luid: Luid,
    /// What else was known of it.
    pub details: Details,
}

/// One change of a finished run, as the change log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedChange {
    /// The run that applied it.
    pub run_id: String,
    /// The snapshot time of that run.
    pub changed_at: Timestamp,
    /// The site.
    pub site: SiteName,
    /// Workbook or data source.
    pub kind: ResourceKind,
    /// `added`, `replaced`, `moved` or `removed`.
    pub change: String,
    /// The resource before; `None` when it was added.
    pub before: Option<Side>,
    /// The resource after; `None` when it was removed.
    pub after: Option<Side>,
}

/// How to create a map that is not there; `flags` name the store, where no setting does.
#[must_use]
pub fn how_to_create(flags: &str) -> String {
    format!("create it with `tabmap init{flags}`, or fill it at once with `tabmap backfill{flags}`")
}

impl RecordedChange {
    /// The resource as it was before; `None` when it was added.
    #[must_use]
    pub fn resource_before(&self) -> Option<Resource> {
        self.before.as_ref().map(|side| self.resource(side))
    }

    /// The resource as it was after; `None` when it was removed.
    #[must_use]
    pub fn resource_after(&self) -> Option<Resource> {
        self.after.as_ref().map(|side| self.resource(side))
    }

    /// Whether a filter lets it through.
    #[must_use]
    pub fn fits(&self, filter: &ChangeFilter) -> bool {
        let ChangeFilter { lookup, since, run_id } = filter;
        let sides = [self.resource_before(), self.resource_after()];
        let is_resource = |lookup: &Lookup| sides.iter().flatten().any(|side| lookup.fits(side));
        lookup.as_ref().is_none_or(is_resource)
            && since.is_none_or(|since| self.changed_at >= since)
            && run_id.as_ref().is_none_or(|run_id| self.run_id == *run_id)
    }

    fn resource(&self, side: &Side) -> Resource {
        let Side { project, name, luid, details } = side.clone();
        let key = ResourceKey { site: self.site.clone(), kind: self.kind, project, name };
        Resource { key, luid, details }
    }
}

/// What a map remembers of what it no longer holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// The changes of finished runs, oldest first, without what was `added`.
    pub changes: Vec<RecordedChange>,
    /// The snapshot time of each site's last complete sync.
    pub complete_at: BTreeMap<SiteName, Timestamp>,
}

/// Why a store could not do its work.
#[derive(Debug, Error, Diagnostic)]
pub enum StoreError {
    /// The tables are not there.
    #[error("{store} has no map yet: table {table} is missing")]
    #[diagnostic(code(tabmap::not_initialised), help("{remedy}"))]
    NotInitialised {
        /// The store, as the user named it.
        store: String,
        /// The first table that was missed.
        table: String,
        /// How to create it.
        remedy: String,
    },
    /// A table is of another tool or of an earlier version.
    #[error("table {table} of {store} has no {columns}")]
    #[diagnostic(
        code(tabmap::outdated),
        help("`tabmap init` adds what is missing, also where another tool made the table; its rows stay")
    )]
    Outdated {
        /// The store, as the user named it.
        store: String,
        /// The table.
        table: String,
        /// The columns that it lacks.
        columns: String,
    },
    /// A newer release wrote the map.
    #[error(
        "{store} was written by a newer tabmap: it has schema version {found}, and this tabmap knows versions up to {known}"
    )]
    #[diagnostic(
        code(tabmap::newer_schema),
        help("nothing was changed. Update tabmap to the release that wrote the map, or name another store")
    )]
    NewerSchema {
        /// The store, as the user named it.
        store: String,
        /// The version of the map.
        found: i64,
        /// The newest version that this release knows.
        known: i64,
    },
    /// A table of that name is there, and it is not ours.
    #[error("table {table} of {store} is not a map: {reason}")]
    #[diagnostic(
        code(tabmap::foreign_table),
        help(
            "nothing was changed. A map has at least the text columns RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME \
             and RESOURCE_ID; name another table in the configuration, or rename this one"
        )
    )]
    ForeignTable {
        /// The store, as the user named it.
        store: String,
        /// The table.
        table: String,
        /// What is missing or in the way.
        reason: String,
    },
    /// The map is of another Tableau server.
    #[error("this map belongs to the Tableau server {map}, and the run is for {run}; nothing was changed")]
    #[diagnostic(
        code(tabmap::other_server),
        help(
            "LUIDs of two servers must not be mixed: keep a map for each (`--store`, or other table names). If the server \
             was only renamed: `tabmap init --rename-server {map} {run}`"
        )
    )]
    OtherServer {
        /// The server of the map.
        map: String,
        /// The server of the run.
        run: String,
    },
    /// Another run finished after the mapping was loaded; nothing was written.
    #[error("another run changed the map during this one")]
    #[diagnostic(code(tabmap::mapping_changed), help("run it again"))]
    MappingChanged,
    /// A row of the map cannot be read.
    #[error("table {table} of {store} has a row that cannot be read: {reason}")]
    #[diagnostic(code(tabmap::unreadable_row), help("correct or delete that row"))]
    UnreadableRow {
        /// The store, as the user named it.
        store: String,
        /// The table.
        table: String,
        /// What is wrong with the row.
        reason: String,
    },
    /// The SQLite file failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sqlite(#[from] sqlite::SqliteError),
    /// Snowflake failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Snowflake(#[from] snowflake::SnowflakeError),
}

/// A place that keeps the map, the runs and the change log.
///
/// The contract, the same for every store:
///
/// - All of a plan or none of it, wherever the process dies. A run that died between the two is settled by the next.
/// - A plan that changes nothing writes its run row and not one row of the map.
/// - A plan is applied to the version of the mapping that it was made from, or not at all ([`StoreError::MappingChanged`]).
/// - A map belongs to one Tableau server ([`StoreError::OtherServer`]).
/// - No statement that writes is repeated without knowing what became of the first.
#[async_trait]
pub trait Store: Send + Sync {
    /// The store as the user named it, for messages: `sqlite:tabmap.db`.
    fn name(&self) -> String;

    /// The SQL that [`Store::migrate`] would run on an empty store, for people to read.
    fn schema_sql(&self) -> String;

    /// Creates what is missing and adopts a map that has only the first five columns, with its rows. May be
    /// run at any time. A map of a newer release is refused, where the store numbers its schema.
    async fn migrate(&self) -> Result<Migration, StoreError>;

    /// Makes the map that of `new`, where it is that of `old`: for a server that only changed its name. Returns how many
    /// runs were of the old one.
    async fn rename_server(&self, old: &str, new: &str) -> Result<u64, StoreError>;

    /// The sites that have rows, sorted.
    async fn sites(&self) -> Result<Vec<SiteName>, StoreError>;

    /// The rows of one site.
    async fn load(&self, site: &SiteName) -> Result<Mapping, StoreError>;

    /// The rows that fit on some sites, on all of them where none is named. Reads no others.
    async fn find(&self, lookup: &Lookup, sites: &[SiteName]) -> Result<Found, StoreError>;

    /// Writes a plan, its run row and its changes.
    async fn apply(&self, run: &Run, plan: &Plan) -> Result<Applied, StoreError>;

    /// The changes of finished runs that fit, oldest first.
    async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<RecordedChange>, StoreError>;

    /// All that was replaced, moved or removed on any site, and when each site was last synced completely.
    async fn past(&self) -> Result<Past, StoreError>;

    /// Aborts the statement that is running, if any: for Ctrl-C.
    async fn abort(&self);

    /// Ends the session.
    async fn close(&self) -> Result<(), StoreError>;
}
