//! Stores, servers and sources, made from the configuration.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use indicatif::ProgressBar;

use super::error::CommandError;
use crate::config::{Config, ConfigError, REPOSITORY_PASSWORD};
use crate::report::terminal::progress;
use crate::resource::SiteName;
use crate::source::by_site::BySite;
use crate::source::metadata::MetadataSource;
use crate::source::repository::RepositorySource;
use crate::source::rest::RestSource;
use crate::source::{Source, SourceName};
use crate::store::inspect::Inspect;
use crate::store::snowflake::connection::Connection;
use crate::store::snowflake::{SessionOptions, SnowflakeStore};
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreAddress, how_to_create};
use crate::tableau::{SignIns, Tableau};
use crate::text::on_one_line;

/// The store that the configuration names.
pub(super) fn open_store(config: &Config) -> Result<Arc<dyn Store>, CommandError> {
    Ok(match &config.store {
        StoreAddress::Sqlite(path) => Arc::new(sqlite(config, path)?),
        StoreAddress::Snowflake(name) => Arc::new(open_snowflake(config, name.as_deref())?),
    })
}

/// The store that the configuration names, to look at and not to write to.
pub(super) fn open_inspected(config: &Config) -> Result<Arc<dyn Inspect>, CommandError> {
    Ok(match &config.store {
        StoreAddress::Sqlite(path) => Arc::new(sqlite(config, path)?.for_reading()),
        StoreAddress::Snowflake(name) => Arc::new(open_snowflake(config, name.as_deref())?),
    })
}

fn sqlite(config: &Config, path: &Path) -> Result<SqliteStore, ConfigError> {
    if config.passcode.is_some() {
        return Err(ConfigError::Value {
            name: "--passcode".to_owned(),
            reason: format!("the map is in the SQLite file `{}`, which takes no sign-in", path.display()),
            help: "name the Snowflake connection with `--store snowflake:CONNECTION`, or leave the flag out"
                .to_owned(),
        });
    }
    Ok(SqliteStore::new(path).with_remedy(remedy(config)))
}

/// How to create a map that is not there. It may also be looked for in the wrong folder.
fn remedy(config: &Config) -> String {
    let flags = config.store_flag.as_ref().map(|store| {
        let store = on_one_line(store);
        if store.contains(|letter: char| letter.is_whitespace() || "'\"$\\".contains(letter)) {
            format!(" --store '{store}'")
        } else {
            format!(" --store {store}")
        }
    });
    let folder = std::env::current_dir().unwrap_or_default();
    let folder = on_one_line(&folder.display().to_string());
    let settings = match &config.file {
        Some(file) => format!("the settings of `{}` were read", on_one_line(&file.display().to_string())),
        None => "no tabmap.toml was found there".to_owned(),
    };
    let create = how_to_create(&flags.unwrap_or_default());
    format!("{create}.\nThe map was looked for from the folder `{folder}`; {settings}")
}

/// A Snowflake connection, by its name or the default one.
pub(super) fn open_snowflake(
    config: &Config,
    connection: Option<&str>,
) -> Result<SnowflakeStore, CommandError> {
    let variable = |name: &str| config.environment.get(name).map(str::to_owned);
    let connection = Connection::find_with(connection, config.passcode.as_ref(), &variable)?;
    let store = SnowflakeStore::new(connection, config.snowflake.table_names(), SessionOptions::default());
    Ok(store.creating_database(config.snowflake.create_database))
}

/// Tableau, with the credentials of the environment for `sites`, or for all; nothing is sent yet.
pub(super) fn tableau(config: &Config, sites: &[SiteName]) -> Result<Tableau, CommandError> {
    tableau_with(config, config.sign_ins(sites)?)
}

/// Tableau, with these ways to sign in; nothing is sent yet.
pub(super) fn tableau_with(config: &Config, sign_ins: SignIns) -> Result<Tableau, CommandError> {
    let tableau = Tableau::new(config.server()?.clone(), sign_ins, config.ca_bundle.as_deref())?;
    let tableau = tableau.whose_counts_may_differ(config.counts_may_differ);
    Ok(match config.tableau_timeout {
        Some(timeout) => tableau.with_call_timeout(timeout),
        None => tableau,
    })
}

/// The flag of the commands that ask Tableau what is on a site.
#[derive(Debug, Args)]
pub(super) struct SourceOption {
    /// How to ask Tableau what is on a site [default: metadata] [env: TABMAP_SOURCE]
    #[arg(long, value_enum)]
    source: Option<SourceName>,
}

impl SourceOption {
    /// The source that the flag names, or else the configuration.
    pub fn name(&self, config: &Config) -> SourceName {
        self.source.unwrap_or(config.source)
    }

    /// The source of a site.
    fn of(&self, config: &Config, site: &SiteName) -> SourceName {
        self.source.unwrap_or_else(|| config.source_of(site))
    }

    /// The source of each of `sites`; the usual one where none is named.
    pub fn names(&self, config: &Config, sites: &[SiteName]) -> Vec<SourceName> {
        let usual = sites.is_empty().then(|| self.name(config));
        sites.iter().map(|site| self.of(config, site)).chain(usual).collect()
    }

    /// The sources of `sites`, as the flag names them or else the configuration; nothing is sent yet.
    pub fn open(&self, config: &Config, sites: &[SiteName]) -> Result<Box<dyn Source>, CommandError> {
        self.open_with(config, sites, Config::sign_ins)
    }

    /// The same for sites that the server listed: one that nobody can sign in to fails when it is asked.
    pub fn open_listed(&self, config: &Config, sites: &[SiteName]) -> Result<Box<dyn Source>, CommandError> {
        self.open_with(config, sites, Config::sign_ins_to_listed)
    }

    fn open_with(
        &self,
        config: &Config,
        sites: &[SiteName],
        sign_ins: fn(&Config, &[SiteName]) -> Result<SignIns, ConfigError>,
    ) -> Result<Box<dyn Source>, CommandError> {
        let usual = self.name(config);
        let tableau = if needs_sign_in(&self.names(config, sites)) {
            Some(tableau_with(config, sign_ins(config, sites)?)?)
        } else {
            None
        };
        let open = |name, progress| -> Result<Box<dyn Source>, CommandError> {
            Ok(match (name, &tableau) {
                (SourceName::Metadata, Some(tableau)) => {
                    Box::new(MetadataSource::new(tableau.with_own_session()).with_progress(progress))
                }
                (SourceName::Rest, Some(tableau)) => Box::new(RestSource::new(tableau.with_own_session())),
                // Without a way to sign in, no site is asked otherwise.
                (SourceName::Repository, _) | (_, None) => Box::new(repository(config)?),
            })
        };
        let of_sites = sites.iter().map(|site| Ok((site.clone(), open(self.of(config, site), progress())?)));
        let of_sites = of_sites.collect::<Result<Vec<_>, CommandError>>()?;
        Ok(Box::new(BySite::new(open(usual, ProgressBar::hidden())?, of_sites)))
    }
}

/// Whether one of these sources signs in to Tableau: the repository needs no sign-in.
pub(super) fn needs_sign_in(sources: &[SourceName]) -> bool {
    sources.iter().any(|name| *name != SourceName::Repository)
}

/// Tableau's repository; nothing is sent yet.
pub(super) fn repository(config: &Config) -> Result<RepositorySource, CommandError> {
    let server = config.server()?.clone();
    let password = config.environment.secret(REPOSITORY_PASSWORD)?.ok_or(ConfigError::Missing {
        what: "the password of Tableau's repository",
        help: format!(
            "set {REPOSITORY_PASSWORD}, or {REPOSITORY_PASSWORD}_FILE to the path of a file that holds it: what `tsm \
             data-access repository-access enable` was given for the user `{}`",
            config.repository.user
        ),
    })?;
    let source = RepositorySource::new(server, config.repository.clone(), password)?;
    Ok(match config.tableau_timeout {
        Some(timeout) => source.with_statement_timeout(timeout),
        None => source,
    })
}
