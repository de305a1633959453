//! `tabmap init`: a commented configuration file, and the tables; or what stands around them in Snowflake.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CommandError, InitError};
use super::exit::Exit;
use super::in_store::with_store;
use super::open::{open_snowflake, open_store};
use crate::config::{Config, ConfigError, DEFAULT_FILE, Environment, Flags, TEMPLATE};
use crate::report;
use crate::store::Store as _;
use crate::store::StoreAddress;
use crate::store::snowflake::objects::{AppliedFile, Objects, Secrets, Token, Wanted};
use crate::tableau::ServerUrl;
use crate::text::plural;

/// Write a commented tabmap.toml, and create or upgrade the tables
#[derive(Debug, Args)]
pub struct Init {
    /// Print the SQL, and change nothing
    #[arg(long)]
    print: bool,
    /// Make the map that of a server under its new name, when it only changed its name or address
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with_all = ["print", "snowflake_objects"])]
    rename_server: Option<Vec<String>>,
    /// In place of the tables alone, all that stands around them in Snowflake: roles, the way to Tableau, the refresh
    /// procedure, task and alert, and a container that syncs. Prints the SQL unless `--apply` is given
    #[arg(long)]
    snowflake_objects: bool,
    /// Create in Snowflake what is not there yet; nothing is ever dropped. The secrets get the token of TABLEAU_PAT_NAME
    /// and TABLEAU_PAT_SECRET, the one of TABLEAU_SYNC_PAT_NAME and TABLEAU_SYNC_PAT_SECRET, and ALERT_WEBHOOK_SECRET
    #[arg(long, requires = "snowflake_objects", conflicts_with = "print")]
    apply: bool,
}

impl Init {
    /// `named` is the configuration file that flag or environment name, which may not exist yet.
    pub(super) async fn run(
        self,
        config: &Config,
        flags: &Flags,
        named: Option<PathBuf>,
    ) -> Result<Exit, CommandError> {
        if self.snowflake_objects {
            return snowflake_objects(config, self.apply).await;
        }
        if let Some([old, new]) = self.rename_server.as_deref() {
            return rename_server(config, old, new).await;
        }
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
            if written { "written" } else { "exists already, and was not changed" }
        );
        report::print(&text)?;
        Ok(Exit::Done)
    }
}

/// Servers are told apart by host and port: an address says the same.
async fn rename_server(config: &Config, old: &str, new: &str) -> Result<Exit, CommandError> {
    let identity = |text: &str| {
        ServerUrl::identity_of(text).map_err(|error| ConfigError::Value {
            name: "--rename-server".to_owned(),
            reason: error.to_string(),
            help: "write both as https://tableau.example.com, or the host alone".to_owned(),
        })
    };
    let (old, new) = (identity(old)?, identity(new)?);
    let (name, count) = with_store(config, None, async |store| {
        let renamed = store.rename_server(&old, &new).await?;
        Ok((store.name(), renamed))
    })
    .await?;
    if count == 0 {
        return Err(CommandError::NoRunOfServer { store: name, server: old });
    }
    report::print(&format!("{name}: now belongs to {new} ({} of {old})\n", plural(count, "run")))?;
    Ok(Exit::Done)
}

/// Prints or applies what stands around the tables.
async fn snowflake_objects(config: &Config, is_applied: bool) -> Result<Exit, CommandError> {
    let environment = &config.environment;
    let secrets = if is_applied { secrets(environment)? } else { Secrets::default() };
    let objects = Objects::new(&Wanted {
        tables: &config.snowflake.table_names(),
        settings: &config.snowflake.objects,
        server: config.server()?,
        sites: &config.sites,
        secrets: &secrets,
    })?;
    if !is_applied {
        report::print(&objects.sql())?;
        return Ok(Exit::Done);
    }
    let StoreAddress::Snowflake(connection) = &config.store else {
        return Err(ConfigError::Missing {
            what: "a connection to Snowflake",
            help: "set `--store snowflake:NAME`, TABMAP_STORE, or `store` in tabmap.toml".to_owned(),
        }
        .into());
    };
    let store = open_snowflake(config, connection.as_deref())?;
    let applied = store.apply_objects(&objects).await;
    // What was refused says more than a session that does not close.
    let closed = store.close().await;
    let mut text = String::new();
    for AppliedFile { name, needs_administrator, steps, left_out } in applied? {
        let role = if needs_administrator { " as ACCOUNTADMIN" } else { "" };
        let _ = match left_out {
            None => writeln!(text, "{name}: applied{role}"),
            Some(reason) => writeln!(text, "{name}: left out ({reason})"),
        };
        for step in steps {
            let _ = writeln!(text, "  {}", crate::text::on_one_line(&step));
        }
    }
    report::print(&text)?;
    closed?;
    Ok(Exit::Done)
}

/// What goes into the secrets, as far as the environment holds it.
fn secrets(environment: &Environment) -> Result<Secrets, ConfigError> {
    let token = |name, secret| {
        let (name, value) = (environment.get(name).map(str::to_owned), environment.secret(secret)?);
        Ok::<_, ConfigError>(name.zip(value).map(|(name, value)| Token { name, value }))
    };
    Ok(Secrets {
        token: token("TABLEAU_PAT_NAME", "TABLEAU_PAT_SECRET")?,
        webhook: environment.secret("ALERT_WEBHOOK_SECRET")?,
        sync_token: token("TABLEAU_SYNC_PAT_NAME", "TABLEAU_SYNC_PAT_SECRET")?,
    })
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
