//! `tabmap doctor`: is everything there that a sync and a refresh need?

use clap::Args;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::interrupted;
use super::open::{SourceOption, needs_sign_in, open_inspected, repository, tableau_with};
use crate::config::listing::settings;
use crate::config::{Config, Flags};
use crate::doctor::{Exam, Given, Status, Trouble, examine};
use crate::report::Format;
use crate::report::doctor::{count, print_checks};
use crate::source::{Source, SourceName};
use crate::tableau::Tableau;

/// Check everything that a sync and a refresh need, and say what to do about what is wrong
///
/// Configuration, the way to Tableau, sign-in, what the user may see and do there, the store and what it holds. All checks
/// are made, also when one fails; one that needs another is skipped when that has failed. Nothing is written: not to
/// Tableau, not to the store, not to this machine. A personal access token has one session: this command ends the session
/// of another process with the same token.
///
/// Exit code 3: there is a problem.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    source: SourceOption,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Doctor {
    pub(super) async fn run(self, config: &Config, flags: &Flags) -> Result<Exit, CommandError> {
        let mut exam = Exam::new(self.given(config, flags)?);
        let checked = tokio::select! {
            checked = examine(&mut exam) => Some(checked),
            () = interrupted() => None,
        };
        let Some(checked) = checked else {
            exam.close().await;
            return Err(CommandError::Interrupted);
        };
        print_checks(&checked, self.format)?;
        Ok(if count(&checked, Status::Problem) > 0 { Exit::Found } else { Exit::Done })
    }

    fn given(&self, config: &Config, flags: &Flags) -> Result<Given, CommandError> {
        let set = settings(flags, &config.environment)?.into_iter().filter_map(|one| {
            // Nobody names the file that is found where the command runs.
            let found = (one.key == "config" && one.value.is_some()).then_some("the working directory");
            let from = one.from.as_deref().or(found)?;
            Some(format!("{} = {} ({from})", one.key, one.shown()))
        });
        let sources = self.source.names(config, config.sites().unwrap_or_default());
        let is_read = sources.contains(&SourceName::Repository);
        let repository = is_read.then(|| {
            config.refuse_server_of_repository().map_err(boxed)?;
            let source: Box<dyn Source> = Box::new(repository(config).map_err(boxed)?);
            Ok(source)
        });
        Ok(Given {
            repository,
            needs_sign_in: needs_sign_in(&sources),
            settings: set.collect(),
            tableau: server(config),
            sign_ins: config.sign_ins(&[]).map_err(boxed),
            sites: config.sites().map(<[_]>::to_vec).map_err(boxed),
            store: open_inspected(config).map_err(boxed),
            source: self.source.name(config),
            max_age: config.check.max_age,
        })
    }
}

/// The server, if credentials may be sent to it. It is looked at without any, too.
fn server(config: &Config) -> Result<Tableau, Trouble> {
    config.refuse_server_of_repository().map_err(boxed)?;
    tableau_with(config, config.sign_ins(&[]).unwrap_or_default()).map_err(boxed)
}

fn boxed(error: impl miette::Diagnostic + Send + Sync + 'static) -> Trouble {
    Box::new(error)
}
