//! `tabmap history`: what changed, from the change log.

use std::fmt::Write as _;

use clap::Args;
use jiff::Timestamp;
use uuid::Uuid;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::{refuse_unknown_site, with_store};
use super::since::parse_since;
use crate::config::Config;
use crate::report::history::{print_history, to_the_second};
use crate::report::table::TableOptions;
use crate::resolve::Question;
use crate::resource::ResourceKind;
use crate::store::ChangeFilter;

const EXAMPLES: &str = "Examples:
  tabmap history --since 1d
  tabmap history workbook 'Weekly Sales' --project Finance
  tabmap history 3f2504e0-4f89-11d3-9a0c-0305e82c3301
  tabmap history https://tableau.example.com/#/site/MySite/workbooks/12345/views";

/// Show what changed in Tableau, as the syncs recorded it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = "tabmap history [OPTIONS] [[workbook|datasource] <WHAT>]")]
pub struct History {
    /// `workbook` or `datasource`, then a name or a number; or a browser address or a LUID alone. Former names and
    /// LUIDs count too. Without it, all changes are shown
    #[arg(num_args = 0..=2, value_name = "WHAT")]
    what: Vec<String>,
    /// The project, as `resolve` takes it
    #[arg(long, value_name = "PROJECT", requires = "what")]
    project: Option<String>,
    /// Only changes since then: how long ago (`1d`, `90m`), a date (`2026-11-18`) or a time, both in UTC
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    since: Option<Timestamp>,
    /// Only the changes of this run, one site of a sync
    #[arg(long, value_name = "ID")]
    run: Option<Uuid>,
    /// Only workbooks, or only data sources
    #[arg(long, value_enum)]
    kind: Option<ResourceKind>,
    #[command(flatten)]
    options: TableOptions,
}

impl History {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        self.options.check()?;
        let question = match self.what.as_slice() {
            [] => None,
            [what] => Some(Question::read(self.kind, what, self.project.as_deref(), &config.sites)?),
            words => Some(Question::of_words(words, self.project.as_deref(), &config.sites)?),
        };
        let run_id = self.run.map(|run| run.to_string());
        let mut nothing = "no changes".to_owned();
        if let Some(question) = &question {
            let _ = write!(nothing, " of {question}");
        }
        if let Some(since) = self.since {
            let _ = write!(nothing, " since {}", to_the_second(since));
        }
        if let Some(run_id) = &run_id {
            let _ = write!(nothing, " by run {run_id}");
        }
        let history = crate::history::History {
            question,
            filter: ChangeFilter { lookup: None, since: self.since, run_id },
            sites: config.sites.clone(),
            kind: self.kind,
        };
        let changes = with_store(config, None, async |store| {
            refuse_unknown_site(config, store).await?;
            Ok(history.changes(store).await?)
        });
        let changes = changes.await?;
        print_history(&changes, &nothing, self.options)?;
        Ok(Exit::Done)
    }
}
