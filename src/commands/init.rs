//! `tabmap init`: a commented configuration file, and the tables.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use miette::Diagnostic;
use thiserror::Error;

use super::{CommandError, Exit, open_store, with_store};
use crate::config::{Config, DEFAULT_FILE, Flags, TEMPLATE};
use crate::report;

/// Write a commented tabmap.toml, and create or upgrade the tables
#[derive(Debug, Args)]
pub struct Init {
    /// Print the SQL that creates the tables, and change nothing
    #[arg(long)]
    print: bool,
}

/// The configuration file could not be written.
#[derive(Debug, Error, Diagnostic)]
#[error("could not write the configuration file `{}`", path.display())]
#[diagnostic(code(tabmap::init::config_file), help("check that this user may write to the folder"))]
pub struct InitError {
    path: PathBuf,
    source: std::io::Error,
}

impl Init {
    /// `named` is the configuration file that flag or environment name, which may not exist yet.
    pub(super) async fn run(
        self,
        config: &Config,
        flags: &Flags,
        named: Option<PathBuf>,
    ) -> Result<Exit, CommandError> {
        if self.print {
            report::print(&open_store(config)?.schema_sql())?;
            return Ok(Exit::Done);
        }
        let mut text = with_store(config, None, async |store| {
            let steps = store.migrate().await?.steps;
            let mut text = String::new();
            for step in &steps {
                let _ = writeln!(text, "{}: {step}", store.name());
            }
            if steps.is_empty() {
                let _ = writeln!(text, "{}: the tables are there", store.name());
            }
            Ok(text)
        })
        .await?;
        let path = named.unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let written = write_template(&path, flags)?;
        let _ = writeln!(
            text,
            "{}: {}",
            path.display(),
            if written { "written" } else { "is there, and was left alone" }
        );
        report::print(&text)?;
        Ok(Exit::Done)
    }
}

/// Writes the template with the values of the flags in it; never over a file that is there.
fn write_template(path: &Path, flags: &Flags) -> Result<bool, InitError> {
    let failed = |source| InitError { path: path.to_owned(), source };
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    let mut values = Vec::new();
    // JSON's strings are TOML's basic strings.
    if let Some(store) = &flags.store {
        values.push(("#store = \"sqlite", format!("store = {}", serde_json::Value::from(store.as_str()))));
    }
    if let Some(server) = &flags.server {
        values.push(("#server = ", format!("server = {}", serde_json::Value::from(server.as_str()))));
    }
    if !flags.site.is_empty() {
        values.push(("#sites = ", format!("sites = {}", serde_json::Value::from(flags.site.clone()))));
    }
    let mut text = String::new();
    for line in TEMPLATE.lines() {
        let value = values.iter().find(|(start, _)| line.starts_with(start));
        text.push_str(value.map_or(line, |(_, value)| value));
        text.push('\n');
    }
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(true)
}
