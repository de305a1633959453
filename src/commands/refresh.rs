//! `tabmap refresh`: resolve, start the extract refresh, wait for the job.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::{interrupted, with_store};
use super::open::tableau;
use crate::config::Config;
use crate::refresh::budget::Budget;
use crate::refresh::ledger::Ledger;
use crate::refresh::many::refresh_all;
use crate::refresh::sessions::Sessions;
use crate::refresh::settings::Span;
use crate::refresh::target::{self, TargetsError};
use crate::refresh::{IfRunning, Options, RefreshError, RefreshOutcome, Refresher, Wanted};
use crate::report::refresh::{Progress, RefreshReport, plan, print_reports};
use crate::report::{self, Format, print_error};
use crate::resolve::{LoadedMap, Question, ResolveError};
use crate::resource::SiteName;
use crate::store::Store;

const EXAMPLES: &str = "Examples:
  tabmap refresh workbook 'Weekly Sales' --project Finance/EMEA
  tabmap refresh https://tableau.example.com/#/site/MySite/workbooks/12345/views
  tabmap refresh --from refs.toml

where refs.toml names what to refresh:
  [[refresh]]
  workbook = \"Weekly Sales\"   # or datasource = \"...\", url = \"...\", luid = \"...\"
  project = \"Finance/EMEA\"
  site = \"MySite\"";

/// Refresh the extracts of workbooks and data sources, and wait for the jobs
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    override_usage = "tabmap refresh [OPTIONS] [workbook|datasource] <WHAT>\n       tabmap refresh [OPTIONS] --from <FILE>"
)]
pub struct Refresh {
    /// `workbook NAME` or `datasource NAME`, or a browser address or a LUID alone
    #[arg(num_args = 1..=2, value_name = "WHAT", required_unless_present = "from", conflicts_with = "from")]
    what: Vec<String>,
    /// The project: its name, or enough of its path to tell it apart (`EMEA`, `Finance/EMEA`)
    #[arg(long, value_name = "PROJECT", conflicts_with = "from")]
    project: Option<String>,
    /// Refresh all that a TOML file names; `-` for stdin
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Fetch new rows alone, where the extract is set up for it
    #[arg(long)]
    incremental: bool,
    /// Print the job's id as soon as it is started, and do not wait
    #[arg(long)]
    no_wait: bool,
    /// How long a job may take, such as `90s` or `2h` [default: 2h]
    #[arg(long, value_name = "LENGTH", conflicts_with = "no_wait")]
    timeout: Option<Span>,
    /// Cancel a job that takes longer, if this command started it
    #[arg(long, conflicts_with = "no_wait")]
    cancel_on_timeout: bool,
    /// What to do when a refresh of it is already queued or running
    #[arg(long, value_enum, default_value_t)]
    if_running: IfRunning,
    /// How many refreshes run at once [default: 10]
    #[arg(long, value_name = "N")]
    max_parallel: Option<NonZeroUsize>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Refresh {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let server = config.server()?.identity();
        let questions = self.questions(&config.sites)?.into_iter();
        let questions: Vec<_> = questions
            .map(|(question, incremental)| (question.on_server(server.clone()), incremental))
            .collect();
        let wanted = with_store(config, None, async |store| resolve(&questions, store).await).await?;

        let options = self.options(config);
        let sessions = Sessions::new(tableau(config, &[])?);
        let budget = Budget::new(open_ledger(&config.refresh.file)?, sessions.server(), &config.refresh);
        let refresher = Arc::new(Refresher::new(sessions, budget));
        let max_parallel = self.max_parallel.unwrap_or(config.refresh.max_parallel).get();
        if wanted.len() > 1 {
            show_plan(&refresher, &wanted, max_parallel).await?;
        }
        let progress = Progress::new();
        let attended = wanted
            .into_iter()
            .map(|one| {
                let attendant = progress.attend(&one.resource);
                (one, attendant)
            })
            .collect();
        let mut done = BTreeMap::new();
        let is_interrupted = tokio::select! {
            () = refresh_all(&refresher, attended, &options, max_parallel, &mut done) => false,
            () = interrupted() => true,
        };
        refresher.close().await;
        done.values().filter_map(|one| one.error.as_ref()).for_each(|error| print_error(error));
        let reports: Vec<_> = done.values().map(RefreshReport::of).collect();
        print_reports(&reports, self.format, options.wait)?;
        if is_interrupted {
            progress.open_jobs(done.values()).iter().for_each(|job| report::say(job));
            return Err(CommandError::Interrupted);
        }
        let exits = done.values().map(|one| exit(one.outcome, one.error.as_ref()));
        Ok(exits.max_by_key(|exit| severity(*exit)).unwrap_or(Exit::Done))
    }

    fn questions(&self, sites: &[SiteName]) -> Result<Vec<(Question, bool)>, CommandError> {
        let Some(path) = &self.from else {
            let question = Question::of_words(&self.what, self.project.as_deref(), sites)?;
            return Ok(vec![(question, self.incremental)]);
        };
        let targets = target::read(path, &text_of(path)?)?;
        let questions = targets
            .iter()
            .map(|target| Ok((target.question(sites)?, target.incremental || self.incremental)));
        questions.collect()
    }

    fn options(&self, config: &Config) -> Options {
        let settings = &config.refresh;
        Options {
            wait: !self.no_wait,
            timeout: self.timeout.unwrap_or(settings.timeout).0,
            cancel_on_timeout: self.cancel_on_timeout,
            if_running: self.if_running,
            ready_at: None,
            first_poll: settings.first_poll.0,
            longest_poll: settings.longest_poll.0,
        }
    }
}

fn text_of(path: &Path) -> Result<String, TargetsError> {
    let read = || {
        if path == Path::new("-") {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            return Ok(text);
        }
        std::fs::read_to_string(path)
    };
    read().map_err(|source| TargetsError::Unreadable { path: path.to_owned(), source })
}

/// All or nothing: what has no single answer keeps the others from being started too.
async fn resolve(questions: &[(Question, bool)], store: &dyn Store) -> Result<Vec<Wanted>, CommandError> {
    if let [(question, incremental)] = questions {
        let resource = question.resolve(store).await?;
        return Ok(vec![Wanted { question: question.clone(), resource, incremental: *incremental }]);
    }
    let map = LoadedMap::load(store, &[]).await?;
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut unresolved = 0;
    for (question, incremental) in questions {
        match question.resolve_in(&map, store).await {
            Ok(resource) => match wanted.iter_mut().find(|one| one.resource.id() == resource.id()) {
                // Named twice, by two names perhaps: refreshed once, and in full where one of them asks for that.
                Some(twin) => twin.incremental &= *incremental,
                None => {
                    wanted.push(Wanted { question: question.clone(), resource, incremental: *incremental });
                }
            },
            Err(error @ ResolveError::Store(_)) => return Err(error.into()),
            Err(error) => {
                print_error(&error);
                unresolved += 1;
            }
        }
    }
    if unresolved > 0 {
        return Err(CommandError::Unresolved { unresolved, all: questions.len() });
    }
    Ok(wanted)
}

/// The budget outlives the process. Where nothing can be written, it is kept for this run at least.
fn open_ledger(path: &Path) -> Result<Ledger, RefreshError> {
    match Ledger::open(path) {
        Ok(ledger) => Ok(ledger),
        Err(error) => {
            tracing::warn!(
                reason = crate::text::describe(&error).trim_end(),
                "the file of refreshes cannot be used; this run does not count the refreshes of other runs"
            );
            Ok(Ledger::in_memory()?)
        }
    }
}

async fn show_plan(
    refresher: &Refresher,
    wanted: &[Wanted],
    max_parallel: usize,
) -> Result<(), RefreshError> {
    let mut sites: BTreeMap<&SiteName, usize> = BTreeMap::new();
    for one in wanted {
        *sites.entry(&one.resource.key.site).or_default() += 1;
    }
    for (site, count) in sites {
        let forecast = refresher.budget().forecast(site, count).await?;
        report::say(&plan(site, &forecast, max_parallel));
    }
    Ok(())
}

fn exit(outcome: RefreshOutcome, error: Option<&RefreshError>) -> Exit {
    match outcome {
        RefreshOutcome::Succeeded | RefreshOutcome::Started | RefreshOutcome::Skipped => Exit::Done,
        RefreshOutcome::Failed | RefreshOutcome::Cancelled => Exit::RefreshFailed,
        RefreshOutcome::GaveUp => Exit::GaveUp,
        RefreshOutcome::Error => match error {
            Some(RefreshError::Gone { .. } | RefreshError::Elsewhere { .. } | RefreshError::Stale { .. }) => {
                Exit::Found
            }
            _ => Exit::Failed,
        },
    }
}

/// Of several ends the gravest counts.
fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::Failed => 4,
        Exit::RefreshFailed => 3,
        Exit::GaveUp => 2,
        Exit::Found => 1,
        _ => 0,
    }
}
