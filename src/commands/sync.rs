//! `tabmap sync`: the main job, each site once.

use std::path::PathBuf;

use clap::Args;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::with_store;
use super::open::SourceOption;
use super::remove_site::remove_site;
use super::sites::{SyncOptions, SyncedSites, refuse_named_sites, sync_sites};
use crate::config::Config;
use crate::report::sync::SiteReport;
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
    /// Read the snapshot from a file that --record wrote, instead of asking Tableau
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "all_sites"])]
    from: Option<PathBuf>,
    /// Write the snapshot to a file too
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    record: Option<PathBuf>,
    /// Remove all rows of a site that was deleted or suspended in Tableau, and do nothing else
    #[arg(long, value_name = "SITE", conflicts_with_all = [
        "from", "record", "all_sites", "include", "exclude", "shard", "max_removed", "fail_fast",
    ])]
    remove_site: Option<String>,
    #[command(flatten)]
    source: SourceOption,
    #[command(flatten)]
    options: SyncOptions,
}

impl Sync {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let mode = if self.dry_run { Mode::DryRun } else { Mode::Changes };
        if let Some(site) = &self.remove_site {
            return self.remove(config, mode, site).await;
        }
        let limits = self.options.limits(config);
        self.record.as_deref().map_or(Ok(()), Recording::check_place)?;
        let (source, run): (Box<dyn Source>, _) = if let Some(path) = &self.from {
            let recording = Recording::read(path)?;
            let sites = if config.sites.is_empty() { recording.sites() } else { config.sites.clone() };
            (Box::new(recording), self.options.choose(sites)?)
        } else {
            let run = self.options.sites(&self.source, config).await?;
            (run.open(&self.source, config)?, run)
        };
        let source = source.as_ref();
        let is_live = self.from.is_none();
        let synced = with_store(config, Some(source), async |store| {
            let sync = sync::Sync { source, store, limits, mode, is_live };
            sync_sites(sync, &run, &self.options, self.record.is_some()).await
        });
        let synced = synced.await?;
        // Neither a closed stdout costs the recording, nor a full disk the report.
        let recorded = self.record.as_deref().map_or(Ok(()), |path| synced.record(path));
        synced.print(self.options.format)?;
        recorded?;
        Ok(self.exit(&synced))
    }

    async fn remove(&self, config: &Config, mode: Mode, site: &str) -> Result<Exit, CommandError> {
        refuse_named_sites(config, "--remove-site")?;
        let site = config.site_of_flag("--remove-site", site)?;
        let format = self.options.format;
        let removed = with_store(config, None, async |store| {
            remove_site(config, &self.source, store, mode, &site).await
        });
        let synced =
            SyncedSites::of_one(config.server()?.identity(), mode, SiteReport::of(&removed.await?, format));
        synced.print(format)?;
        Ok(self.exit(&synced))
    }

    fn exit(&self, synced: &SyncedSites) -> Exit {
        let found = self.exit_code && synced.reports.iter().any(SiteReport::has_changes);
        match synced.exit {
            Exit::Done if found => Exit::Found,
            Exit::Incomplete if self.accept_incomplete => Exit::Done,
            exit => exit,
        }
    }
}
