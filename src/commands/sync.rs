//! `tabmap sync`: the main job, each site once.

use std::path::PathBuf;

use clap::Args;

use super::{CommandError, Exit, interrupted, open_store, tableau};
use crate::config::Config;
use crate::plan::{Limits, MaxRemoved};
use crate::report;
use crate::report::sync::{SiteReport, SyncReport};
use crate::report::{Format, print_error};
use crate::resource::SiteName;
use crate::source::metadata::MetadataSource;
use crate::source::recording::Recording;
use crate::store::Store;
use crate::sync::{self, Mode};

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
    #[command(flatten)]
    options: SyncOptions,
}

/// What `sync` and `backfill` have in common.
#[derive(Debug, Args)]
pub(super) struct SyncOptions {
    /// The most resources that may be removed from a site: a number or a share of its rows, such as `30%`
    /// [default: 20% of its rows, or 10 of them]
    #[arg(long, value_name = "N|P%")]
    max_removed: Option<MaxRemoved>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl SyncOptions {
    pub fn limits(&self, config: &Config) -> Limits {
        Limits { max_removed: self.max_removed.unwrap_or(config.limits.max_removed) }
    }
}

impl Sync {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let store = open_store(config)?;
        let mode = if self.dry_run { Mode::DryRun } else { Mode::Changes };
        let limits = self.options.limits(config);
        let (reports, exit) = if let Some(path) = &self.from {
            let recording = Recording::read(path)?;
            let sites = if config.sites.is_empty() { recording.sites() } else { config.sites.clone() };
            let sync = sync::Sync { source: &recording, store: store.as_ref(), limits, mode, is_live: false };
            sync_sites(sync, &sites, None, self.options.format).await?
        } else {
            let source = MetadataSource::new(tableau(config)?).with_progress(report::progress());
            let sync = sync::Sync { source: &source, store: store.as_ref(), limits, mode, is_live: true };
            sync_sites(sync, config.sites()?, self.record, self.options.format).await?
        };
        let has_changes = reports.iter().any(SiteReport::has_changes);
        Ok(if exit == Exit::Done && self.exit_code && has_changes { Exit::Found } else { exit })
    }
}

/// Syncs one site after the other and prints the report.
pub(super) async fn sync_sites(
    sync: sync::Sync<'_>,
    sites: &[SiteName],
    record: Option<PathBuf>,
    format: Format,
) -> Result<(Vec<SiteReport>, Exit), CommandError> {
    let result = tokio::select! {
        result = sync_each(sync, sites, record) => result,
        () = interrupted() => {
            sync.store.abort().await;
            sync.source.abort().await;
            Err(CommandError::Interrupted)
        }
    };
    close(sync.store).await;
    let (reports, exit) = result?;
    SyncReport::new(sync.source.server(), sync.mode == Mode::DryRun, &reports).print(format)?;
    Ok((reports, exit))
}

/// A site that fails does not keep the others from their turn.
async fn sync_each(
    sync: sync::Sync<'_>,
    sites: &[SiteName],
    record: Option<PathBuf>,
) -> Result<(Vec<SiteReport>, Exit), CommandError> {
    let mut reports = Vec::new();
    let mut snapshots = Vec::new();
    let mut exit = Exit::Done;
    for site in sites {
        match sync.site(site).await {
            Ok(synced) => {
                let report = SiteReport::of(&synced);
                if !report.complete && exit == Exit::Done {
                    exit = Exit::Incomplete;
                }
                reports.push(report);
                snapshots.push(synced.snapshot);
            }
            Err(error) => {
                print_error(&error);
                reports.push(SiteReport::failed(site, &error));
                exit = Exit::Failed;
            }
        }
    }
    if let Some(path) = record {
        Recording::write(&path, &sync.source.server(), &snapshots)?;
    }
    Ok((reports, exit))
}

/// What was done is done; a session that cannot be closed ends by itself.
async fn close(store: &dyn Store) {
    if let Err(error) = store.close().await {
        tracing::debug!(reason = %error, "could not close the store's session");
    }
}
