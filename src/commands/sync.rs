//! `tabmap sync`: the main job, each site once.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{CommandError, Exit, interrupted, open_store, tableau};
use crate::config::Config;
use crate::diff::{ChangeSet, diff, diff_rewriting_all};
use crate::mapping::Mapping;
use crate::plan::{Limits, MaxRemoved, Plan, Refused};
use crate::report::{Format, Outcome, SiteReport, SyncReport, print_error};
use crate::resource::SiteName;
use crate::snapshot::Snapshot;
use crate::source::Source;
use crate::source::metadata::MetadataSource;
use crate::source::recording::Recording;
use crate::store::{Run, Store, StoreError};

/// How often a plan is made anew because another run changed the map meanwhile.
const ATTEMPTS: u32 = 5;

/// Bring the map up to date with Tableau, each site once
#[derive(Debug, Args)]
pub struct Sync {
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: exit with 3 when something would change
    #[arg(long, requires = "dry_run")]
    exit_code: bool,
    /// Take the snapshot from a file that --record wrote, in place of Tableau
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Write the snapshot to a file too
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    record: Option<PathBuf>,
    /// The most resources that may be removed from a site: a number or a share of its rows, such as `30%`
    /// [default: 20% of its rows, or 10 of them]
    #[arg(long, value_name = "N|P%")]
    max_removed: Option<MaxRemoved>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Sync {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let (source, sites): (Arc<dyn Source>, _) = match &self.from {
            Some(path) => {
                let recording = Recording::read(path)?;
                let sites = if config.sites.is_empty() { recording.sites() } else { config.sites.clone() };
                (Arc::new(recording), sites)
            }
            None => {
                config.server()?;
                let sites = config.sites()?.to_vec();
                (Arc::new(MetadataSource::new(tableau(config)?)), sites)
            }
        };
        let job = Job {
            source,
            store: open_store(config)?,
            sites,
            limits: Limits { max_removed: self.max_removed.unwrap_or(config.limits.max_removed) },
            is_live: self.from.is_none(),
            dry_run: self.dry_run,
            rewrite_all: false,
            record: self.record,
        };
        let (reports, exit) = job.run().await?;
        let has_changes = reports.iter().any(SiteReport::has_changes);
        SyncReport::new(job.source.server(), self.dry_run, reports).print(self.format)?;
        Ok(if exit == Exit::Done && self.exit_code && has_changes { Exit::Found } else { exit })
    }
}

/// Sites to sync, from where to where.
pub(super) struct Job {
    pub source: Arc<dyn Source>,
    pub store: Arc<dyn Store>,
    pub sites: Vec<SiteName>,
    pub limits: Limits,
    /// Whether snapshots are taken now, and not read from a recording.
    pub is_live: bool,
    pub dry_run: bool,
    pub rewrite_all: bool,
    pub record: Option<PathBuf>,
}

impl Job {
    /// Syncs one site after the other; one that fails does not keep the others from their turn.
    pub async fn run(&self) -> Result<(Vec<SiteReport>, Exit), CommandError> {
        let result = tokio::select! {
            result = self.sync_all() => result,
            () = interrupted() => {
                self.store.abort().await;
                self.source.abort().await;
                Err(CommandError::Interrupted)
            }
        };
        // What was done is done; a session that cannot be closed ends by itself.
        if let Err(error) = self.store.close().await {
            tracing::debug!(reason = %error, "could not close the store's session");
        }
        result
    }

    async fn sync_all(&self) -> Result<(Vec<SiteReport>, Exit), CommandError> {
        let mut reports = Vec::new();
        let mut snapshots = Vec::new();
        let mut exit = Exit::Done;
        for site in &self.sites {
            match self.sync_site(site, &mut snapshots).await {
                Ok(report) => {
                    if !report.complete && exit == Exit::Done {
                        exit = Exit::Incomplete;
                    }
                    reports.push(report);
                }
                Err(error) => {
                    print_error(&error);
                    reports.push(SiteReport::failed(site, &error));
                    exit = Exit::Failed;
                }
            }
        }
        if let Some(path) = &self.record {
            Recording::write(path, &self.source.server(), &snapshots)?;
        }
        Ok((reports, exit))
    }

    /// The flow: load, snapshot, diff, approve, apply.
    async fn sync_site(&self, site: &SiteName, snapshots: &mut Vec<Snapshot>) -> Result<SiteReport, CommandError> {
        let run = Run::begin();
        // Loaded before the snapshot: a map that cannot be written must not cost a listing, and a live snapshot
        // is newer than what the map holds now, whatever the clocks say.
        let mut mapping = self.store.load(&self.stored_spelling(site).await?).await?;
        self.refuse_other_server(&mapping)?;
        let mut snapshot = self.source.snapshot(site).await?;
        if self.is_live {
            snapshot = snapshot.taken_after(mapping.newest_snapshot_at);
        }
        if self.record.is_some() {
            snapshots.push(snapshot.clone());
        }
        if mapping.site != snapshot.header.site {
            mapping = self.store.load(&snapshot.header.site).await?;
        }
        for _ in 0..ATTEMPTS {
            let changes = self.compare(&snapshot, &mapping);
            let plan = match Plan::approve(changes.clone(), self.limits) {
                Ok(plan) => plan,
                Err(Refused::Superseded { .. }) if self.is_live => {
                    return Ok(SiteReport::of(&changes, Outcome::Superseded, None, 0));
                }
                Err(refused) => return Err(refused.into()),
            };
            if self.dry_run {
                return Ok(SiteReport::of(&changes, Outcome::Planned, None, 0));
            }
            match self.store.apply(&run, &plan).await {
                Ok(applied) => {
                    let outcome = if changes.is_empty() { Outcome::Unchanged } else { Outcome::Applied };
                    return Ok(SiteReport::of(&changes, outcome, Some(run.id.to_string()), applied.rows_written));
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

    fn compare(&self, snapshot: &Snapshot, mapping: &Mapping) -> ChangeSet {
        if self.rewrite_all { diff_rewriting_all(snapshot, mapping) } else { diff(snapshot, mapping) }
    }

    /// People write `mysite` and `Default`; rows carry what sign-in answered.
    async fn stored_spelling(&self, site: &SiteName) -> Result<SiteName, StoreError> {
        let known = self.store.sites().await?;
        Ok(known.into_iter().find(|known| known.is_same_site(site)).unwrap_or_else(|| site.clone()))
    }

    fn refuse_other_server(&self, mapping: &Mapping) -> Result<(), StoreError> {
        let run = self.source.server();
        match &mapping.server {
            Some(map) if *map != run => Err(StoreError::OtherServer { map: map.clone(), run }),
            _ => Ok(()),
        }
    }
}
