//! `tabmap check`: stale ids and names, found in CI before they fail at night.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use miette::Diagnostic;
use thiserror::Error;

use super::{CommandError, Exit, interrupted, open_store, tableau};
use crate::check::finding::{Finding, Severity};
use crate::check::fix::{self, FixError};
use crate::check::knowledge::{Knowledge, SiteView};
use crate::check::settings::{Settings, parse_age};
use crate::check::{self, NoSuchPath, Outcome, map};
use crate::config::{Config, ServerUrl};
use crate::diff::{ChangeSet, diff};
use crate::mapping::Mapping;
use crate::report;
use crate::report::check::{CheckFormat, CheckReport};
use crate::resource::SiteName;
use crate::snapshot::Snapshot;
use crate::source::Source;
use crate::source::metadata::MetadataSource;
use crate::store::{Past, Store, StoreError};

/// Report stale ids and names: in the map, and in the files below PATHS
///
/// Is the map true? Each row is compared with Tableau, and the last complete sync must not be older than --max-age.
/// Are the references true? Files below PATHS are searched for calls of the refresh procedure, addresses of Tableau,
/// exposures of dbt, LUIDs that the map knows or knew, and lists in `tabmap-refs.toml`; what `.gitignore` leaves out
/// is left out. References are judged by what Tableau lists now; the map's change log says what became of the rest.
///
/// With --offline the map alone answers, and no access to Tableau is needed; with --live Tableau alone.
///
/// `# tabmap: ignore CODE` on a line silences a finding there. Exit code 3: findings of severity error remain.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Check {
    /// Files and folders to search [default: the working directory]
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Use the map alone, as of its last sync; ask nothing of Tableau
    #[arg(long, conflicts_with = "live")]
    offline: bool,
    /// Use Tableau alone; leave the map out of it
    #[arg(long)]
    live: bool,
    /// How old the last complete sync of the map may be [default: 26h]
    #[arg(long, value_name = "DURATION", value_parser = parse_age)]
    max_age: Option<SignedDuration>,
    /// Put successors in the place of replaced LUIDs and numbers in addresses, where they are certain
    #[arg(long)]
    fix: bool,
    /// With --fix: show the changes and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Exit with 0 whatever is found
    #[arg(long)]
    no_exit_code: bool,
    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// Why nothing could be checked.
#[derive(Debug, Error, Diagnostic)]
pub enum CheckError {
    /// A path that is not there.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Path(#[from] NoSuchPath),
    /// A file that could not be corrected.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fix(#[from] FixError),
    /// A map without a single row.
    #[error("the map in {0} is empty: there is nothing to check by")]
    #[diagnostic(
        code(tabmap::check::empty_map),
        help("fill it with `tabmap sync`, or ask Tableau with `--live`")
    )]
    EmptyMap(String),
    /// The search ended before its time.
    #[error("the search of the files broke off")]
    #[diagnostic(code(tabmap::check::broke_off))]
    BrokeOff,
}

/// All that references are judged by.
#[derive(Default)]
struct Evidence {
    mappings: Vec<Mapping>,
    snapshots: Vec<Snapshot>,
    past: Past,
    server: Option<String>,
}

impl Check {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let evidence = self.evidence(config).await?;
        let changes = evidence.changes();
        let views = evidence.views(&changes);
        let mut findings = Vec::new();
        if !self.live {
            findings.extend(views.iter().flat_map(|view| map::check(view, &config.check)));
            findings.extend(self.ages(config, &evidence));
        }
        let mut hosts = config.check.hosts.clone();
        hosts.extend(evidence.server.clone().or_else(|| config.server.as_ref().map(ServerUrl::identity)));
        let knowledge = Knowledge::of(hosts, &views, &evidence.past);
        let Outcome { findings: in_files, files, counts } =
            self.search(knowledge, config.check.clone()).await?;
        findings.extend(in_files);
        Finding::sort(&mut findings);

        let fixed = if self.fix {
            Some(fix::apply(&mut findings, !self.dry_run).map_err(CheckError::Fix)?)
        } else {
            None
        };
        let report = CheckReport { findings, files, counts, fixed, dry_run: self.dry_run };
        report.print(self.format, config.environment.get("GITHUB_STEP_SUMMARY").map(Path::new))?;
        let has_errors = report.count(Severity::Error) > 0;
        Ok(if has_errors && !self.no_exit_code { Exit::Found } else { Exit::Done })
    }

    async fn evidence(&self, config: &Config) -> Result<Evidence, CommandError> {
        let mut evidence = Evidence::default();
        // The map first: one that is not there must not cost a listing.
        if !self.live {
            let store = open_store(config)?;
            let loaded = tokio::select! {
                loaded = evidence.load(store.as_ref(), config) => loaded,
                () = interrupted() => Err(CommandError::Interrupted),
            };
            if loaded.is_err() {
                store.abort().await;
            }
            store.close().await?;
            loaded?;
        }
        if !self.offline {
            let source = MetadataSource::new(tableau(config)?).with_progress(report::progress());
            tokio::select! {
                listed = evidence.list(&source, config.sites()?) => listed?,
                () = interrupted() => {
                    source.abort().await;
                    return Err(CommandError::Interrupted);
                }
            }
        }
        Ok(evidence)
    }

    /// The sites that are asked for, or all of the map.
    fn ages(&self, config: &Config, evidence: &Evidence) -> Vec<Finding> {
        let max_age = self.max_age.unwrap_or(config.check.max_age);
        let is_asked_for = |site: &SiteName| {
            config.sites.is_empty() || config.sites.iter().any(|wanted| wanted.is_same_site(site))
        };
        let sites = evidence.mappings.iter().map(|mapping| &mapping.site).filter(|site| is_asked_for(site));
        let age = |site: &SiteName| {
            let complete_at = evidence.past.complete_at.get(site).copied();
            map::check_age(site, complete_at, Timestamp::now(), max_age, &config.check)
        };
        sites.filter_map(age).collect()
    }

    /// On a thread of its own, which the end of the process does not wait for.
    async fn search(&self, knowledge: Knowledge, settings: Settings) -> Result<Outcome, CommandError> {
        let paths = if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths.clone() };
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            // Nobody listens any more when the process was interrupted.
            let _ = sender.send(check::files(&paths, &knowledge, &settings));
        });
        tokio::select! {
            outcome = receiver => Ok(outcome.map_err(|_| CheckError::BrokeOff)?.map_err(CheckError::Path)?),
            () = interrupted() => Err(CommandError::Interrupted),
        }
    }
}

impl Evidence {
    async fn load(&mut self, store: &dyn Store, config: &Config) -> Result<(), CommandError> {
        let mut sites = store.sites().await?;
        for wanted in &config.sites {
            if !sites.iter().any(|known| known.is_same_site(wanted)) {
                sites.push(wanted.clone());
            }
        }
        for site in sites {
            self.mappings.push(store.load(&site).await?);
        }
        if self.mappings.iter().all(|mapping| mapping.rows.is_empty()) {
            return Err(CheckError::EmptyMap(store.name()).into());
        }
        self.past = store.past().await?;
        self.server = self.mappings.iter().find_map(|mapping| mapping.server.clone());
        Ok(())
    }

    async fn list(&mut self, source: &dyn Source, sites: &[SiteName]) -> Result<(), CommandError> {
        let run = source.server();
        if let Some(map) = self.server.clone().filter(|map| *map != run) {
            return Err(StoreError::OtherServer { map, run }.into());
        }
        for site in sites {
            self.snapshots.push(source.snapshot(site).await?);
        }
        Ok(())
    }

    fn mapping(&self, site: &SiteName) -> Option<&Mapping> {
        self.mappings.iter().find(|mapping| mapping.site.is_same_site(site))
    }

    /// What separates each listed site from the map.
    fn changes(&self) -> Vec<Option<ChangeSet>> {
        let of = |snapshot: &Snapshot| Some(diff(snapshot, self.mapping(&snapshot.header.site)?));
        self.snapshots.iter().map(of).collect()
    }

    fn views<'a>(&'a self, changes: &'a [Option<ChangeSet>]) -> Vec<SiteView<'a>> {
        let listed = self.snapshots.iter().zip(changes).map(|(snapshot, changes)| SiteView {
            snapshot: Some(snapshot),
            mapping: self.mapping(&snapshot.header.site),
            changes: changes.as_ref(),
        });
        let is_listed = |mapping: &&Mapping| {
            self.snapshots.iter().any(|snapshot| snapshot.header.site.is_same_site(&mapping.site))
        };
        let others = self.mappings.iter().filter(|mapping| !is_listed(mapping));
        listed
            .chain(others.map(|mapping| SiteView { mapping: Some(mapping), ..SiteView::default() }))
            .collect()
    }
}
