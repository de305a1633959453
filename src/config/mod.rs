//! `tabmap.toml`, the environment and the flags become one [`Config`] of valid types.
//!
//! Flags win over the environment, the environment over the file, the file over the defaults. Secrets come
//! from the environment alone, as `NAME` or, as a file, `NAME_FILE`.

mod environment;
mod error;
pub mod listing;
mod sites;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

pub use self::environment::{Environment, REPOSITORY_PASSWORD};
pub use self::error::ConfigError;
pub use self::sites::{OfSites, SiteSettings};
use crate::check;
use crate::plan::{Limits, MaxRemoved};
use crate::refresh;
use crate::regular_file::read_regular;
use crate::resource::SiteName;
use crate::serve;
use crate::source::SourceName;
use crate::source::repository::settings::{InvalidSetting, RepositorySettings};
use crate::store::StoreAddress;
use crate::store::snowflake::SnowflakeSettings;
use crate::tableau::{InvalidServer, ServerUrl, SignIns};
use crate::toml_error::TomlError;

/// The file that is read when it stands in the working directory and no other is named.
pub const DEFAULT_FILE: &str = "tabmap.toml";

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The file that `tabmap init` writes: every key, with its default or an example.
pub const TEMPLATE: &str = include_str!("template.toml");

/// All that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// How to reach Tableau; `None` while no server is named, which only commands that need one mind.
    pub server: Option<ServerUrl>,
    /// The file that named the server, where nothing else did.
    pub server_file: Option<PathBuf>,
    /// The file that named the host of Tableau's repository, where nothing else did.
    pub repository_file: Option<PathBuf>,
    /// The sites, in the order in which they are synced.
    pub sites: Vec<SiteName>,
    /// What is set for some sites alone.
    pub of_sites: OfSites,
    /// The file that was read, where there is one.
    pub file: Option<PathBuf>,
    /// What `--store` named.
    pub store_flag: Option<String>,
    /// Whether `--site` named them, and not a setting that stands for every command.
    pub is_site_asked: bool,
    /// A file of certificate authorities (PEM) beside those of the operating system.
    pub ca_bundle: Option<PathBuf>,
    /// How long to wait for each answer of Tableau; `None` for the usual time.
    pub tableau_timeout: Option<Duration>,
    /// Whether a listing that stays the same counts as complete although Tableau announces more.
    pub counts_may_differ: bool,
    /// How Tableau is asked what is on a site.
    pub source: SourceName,
    /// How Tableau's repository is reached.
    pub repository: RepositorySettings,
    /// Where the map is kept.
    pub store: StoreAddress,
    /// What `--passcode` gave.
    pub passcode: Option<SecretString>,
    /// Names in Snowflake.
    pub snowflake: SnowflakeSettings,
    /// What a run may not exceed.
    pub limits: Limits,
    /// What `check` asks for and how it judges.
    pub check: check::settings::CheckSettings,
    /// How refreshes go.
    pub refresh: refresh::settings::RefreshSettings,
    /// How `serve` goes.
    pub serve: serve::settings::ServeSettings,
    /// What hangs on which webhook.
    pub webhook: serve::settings::Webhook,
    /// The environment, from which secrets are read when they are needed.
    pub environment: Environment,
}

/// The flags that stand for settings; all optional.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Configuration file [default: tabmap.toml, where it exists] [env: TABMAP_CONFIG]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// Tableau server, such as `https://tableau.example.com` [env: TABLEAU_SERVER]
    #[arg(long, global = true, value_name = "URL", help_heading = "Settings")]
    pub server: Option<String>,
    /// Sites by their content URL or by any browser address on them; `Default` for the Default site [env: TABLEAU_SITE]
    #[arg(long, global = true, value_name = "SITE", value_delimiter = ',', help_heading = "Settings")]
    pub site: Vec<String>,
    /// Where the map is kept: `sqlite:FILE` or `snowflake:CONNECTION` [default: sqlite:tabmap.db] [env: TABMAP_STORE]
    #[arg(long, global = true, value_name = "STORE", help_heading = "Settings")]
    pub store: Option<String>,
    /// The current code of an authenticator app, for a sign-in to Snowflake with a password; good for one sign-in, which is
    /// why it may be an argument [env: SNOWFLAKE_PASSCODE]
    #[arg(long, global = true, value_name = "CODE", help_heading = "Settings")]
    pub passcode: Option<SecretString>,
}

/// The file as it stands, before its values are checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    store: Option<String>,
    tableau: TableauSection,
    snowflake: SnowflakeSettings,
    limits: LimitsSection,
    check: check::settings::Section,
    refresh: refresh::settings::RefreshSettings,
    serve: serve::settings::ServeSettings,
    webhook: serve::settings::Webhook,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TableauSection {
    server: Option<String>,
    sites: Vec<String>,
    site: Vec<sites::Section>,
    ca_bundle: Option<PathBuf>,
    allow_http: Vec<String>,
    timeout_seconds: Option<std::num::NonZeroU32>,
    counts_may_differ: bool,
    source: Option<String>,
    repository: RepositorySettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsSection {
    max_removed: Option<String>,
}

impl Config {
    /// Puts flags, environment and file together, and checks every value.
    pub fn load(flags: &Flags, environment: Environment) -> Result<Self, ConfigError> {
        let named = named_file(flags, &environment);
        Self::load_from(named.as_deref(), flags, environment)
    }

    /// As [`Config::load`], and a file that is named and not there yet counts as empty: `tabmap init` writes it.
    pub fn load_before_init(flags: &Flags, environment: Environment) -> Result<Self, ConfigError> {
        let named = named_file(flags, &environment).filter(|path| path.exists());
        Self::load_from(named.as_deref(), flags, environment)
    }

    fn load_from(path: Option<&Path>, flags: &Flags, environment: Environment) -> Result<Self, ConfigError> {
        let file = read_file(path)?;
        let first = |flag: Option<&String>, variable: &str, key: Option<&String>, names: [&str; 3]| {
            let flag = flag.map(|value| (names[0].to_owned(), value.clone()));
            let variable = environment.get(variable).map(|value| (names[1].to_owned(), value.to_owned()));
            flag.or(variable).or_else(|| key.map(|value| (names[2].to_owned(), value.clone())))
        };

        let names = ["--server", "TABLEAU_SERVER", "`server` under `[tableau]`"];
        let is_elsewhere = flags.server.is_some() || environment.get("TABLEAU_SERVER").is_some();
        let server_file = file.tableau.server.as_ref().filter(|_| !is_elsewhere);
        let server_file = server_file.map(|_| path.unwrap_or(Path::new(DEFAULT_FILE)).to_owned());
        let server = first(flags.server.as_ref(), "TABLEAU_SERVER", file.tableau.server.as_ref(), names);
        let server =
            server.map(|(name, text)| server_url(name, &text, &file.tableau.allow_http)).transpose()?;

        let names = ["--store", "TABMAP_STORE", "`store`"];
        let store = first(flags.store.as_ref(), "TABMAP_STORE", file.store.as_ref(), names);
        let store = store.map(|(name, text)| store_address(name, &text)).transpose()?;

        let names = ["--source", "TABMAP_SOURCE", "`source` under `[tableau]`"];
        let source = first(None, "TABMAP_SOURCE", file.tableau.source.as_ref(), names);
        let source = source.map(|(name, text)| sites::source_name(name, &text)).transpose()?;

        let (repository, repository_file) = repository(file.tableau.repository, path, &environment)?;
        let ca_bundle = environment.get("TABLEAU_CA_BUNDLE").map(PathBuf::from).or(file.tableau.ca_bundle);
        let is_source_given = environment.get("TABMAP_SOURCE").is_some();
        let of_sites = OfSites::new(file.tableau.site, server.as_ref(), is_source_given)?;
        let sites = sites::named(&flags.site, &environment, &file.tableau.sites, &of_sites, server.as_ref())?;
        let check = file.check.into_settings().map_err(|(key, reason)| ConfigError::Value {
            name: format!("`{key}` under `[check]`"),
            reason,
            help: "the file that `tabmap init` writes shows every key with its meaning".to_owned(),
        })?;
        Ok(Self {
            server,
            server_file,
            repository_file,
            sites,
            of_sites,
            file: path.or(Some(Path::new(DEFAULT_FILE))).filter(|path| path.exists()).map(Path::to_owned),
            store_flag: flags.store.clone(),
            is_site_asked: !flags.site.is_empty(),
            ca_bundle,
            tableau_timeout: file.tableau.timeout_seconds.map(duration),
            counts_may_differ: file.tableau.counts_may_differ,
            source: source.unwrap_or_default(),
            repository,
            store: store.unwrap_or_else(|| StoreAddress::Sqlite(PathBuf::from("tabmap.db"))),
            passcode: flags.passcode.clone(),
            snowflake: file.snowflake.completed_by(&|name| environment.get(name).map(str::to_owned)),
            limits: Limits { max_removed: max_removed(file.limits)?, is_for_this_run: false },
            check,
            refresh: file.refresh,
            serve: file.serve,
            webhook: file.webhook,
            environment,
        })
    }

    /// The server, for commands that need one.
    pub fn server(&self) -> Result<&ServerUrl, ConfigError> {
        self.server.as_ref().ok_or_else(|| ConfigError::Missing {
            what: "the Tableau server",
            help: "set TABLEAU_SERVER, `--server`, or `server` under `[tableau]` in tabmap.toml".to_owned(),
        })
    }

    /// Refuses to go by a server that only a file of the repository names, where a CI system runs for anybody who proposes a
    /// change to that file: the credentials of the environment would be sent there.
    pub fn refuse_server_of_repository(&self) -> Result<(), ConfigError> {
        if !self.environment.is_ci() {
            return Ok(());
        }
        let absolute = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let here = absolute(Path::new("."));
        let repository = here.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&here);
        let has_password = self.environment.secret(REPOSITORY_PASSWORD)?.is_some();
        let host_file = self.repository_file.as_ref().filter(|_| has_password);
        for (what, variable, file) in [
            ("the Tableau server", "TABLEAU_SERVER", self.server_file.as_ref()),
            ("the host of Tableau's repository", "TABLEAU_REPOSITORY_HOST", host_file),
        ] {
            if let Some(path) = file.filter(|file| absolute(file).starts_with(repository)) {
                return Err(ConfigError::ServerOfRepository { what, variable, path: path.clone() });
            }
        }
        Ok(())
    }

    /// The sites, for commands that need some.
    pub fn sites(&self) -> Result<&[SiteName], ConfigError> {
        if self.sites.is_empty() {
            return Err(ConfigError::Missing {
                what: "the Tableau site",
                help: "set TABLEAU_SITE, `--site`, or `sites` under `[tableau]` in tabmap.toml to the part after `/site/` \
                       in a browser's address bar (`Default` for the Default site; several with commas between)"
                    .to_owned(),
            });
        }
        Ok(&self.sites)
    }

    /// The one site that a flag names, written as for `--site`.
    pub fn site_of_flag(&self, flag: &str, text: &str) -> Result<SiteName, ConfigError> {
        sites::of_flag(flag, text, self.server.as_ref())
    }

    /// How Tableau is asked what is on a site.
    #[must_use]
    pub fn source_of(&self, site: &SiteName) -> SourceName {
        self.of_sites.of(site).and_then(|settings| settings.source).unwrap_or(self.source)
    }

    /// Who signs in to which of `sites`, or to all of them where none is named.
    pub fn sign_ins(&self, sites: &[SiteName]) -> Result<SignIns, ConfigError> {
        self.of_sites.sign_ins(&self.environment, sites, sites)
    }

    /// The same for sites that the server lists: nobody configured them, and it is no error of the settings if nobody can sign
    /// in to one of them.
    pub fn sign_ins_to_listed(&self, sites: &[SiteName]) -> Result<SignIns, ConfigError> {
        self.of_sites.sign_ins(&self.environment, sites, &[])
    }

    /// Where to sign in to ask for the list of sites: at the first that is configured, that somebody can sign in to and that is
    /// not `but`, or else at the Default site.
    #[must_use]
    pub fn site_to_list_at(&self, but: Option<&SiteName>) -> SiteName {
        let sign_ins = self.sign_ins(&[]).unwrap_or_default();
        let is_but = |site: &SiteName| but.is_some_and(|but| but.is_same_site(site));
        let site = self.sites.iter().find(|site| !is_but(site) && sign_ins.to(site).is_some());
        site.cloned().unwrap_or_else(|| SiteName::from_content_url(""))
    }
}

fn store_address(name: String, text: &str) -> Result<StoreAddress, ConfigError> {
    text.parse().map_err(|reason| ConfigError::Value {
        name,
        reason,
        help: "write `sqlite:FILE`, or `snowflake:NAME` with a connection of the Snowflake CLI".to_owned(),
    })
}

fn max_removed(limits: LimitsSection) -> Result<MaxRemoved, ConfigError> {
    let max_removed = limits.max_removed.map(|text| text.parse::<MaxRemoved>()).transpose();
    let max_removed = max_removed.map_err(|error| ConfigError::Value {
        name: "`max_removed` under `[limits]`".to_owned(),
        reason: error.to_string(),
        help: "write a number in quotes, `\"50\"`, or a share, `\"30%\"`".to_owned(),
    })?;
    Ok(max_removed.unwrap_or_default())
}

fn server_url(name: String, text: &str, allow_http: &[String]) -> Result<ServerUrl, ConfigError> {
    ServerUrl::parse(text, allow_http).map_err(|error| match error {
        InvalidServer::PlainHttp(url) => ConfigError::PlainHttp { url },
        InvalidServer::NotAnAddress(reason) => {
            ConfigError::Value { name, reason, help: "write it as https://tableau.example.com".to_owned() }
        }
    })
}

fn duration(seconds: std::num::NonZeroU32) -> Duration {
    Duration::from_secs(seconds.get().into())
}

/// How Tableau's repository is reached, and the file where that alone names its host.
fn repository(
    section: RepositorySettings,
    path: Option<&Path>,
    environment: &Environment,
) -> Result<(RepositorySettings, Option<PathBuf>), ConfigError> {
    let is_in_file = section.host.is_some() && environment.get("TABLEAU_REPOSITORY_HOST").is_none();
    let file = is_in_file.then(|| path.unwrap_or(Path::new(DEFAULT_FILE)).to_owned());
    let settings = section.completed_by(&|name| environment.get(name));
    let invalid = |(name, reason, help): InvalidSetting| ConfigError::Value {
        name: name.to_owned(),
        reason,
        help: help.to_owned(),
    };
    Ok((settings.map_err(invalid)?, file))
}

/// The file that the flag or else `TABMAP_CONFIG` names.
#[must_use]
pub fn named_file(flags: &Flags, environment: &Environment) -> Option<PathBuf> {
    flags.config.clone().or_else(|| environment.get("TABMAP_CONFIG").map(PathBuf::from))
}

fn read_file(named: Option<&Path>) -> Result<File, ConfigError> {
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let Some(text) = read_text(named)? else { return Ok(File::default()) };
    toml::from_str(&text)
        .map_err(|error| ConfigError::Invalid { path: path.to_owned(), source: TomlError::of(&error, &text) })
}

/// The text of the file that is named, or of the default one; `None` where that is not there.
fn read_text(named: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    if named.is_none() && leads_out(path) {
        return Err(unreadable(io::Error::other("it is a link to a file outside the folder")));
    }
    match read_regular(path, LARGEST) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|error| unreadable(io::Error::other(error))),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unreadable(source)),
    }
}

/// Whether a file that nobody named leads to another folder: whoever put it there chose what is read.
fn leads_out(path: &Path) -> bool {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let here = std::fs::canonicalize(".");
    is_link
        && !std::fs::canonicalize(path).is_ok_and(|target| here.is_ok_and(|here| target.starts_with(here)))
}
