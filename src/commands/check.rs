//! `tabmap check`: stale ids and names, found in CI before they fail at night.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum as _};
use jiff::{SignedDuration, Timestamp};

use super::error::{CheckError, CommandError};
use super::exit::Exit;
use super::in_store::{interrupted, with_store};
use super::open::SourceOption;
use crate::check::baseline::Baseline;
use crate::check::evidence::Evidence;
use crate::check::file::Stages;
use crate::check::finders::Finders;
use crate::check::finding::{Code, Finding, Severity};
use crate::check::fix;
use crate::check::knowledge::Knowledge;
use crate::check::searched::Searched;
use crate::check::settings::{CheckSettings, parse_age};
use crate::check::severities::Severities;
use crate::check::walk::{self, Scope};
use crate::check::{self, map};
use crate::config::Config;
use crate::report::check::{CheckFormat, CheckReport};
use crate::resource::SiteName;
use crate::sync::refuse_other_server;
use crate::tableau::ServerUrl;

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
#[command(after_help = codes())]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Check {
    /// Files and folders to search [default: the working directory]
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Use the map alone, as of its last sync; ask nothing of Tableau
    #[arg(long, conflicts_with_all = ["live", "source"])]
    offline: bool,
    /// Use Tableau alone; leave the map out of it
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    source: SourceOption,
    /// Report what is wrong with references alone, not with the map: for those who can only change the files
    #[arg(long, conflicts_with = "max_age")]
    references_only: bool,
    /// How old the last complete sync of the map may be [default: 26h]
    #[arg(long, value_name = "DURATION", value_parser = parse_age)]
    max_age: Option<SignedDuration>,
    /// Put successors in the place of replaced LUIDs and numbers in addresses, where they are certain
    #[arg(long)]
    fix: bool,
    /// With --fix: show the changes and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Leave out the findings that this file lists; report its entries that are found no more
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all that is found now to the baseline
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    /// Exit with 0 whatever is found
    #[arg(long)]
    no_exit_code: bool,
    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// The codes, for the help.
fn codes() -> String {
    let codes: Vec<_> = Code::value_variants().iter().map(|code| code.as_str()).collect();
    format!("Codes (the file that `tabmap init` writes explains them): {}", codes.join(", "))
}

impl Check {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let evidence = self.evidence(config).await?;
        let CheckSettings { max_age, calls, hosts, mut scope, severities } = config.check.clone();
        scope.baseline = self.baseline.as_deref().and_then(|file| file.canonicalize().ok());
        let changes = evidence.changes();
        let views = evidence.views(&changes);
        let mut findings = Vec::new();
        findings.extend(evidence.incomplete(&severities));
        if !self.live && !self.references_only {
            let asked_for =
                views.iter().filter(|view| view.mapping.is_some_and(|one| one.site.is_among(&config.sites)));
            findings.extend(asked_for.flat_map(|view| map::check(view, &severities)));
            let max_age = self.max_age.unwrap_or(max_age);
            findings.extend(evidence.too_old(&config.sites, max_age, Timestamp::now(), &severities));
        }
        let mut hosts = hosts;
        hosts.extend(evidence.server.clone().or_else(|| config.server.as_ref().map(ServerUrl::identity)));
        let knowledge = Knowledge::of(hosts, &views, &evidence.past);
        let searched = self.search(scope, Finders::new(calls), knowledge, severities.clone()).await?;
        let Searched { files, counts, .. } = searched;
        findings.extend(searched.findings);
        Finding::sort(&mut findings);

        let fixed = if self.fix {
            Some(fix::apply(&mut findings, !self.dry_run).map_err(CheckError::Fix)?)
        } else {
            None
        };
        let known = self.without_known(&mut findings, &config.sites, &severities)?;
        let report = CheckReport { findings, files, counts, known, fixed, dry_run: self.dry_run };
        report.print(self.format, config.environment.get("GITHUB_STEP_SUMMARY").map(Path::new))?;
        let has_errors = report.count(Severity::Error) > 0;
        Ok(if has_errors && !self.no_exit_code { Exit::Found } else { Exit::Done })
    }

    /// Takes out what the baseline knows, adds what it knows in vain, and returns how many were known.
    fn without_known(
        &self,
        findings: &mut Vec<Finding>,
        sites: &[SiteName],
        severities: &Severities,
    ) -> Result<u64, CheckError> {
        let Some(file) = &self.baseline else { return Ok(0) };
        let is_map_checked = !self.live && !self.references_only && sites.is_empty();
        let searched: Vec<_> = self.searched().iter().map(|path| walk::absolute(path)).collect();
        let is_looked_for = |path: Option<&Path>| match path {
            None => is_map_checked,
            Some(path) => searched.iter().any(|below| path.starts_with(below)),
        };
        let mut baseline = if self.write_baseline {
            let mut baseline = Baseline::of(findings, file);
            // One that cannot be read is written anew.
            if let Ok(before) = Baseline::read(file) {
                baseline.keep(before, is_looked_for);
            }
            baseline.write(file)?;
            baseline
        } else {
            Baseline::read(file)?
        };
        let known = baseline.take_known(findings);
        findings.extend(baseline.gone(file, is_looked_for, severities));
        Finding::sort(findings);
        Ok(known)
    }

    async fn evidence(&self, config: &Config) -> Result<Evidence, CommandError> {
        let source = if self.offline {
            None
        } else {
            config.refuse_server_of_repository()?;
            let source = self.source.open(config, &config.sites)?;
            config.sites()?;
            Some(source)
        };
        let source = source.as_deref();
        let sites = &config.sites;
        let mut evidence = Evidence::default();
        if !self.live {
            // The map first: one that is not there must not cost a listing.
            with_store(config, source, async |store| {
                evidence.load(store, sites).await.map_err(CheckError::from)?;
                if let Some(source) = source {
                    refuse_other_server(store, source).await?;
                    evidence.list(source, sites).await.map_err(CheckError::from)?;
                }
                Ok(())
            })
            .await?;
        } else if let Some(source) = source {
            tokio::select! {
                listed = evidence.list(source, sites) => listed.map_err(CheckError::from)?,
                () = interrupted() => {
                    source.abort().await;
                    return Err(CommandError::Interrupted);
                }
            }
        }
        Ok(evidence)
    }

    /// The files and folders that were named, or the working directory.
    fn searched(&self) -> Vec<PathBuf> {
        if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths.clone() }
    }

    /// On a thread of its own, which the end of the process does not wait for.
    async fn search(
        &self,
        scope: Scope,
        finders: Finders,
        knowledge: Knowledge,
        severities: Severities,
    ) -> Result<Searched, CommandError> {
        let paths = self.searched();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let stages = Stages { finders: &finders, knowledge: &knowledge, severities: &severities };
            // Nobody listens any more when the process was interrupted.
            let _ = sender.send(check::files(&paths, &scope, stages));
        });
        tokio::select! {
            searched = receiver => Ok(searched.map_err(|_| CheckError::BrokeOff)?.map_err(CheckError::Path)?),
            () = interrupted() => Err(CommandError::Interrupted),
        }
    }
}
