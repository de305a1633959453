//! What `sync` and `backfill` have in common: which sites there are, going through them, and summing up.

use std::num::NonZeroUsize;
use std::path::Path;

use clap::Args;
use tracing::Instrument as _;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::interrupted;
use super::open::SourceOption;
use crate::config::{Config, ConfigError};
use crate::plan::{Limits, MaxRemoved};
use crate::report::sync::{SiteReport, SyncReport};
use crate::report::{Format, print_error, print_error_of};
use crate::resource::{ListedSite, SiteName, SiteState};
use crate::snapshot::Snapshot;
use crate::source::Source;
use crate::source::recording::Recording;
use crate::store::StoreError;
use crate::sync::choice::{Choice, Pattern, Shard, gone};
use crate::sync::sites::{Pace, each_site};
use crate::sync::{Mode, Sync, refuse_other_server};

/// The flags that both have.
#[derive(Debug, Args)]
pub(super) struct SyncOptions {
    /// The most resources that may be removed from a site: a number or a share of its rows, such as `30%`
    /// [default: 20% of its rows, or 10 of them]
    #[arg(long, value_name = "N|P%")]
    max_removed: Option<MaxRemoved>,
    /// All active sites of the server, which a server administrator may list (not on Tableau Cloud); signs in for that to
    /// the first site that is configured, or to the Default site
    #[arg(long)]
    pub all_sites: bool,
    /// Only sites whose content URL matches, in any case, such as `emea-*`; `Default` is the Default site; may be repeated
    #[arg(long, value_name = "GLOB")]
    include: Vec<Pattern>,
    /// No site whose content URL matches; may be repeated
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<Pattern>,
    /// Only part I of N of the sites, for N runs that share them; a site is always in the same part
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// How many sites are synced at the same time, where a connected app, users or tokens of their own sign in to them
    #[arg(long, value_name = "N", default_value = "4")]
    parallel: NonZeroUsize,
    /// Begin no other site after one that failed
    #[arg(long)]
    fail_fast: bool,
    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl SyncOptions {
    pub fn limits(&self, config: &Config) -> Limits {
        let is_for_this_run = self.max_removed.is_some();
        Limits { max_removed: self.max_removed.unwrap_or(config.limits.max_removed), is_for_this_run }
    }

    fn choice(&self) -> Choice {
        Choice { include: self.include.clone(), exclude: self.exclude.clone(), shard: self.shard }
    }

    /// The sites that the run is for, of those that are configured or of all of the server.
    pub async fn sites(&self, source: &SourceOption, config: &Config) -> Result<SitesOfRun, CommandError> {
        if !self.all_sites {
            return self.choose(config.sites()?.to_vec());
        }
        refuse_named_sites(config, "--all-sites")?;
        let at = config.site_to_list_at(None);
        let source = source.open(config, std::slice::from_ref(&at))?;
        let listed = tokio::select! {
            listed = source.sites(&at) => listed?,
            () = interrupted() => {
                source.abort().await;
                return Err(CommandError::Interrupted);
            }
        };
        let active = listed.iter().filter(|site| site.state == SiteState::Active);
        let chosen = self.choose(active.map(|site| site.name.clone()).collect())?;
        Ok(SitesOfRun { listed: Some(listed), ..chosen })
    }

    /// Those of `sites` that the run is for.
    pub fn choose(&self, sites: Vec<SiteName>) -> Result<SitesOfRun, CommandError> {
        let choice = self.choice();
        if !sites.iter().any(|site| choice.fits(site)) {
            let reason = format!("none of the {} sites is left", sites.len());
            let help =
                "compare them with the content URLs, the part after `/site/` in a browser's address bar"
                    .to_owned();
            return Err(
                ConfigError::Value { name: "`--include` and `--exclude`".to_owned(), reason, help }.into()
            );
        }
        let sites = sites.into_iter().filter(|site| choice.takes(site)).collect();
        Ok(SitesOfRun { sites, listed: None, choice })
    }
}

/// `--site` beside a flag that says which sites are meant.
pub(super) fn refuse_named_sites(config: &Config, flag: &str) -> Result<(), ConfigError> {
    if !config.is_site_asked {
        return Ok(());
    }
    let (name, reason) = ("--site".to_owned(), format!("`{flag}` already chooses the sites"));
    Err(ConfigError::Value { name, reason, help: "use only one of the two".to_owned() })
}

/// The sites that a run is for.
pub(super) struct SitesOfRun {
    /// Those to be synced, in their order.
    pub sites: Vec<SiteName>,
    /// All of the server, where it was asked.
    listed: Option<Vec<ListedSite>>,
    choice: Choice,
}

impl SitesOfRun {
    /// Their sources; nothing is sent yet.
    pub fn open(&self, source: &SourceOption, config: &Config) -> Result<Box<dyn Source>, CommandError> {
        match self.listed {
            Some(_) => source.open_listed(config, &self.sites),
            None => source.open(config, &self.sites),
        }
    }
}

/// What was done on the sites.
pub(super) struct SyncedSites {
    server: String,
    is_dry_run: bool,
    pub reports: Vec<SiteReport>,
    snapshots: Vec<Snapshot>,
    /// The exit code that sums it up.
    pub exit: Exit,
}

type OfSite = Result<(SiteReport, Option<Snapshot>), SiteReport>;

/// Syncs the sites. What was read of one is let go when it is done, unless it is `recorded`.
pub(super) async fn sync_sites(
    sync: Sync<'_>,
    run: &SitesOfRun,
    options: &SyncOptions,
    is_recorded: bool,
) -> Result<SyncedSites, CommandError> {
    refuse_other_server(sync.store, sync.source).await?;
    let sites = &run.sites;
    let pace = Pace { parallel: options.parallel, fail_fast: options.fail_fast };
    let may_overlap = |one: &SiteName, other: &SiteName| sync.source.may_overlap(one, other);
    let work = async |site: &SiteName| {
        let span = tracing::error_span!("sync", %site);
        sync_site(sync, site, sites.len() > 1, options.format, is_recorded).instrument(span).await
    };
    let results = each_site(sites, pace, may_overlap, work).await;
    let mut synced = SyncedSites {
        server: sync.source.server(),
        is_dry_run: sync.mode == Mode::DryRun,
        reports: Vec::new(),
        snapshots: Vec::new(),
        exit: Exit::Done,
    };
    for (site, result) in sites.iter().zip(results) {
        match result {
            Some(result) => synced.add(result),
            None => synced.reports.push(SiteReport::not_begun(site)),
        }
    }
    if let Some(listed) = &run.listed {
        synced.reports.extend(left_aside(sync, listed, &run.choice).await?);
        synced.reports.sort_by(|one, other| one.site().cmp(other.site()));
    }
    Ok(synced)
}

async fn sync_site(
    sync: Sync<'_>,
    site: &SiteName,
    is_one_of_several: bool,
    format: Format,
    is_recorded: bool,
) -> OfSite {
    match sync.site(site).await {
        Ok(synced) => {
            let report = SiteReport::of(&synced, format);
            Ok((report, is_recorded.then_some(synced.snapshot)))
        }
        Err(error) => {
            if is_one_of_several {
                print_error_of(site, &error);
            } else {
                print_error(&error);
            }
            Err(SiteReport::failed(site, &error))
        }
    }
}

/// The sites that cannot be synced: those that are not active, and those that only the map knows.
async fn left_aside(
    sync: Sync<'_>,
    listed: &[ListedSite],
    choice: &Choice,
) -> Result<Vec<SiteReport>, StoreError> {
    let rows = async |site: &SiteName| Ok::<_, StoreError>(sync.store.load(site).await?.rows.len());
    let mut reports = Vec::new();
    for ListedSite { name, state } in listed.iter().filter(|site| choice.takes(&site.name)) {
        if let SiteState::Inactive(state) = state {
            reports.push(SiteReport::inactive(name, state, rows(name).await?));
        }
    }
    let known = sync.store.sites().await?;
    for site in gone(&known, listed).into_iter().filter(|site| choice.takes(site)) {
        reports.push(SiteReport::gone(site, rows(site).await?));
    }
    Ok(reports)
}

impl SyncedSites {
    /// One site that was done by itself.
    pub fn of_one(server: String, mode: Mode, report: SiteReport) -> Self {
        let is_dry_run = mode == Mode::DryRun;
        Self { server, is_dry_run, reports: vec![report], snapshots: Vec::new(), exit: Exit::Done }
    }

    fn add(&mut self, result: OfSite) {
        match result {
            Ok((report, snapshot)) => {
                if !report.complete && self.exit == Exit::Done {
                    self.exit = Exit::Incomplete;
                }
                self.reports.push(report);
                self.snapshots.extend(snapshot);
            }
            Err(report) => {
                self.exit = Exit::Failed;
                self.reports.push(report);
            }
        }
    }

    pub fn print(&self, format: Format) -> Result<(), CommandError> {
        Ok(SyncReport::new(self.server.clone(), self.is_dry_run, &self.reports).print(format)?)
    }

    /// Writes the snapshots to a file, unless one of them is missing: an older recording is worth more than half a
    /// new one.
    pub fn record(&self, path: &Path) -> Result<(), CommandError> {
        if self.exit == Exit::Failed {
            tracing::warn!(file = %path.display(), "not recorded, because a site failed");
            return Ok(());
        }
        Ok(Recording::write(path, &self.server, &self.snapshots)?)
    }
}
