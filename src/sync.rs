//! The flow for one site: load, snapshot, diff, approve, apply.
//!
//! [`Sync::site`] is the tour. How sites are spelt in rows of other tools is in `spelling`, what happens when another
//! run changes the map meanwhile in `again`, how several sites are gone through in `sites`, and how a source of another
//! server is told in `other_server`.

mod again;
pub mod choice;
mod other_server;
pub mod sites;
mod spelling;
mod synced;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::other_server::refuse_other_server;
pub use self::synced::{SyncError, SyncOutcome, Synced};
use crate::diff::{ChangeSet, diff, diff_rewriting_all};
use crate::mapping::Mapping;
use crate::plan::{Limits, Plan, Refused};
use crate::resource::SiteName;
use crate::snapshot::Snapshot;
use crate::source::Source;
use crate::store::{Run, Store, StoreError};

/// What a sync does with what it found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Writes what changed.
    #[default]
    Changes,
    /// Writes every row anew.
    EveryRow,
    /// Writes nothing.
    DryRun,
}

/// From where to where, and how far it may go.
#[derive(Clone, Copy)]
pub struct Sync<'a> {
    /// What we ask.
    pub source: &'a dyn Source,
    /// Where the map is kept.
    pub store: &'a dyn Store,
    /// What a run may not exceed.
    pub limits: Limits,
    /// What is written.
    pub mode: Mode,
    /// Whether the source takes its snapshots now, and does not read them from a recording.
    pub is_live: bool,
}

/// What of an approved plan was written.
struct Written {
    outcome: SyncOutcome,
    run_id: Option<String>,
    rows: u64,
}

impl Written {
    fn nothing(outcome: SyncOutcome) -> Self {
        Self { outcome, run_id: None, rows: 0 }
    }
}

impl Sync<'_> {
    /// Brings the map up to date with one site.
    pub async fn site(&self, site: &SiteName) -> Result<Synced, SyncError> {
        let started_at = Timestamp::now();
        let mapping = self.load(site).await?;
        let mut snapshot = self.snapshot(site, &mapping).await?;
        let mapping = spelling::as_signed_in(self.store, mapping, &snapshot).await?;
        spelling::warn_of_others(&mapping, &mut snapshot.header);
        let (changes, written) = again::when_the_map_changed(self.store, mapping, async |mapping| {
            let changes = Arc::new(self.diff(&snapshot, mapping));
            let written = match self.approve(&changes)? {
                Some(plan) => self.apply(started_at, &plan).await?,
                None => Written::nothing(SyncOutcome::Superseded),
            };
            Ok((changes, written))
        })
        .await?;
        Ok(Synced::of(snapshot, changes, written))
    }

    /// Before the snapshot: a map that is not there must not cost a listing, and a live snapshot is newer than all that
    /// the map holds now, whatever the clocks say.
    async fn load(&self, site: &SiteName) -> Result<Mapping, StoreError> {
        let mapping = spelling::in_the_map(self.store, site).await?;
        let run = self.source.server();
        match &mapping.server {
            Some(map) if *map != run => Err(StoreError::OtherServer { map: map.clone(), run }),
            _ => Ok(mapping),
        }
    }

    async fn snapshot(&self, site: &SiteName, mapping: &Mapping) -> Result<Snapshot, SyncError> {
        let snapshot = self.source.snapshot(site, mapping).await?;
        Ok(if self.is_live { snapshot.taken_after(mapping.newest_snapshot_at) } else { snapshot })
    }

    fn diff(&self, snapshot: &Snapshot, mapping: &Mapping) -> ChangeSet {
        match self.mode {
            Mode::EveryRow => diff_rewriting_all(snapshot, mapping),
            Mode::Changes | Mode::DryRun => diff(snapshot, mapping),
        }
    }

    /// The plan; `None` when the map is newer than a live snapshot, which another run brought meanwhile.
    fn approve(&self, changes: &Arc<ChangeSet>) -> Result<Option<Plan>, Refused> {
        match Plan::approve(Arc::clone(changes), self.limits) {
            Err(Refused::Superseded { .. }) if self.is_live => Ok(None),
            plan => plan.map(Some),
        }
    }

    async fn apply(&self, started_at: Timestamp, plan: &Plan) -> Result<Written, StoreError> {
        if self.mode == Mode::DryRun {
            return Ok(Written::nothing(SyncOutcome::Planned));
        }
        let run = Run { started_at, ..Run::begin() };
        let applied = self.store.apply(&run, plan).await?;
        let outcome = if plan.changes().is_empty() { SyncOutcome::Unchanged } else { SyncOutcome::Applied };
        Ok(Written { outcome, run_id: Some(run.id.to_string()), rows: applied.rows_written })
    }
}

impl Synced {
    fn of(snapshot: Snapshot, changes: Arc<ChangeSet>, written: Written) -> Self {
        let Written { outcome, run_id, rows } = written;
        Self { outcome, snapshot, changes, run_id, rows_written: rows }
    }
}
