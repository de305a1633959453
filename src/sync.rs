//! The flow for one site: load, snapshot, diff, approve, apply.

use jiff::Timestamp;
use miette::Diagnostic;
use serde::Serialize;
use thiserror::Error;

use crate::diff::{ChangeSet, diff, diff_rewriting_all};
use crate::mapping::Mapping;
use crate::plan::{Limits, Plan, Refused};
use crate::resource::SiteName;
use crate::snapshot::Snapshot;
use crate::source::{Source, SourceError};
use crate::store::{Run, Store, StoreError};

/// How often a plan is made anew because another run changed the map meanwhile.
const ATTEMPTS: u32 = 5;

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

/// How the work on one site ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The map says what the site says; nothing was to be written.
    Unchanged,
    /// The changes were applied.
    Applied,
    /// A dry run: these changes would be applied.
    Planned,
    /// Another run was faster and newer; nothing was to be done.
    Superseded,
    /// It could not be done; nothing was written.
    Failed,
}

/// What was done on one site.
#[derive(Debug, Clone)]
pub struct Synced {
    /// How it ended.
    pub outcome: Outcome,
    /// What the site looked like.
    pub snapshot: Snapshot,
    /// How that differed from the map.
    pub changes: ChangeSet,
    /// The run, if one was written.
    pub run_id: Option<String>,
    /// Rows of the map that were inserted, updated or deleted.
    pub rows_written: u64,
}

/// Why a site was not synced.
#[derive(Debug, Error, Diagnostic)]
pub enum SyncError {
    /// It could not be listed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Source(#[from] SourceError),
    /// The map could not be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// The changes were not approved.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refused(#[from] Refused),
}

impl Sync<'_> {
    /// Brings the map up to date with one site.
    pub async fn site(&self, site: &SiteName) -> Result<Synced, SyncError> {
        let started_at = Timestamp::now();
        // Loaded before the snapshot: a map that is not there must not cost a listing, and a live snapshot is
        // newer than all that the map holds now, whatever the clocks say.
        let mut mapping = self.store.load(&self.stored_spelling(site).await?).await?;
        self.refuse_other_server(&mapping)?;
        let mut snapshot = self.source.snapshot(site, &mapping).await?;
        if self.is_live {
            snapshot = snapshot.taken_after(mapping.newest_snapshot_at);
        }
        self.warn_of_other_spellings(&mut snapshot).await?;
        if mapping.site != snapshot.header.site {
            mapping = self.store.load(&snapshot.header.site).await?;
        }
        if mapping.misspelt_rows > 0 {
            snapshot.header.notes.warnings.push(format!(
                "{} rows are not kept up to date, because their RESOURCE_TYPE is not written `workbook` or `datasource`: \
                 update or delete them",
                mapping.misspelt_rows
            ));
        }
        for _ in 0..ATTEMPTS {
            let changes = match self.mode {
                Mode::EveryRow => diff_rewriting_all(&snapshot, &mapping),
                Mode::Changes | Mode::DryRun => diff(&snapshot, &mapping),
            };
            let done = |outcome, run_id, rows_written| Synced {
                outcome,
                snapshot: snapshot.clone(),
                changes: changes.clone(),
                run_id,
                rows_written,
            };
            let plan = match Plan::approve(changes.clone(), self.limits) {
                Ok(plan) => plan,
                Err(Refused::Superseded { .. }) if self.is_live => {
                    return Ok(done(Outcome::Superseded, None, 0));
                }
                Err(refused) => return Err(refused.into()),
            };
            if self.mode == Mode::DryRun {
                return Ok(done(Outcome::Planned, None, 0));
            }
            let run = Run { started_at, ..Run::begin() };
            match self.store.apply(&run, &plan).await {
                Ok(applied) => {
                    let outcome = if changes.is_empty() { Outcome::Unchanged } else { Outcome::Applied };
                    return Ok(done(outcome, Some(run.id.to_string()), applied.rows_written));
                }
                Err(StoreError::MappingChanged) => {
                    tracing::info!(%site, "another run changed the map, comparing again");
                    mapping = self.store.load(&snapshot.header.site).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::MappingChanged.into())
    }

    /// People write `mysite`; rows carry what sign-in answered.
    async fn stored_spelling(&self, site: &SiteName) -> Result<SiteName, StoreError> {
        let known = self.store.sites().await?;
        Ok(known.into_iter().find(|known| known.is_same_site(site)).unwrap_or_else(|| site.clone()))
    }

    /// Rows of another tool may spell the site otherwise; callers would meet them beside ours, and no sync owns them.
    async fn warn_of_other_spellings(&self, snapshot: &mut Snapshot) -> Result<(), StoreError> {
        let header = &mut snapshot.header;
        for other in self.store.sites().await? {
            let is_default =
                header.site.as_str().is_empty() && other.as_str().eq_ignore_ascii_case("default");
            if is_default || other.is_same_site(&header.site) && other != header.site {
                header.notes.warnings.push(format!(
                    "rows with SITE_ID '{}' are not kept up to date: Tableau spells the site '{}'; update or delete them",
                    other.as_str(),
                    header.site.as_str()
                ));
            }
        }
        Ok(())
    }

    fn refuse_other_server(&self, mapping: &Mapping) -> Result<(), StoreError> {
        let run = self.source.server();
        match &mapping.server {
            Some(map) if *map != run => Err(StoreError::OtherServer { map: map.clone(), run }),
            _ => Ok(()),
        }
    }
}
