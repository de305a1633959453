//! `tabmap resolve`: a name, a browser URL, a number from a URL or a LUID in; the LUID out.

use clap::Args;
use serde::Serialize;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::with_store;
use crate::config::Config;
use crate::report::{self, FORMAT_VERSION, Format, ResourceReport};
use crate::resolve::Question;

const EXAMPLES: &str = "Examples:
  tabmap resolve workbook 'Weekly Sales' --project Finance/EMEA
  tabmap resolve https://tableau.example.com/#/site/MySite/workbooks/12345/views
  tabmap resolve workbook 12345
  tabmap resolve 3f2504e0-4f89-11d3-9a0c-0305e82c3301";

/// Print the current LUID of a resource
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = "tabmap resolve [OPTIONS] [workbook|datasource] <WHAT>")]
pub struct Resolve {
    /// `workbook` or `datasource`, then a name or a number; or a browser address or a LUID alone
    #[arg(required = true, num_args = 1..=2, value_name = "WHAT")]
    what: Vec<String>,
    /// The project: its name, or enough of its path to tell it apart (`EMEA`, `Finance/EMEA`); `/Finance` for
    /// a project at the top. A `/` inside a name is written `\/`
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Document {
    format_version: u32,
    #[serde(flatten)]
    resource: ResourceReport,
}

impl Resolve {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let question = Question::of_words(&self.what, self.project.as_deref(), &config.sites)?;
        let resource = with_store(config, None, async |store| Ok(question.resolve(store).await?)).await?;
        match self.format {
            Format::Text => report::print(&format!("{}\n", resource.luid))?,
            Format::Json => {
                let resource = ResourceReport::of(&resource);
                report::print_json(&Document { format_version: FORMAT_VERSION, resource })?;
            }
        }
        Ok(Exit::Done)
    }
}
