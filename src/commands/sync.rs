//! `tabmap sync`: the main job, each site once.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::with_store;
use super::open::SourceOption;
use crate::config::Config;
use crate::plan::{Limits, MaxRemoved};
use crate::report::sync::{SiteReport, SyncReport};
use crate::report::{Format, print_error};
use crate::resource::SiteName;
use crate::snapshot::Snapshot;
use crate::source::Source;
use crate::source::recording::Recording;
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
    /// Exit with 0 in place of 4 when a listing was incomplete, for schedulers that know no code between done and failed
    #[arg(long)]
    accept_incomplete: bool,
    /// Take the snapshot from a file that --record wrote, in place of Tableau
    #[arg(long, value_name = "FILE", conflicts_with = "source")]
    from: Option<PathBuf>,
    /// Write the snapshot to a file too
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    record: Option<PathBuf>,
    #[command(flatten)]
    source: SourceOption,
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
        let is_for_this_run = self.max_removed.is_some();
        Limits { max_removed: self.max_removed.unwrap_or(config.limits.max_removed), is_for_this_run }
    }
}

impl Sync {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let mode = if self.dry_run { Mode::DryRun } else { Mode::Changes };
        let limits = self.options.limits(config);
        self.record.as_deref().map_or(Ok(()), Recording::check_place)?;
        let (source, sites): (Box<dyn Source>, _) = if let Some(path) = &self.from {
            let recording = Recording::read(path)?;
            let sites = if config.sites.is_empty() { recording.sites() } else { config.sites.clone() };
            (Box::new(recording), sites)
        } else {
            let sites = config.sites()?.to_vec();
            (self.source.open(config)?, sites)
        };
        let source = source.as_ref();
        let is_live = self.from.is_none();
        let synced = with_store(config, Some(source), async |store| {
            sync_sites(sync::Sync { source, store, limits, mode, is_live }, &sites).await
        });
        let synced = synced.await?;
        // Neither a closed stdout costs the recording, nor a full disk the report.
        let recorded = self.record.as_deref().map_or(Ok(()), |path| synced.record(path));
        synced.print(self.options.format)?;
        recorded?;
        let found = self.exit_code && synced.reports.iter().any(SiteReport::has_changes);
        Ok(match synced.exit {
            Exit::Done if found => Exit::Found,
            Exit::Incomplete if self.accept_incomplete => Exit::Done,
            exit => exit,
        })
    }
}

/// What was done on the sites.
pub(super) struct SyncedSites {
    server: String,
    is_dry_run: bool,
    reports: Vec<SiteReport>,
    snapshots: Vec<Snapshot>,
    /// The exit code that sums it up.
    pub exit: Exit,
}

/// Syncs one site after the other; one that fails does not keep the others from their turn.
pub(super) async fn sync_sites(
    sync: sync::Sync<'_>,
    sites: &[SiteName],
) -> Result<SyncedSites, CommandError> {
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
    let (server, is_dry_run) = (sync.source.server(), sync.mode == Mode::DryRun);
    Ok(SyncedSites { server, is_dry_run, reports, snapshots, exit })
}

impl SyncedSites {
    pub fn print(&self, format: Format) -> Result<(), CommandError> {
        Ok(SyncReport::new(self.server.clone(), self.is_dry_run, &self.reports).print(format)?)
    }

    /// Writes the snapshots to a file, unless one of them is missing: an older recording is worth more than half a
    /// new one.
    fn record(&self, path: &Path) -> Result<(), CommandError> {
        if self.exit == Exit::Failed {
            tracing::warn!(file = %path.display(), "not recorded, because a site failed");
            return Ok(());
        }
        Ok(Recording::write(path, &self.server, &self.snapshots)?)
    }
}
