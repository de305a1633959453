//! `tabmap config`: each setting, its value, and where that is from.

use std::io;

use clap::Args;
use serde::Serialize;

use super::error::CommandError;
use super::exit::Exit;
use crate::config::listing::{Setting, settings};
use crate::config::{Environment, Flags};
use crate::report::table::{Column, Fit, TableFormat, TableOptions, print_csv, print_table};
use crate::report::{FORMAT_VERSION, print_json};

/// Show each setting, its value, and where it comes from; of secrets, whether they are set
#[derive(Debug, Args)]
pub struct ShowConfig {
    #[command(flatten)]
    options: TableOptions,
}

const COLUMNS: [Column; 3] = [
    Column { title: "SETTING", fit: Fit::Whole },
    Column { title: "VALUE", fit: Fit::Shortened },
    Column { title: "FROM", fit: Fit::Shortened },
];

#[derive(Debug, Serialize)]
struct Document {
    format_version: u32,
    settings: Vec<Setting>,
}

impl ShowConfig {
    pub(super) fn run(self, flags: &Flags, environment: &Environment) -> Result<Exit, CommandError> {
        self.options.check()?;
        self.print(settings(flags, environment)?)?;
        Ok(Exit::Done)
    }

    fn print(&self, settings: Vec<Setting>) -> io::Result<()> {
        match self.options.format {
            TableFormat::Table => {
                print_table(&COLUMNS, settings.iter().map(cells).collect(), &[], self.options)
            }
            TableFormat::Csv => {
                print_csv(COLUMNS.map(|column| column.title), settings.iter().map(cells), self.options)
            }
            TableFormat::Json => print_json(&Document { format_version: FORMAT_VERSION, settings }),
        }
    }
}

fn cells(setting: &Setting) -> Vec<String> {
    let Setting { key, value, from, .. } = setting;
    let default = if value.is_some() { "default" } else { "" };
    vec![key.clone(), setting.shown(), from.clone().unwrap_or_else(|| default.to_owned())]
}
