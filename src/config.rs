//! `tabmap.toml`, the environment and the flags become one [`Config`] of valid types.
//!
//! Flags win over the environment, the environment over the file, the file over the defaults. Secrets come
//! from the environment alone, as `NAME` or, as a file, `NAME_FILE`.

mod objects;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use miette::Diagnostic;
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;
use url::{Host, Url};

pub use self::objects::{NightlyRefresh, SnowflakeObjects};
use crate::browser_url::BrowserUrl;
use crate::check;
use crate::plan::{Limits, MaxRemoved};
use crate::refresh;
use crate::resource::SiteName;
use crate::serve;

/// The file that is read when it stands in the working directory and no other is named.
pub const DEFAULT_FILE: &str = "tabmap.toml";

/// The file that `tabmap init` writes: every key, with its default.
pub const TEMPLATE: &str = include_str!("config/template.toml");

/// All that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// How to reach Tableau; `None` while no server is named, which only commands that need one mind.
    pub server: Option<ServerUrl>,
    /// The sites, in the order in which they are synced.
    pub sites: Vec<SiteName>,
    /// A file of certificate authorities (PEM) beside those of the operating system.
    pub ca_bundle: Option<PathBuf>,
    /// How long to wait for each answer of Tableau; `None` for the usual time.
    pub tableau_timeout: Option<Duration>,
    /// Where the map is kept.
    pub store: StoreAddress,
    /// Names of the tables in Snowflake.
    pub tables: SnowflakeTables,
    /// What a run may not exceed.
    pub limits: Limits,
    /// What `check` asks for and how it judges.
    pub check: check::settings::Settings,
    /// How refreshes go.
    pub refresh: refresh::settings::Settings,
    /// How `serve` goes.
    pub serve: serve::settings::Settings,
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
}

/// A setting that cannot be used. Exit code 2.
#[derive(Debug, Error, Diagnostic)]
pub enum ConfigError {
    /// The named file is not there or may not be read.
    #[error("could not read the configuration file `{}`", path.display())]
    #[diagnostic(code(tabmap::config::unreadable), help("`tabmap init` writes a commented one"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An unknown key, a wrong type, or not TOML.
    #[error("the configuration file `{}` is not valid\n{source}", path.display())]
    #[diagnostic(
        code(tabmap::config::invalid),
        help("the file that `tabmap init` writes shows every key with its meaning")
    )]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        #[diagnostic_source]
        source: TomlError,
    },
    /// A value that cannot be what it is meant to be.
    #[error("{name} is not valid: {reason}")]
    #[diagnostic(code(tabmap::config::value))]
    Value {
        /// The flag, variable or key.
        name: String,
        /// What is wrong.
        reason: String,
        /// The remedy.
        #[help]
        help: String,
    },
    /// Plain http to another machine.
    #[error("`{url}` is plain http: everybody on the way could read the credentials")]
    #[diagnostic(
        code(tabmap::config::plain_http),
        help(
            "use https; for a server without it, add its host to `allow_http` under `[tableau]` in tabmap.toml"
        )
    )]
    PlainHttp {
        /// The address.
        url: Url,
    },
    /// A setting without which the command cannot work.
    #[error("{what} is not set")]
    #[diagnostic(code(tabmap::config::missing))]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Where to set it.
        #[help]
        help: String,
    },
    /// A secret given twice.
    #[error("both {name} and {name}_FILE are set")]
    #[diagnostic(
        code(tabmap::config::secret_twice),
        help("unset one of them: it must be clear which one counts")
    )]
    SecretTwice {
        /// The variable.
        name: String,
    },
    /// A secret's file that cannot be read.
    #[error("could not read the file `{}` that {name}_FILE names", path.display())]
    #[diagnostic(
        code(tabmap::config::secret_file),
        help("check the path and that this user may read the file")
    )]
    SecretFile {
        /// The variable.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Credentials of two kinds.
    #[error("{first} and {second} are both set: there are two ways to sign in, and one must be chosen")]
    #[diagnostic(
        code(tabmap::config::two_credentials),
        help("unset the variables of the one that is not meant")
    )]
    TwoCredentials {
        /// One way.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

/// Where a file goes wrong and why. The line itself is not shown: it may hold a secret in the wrong place.
#[derive(Debug, Error, Diagnostic)]
#[error("line {line}: {reason}")]
pub struct TomlError {
    line: usize,
    reason: String,
}

impl TomlError {
    fn of(error: &toml::de::Error, text: &str) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        Self { line, reason: error.message().to_owned() }
    }
}

/// The variables of the process, or those of a test.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl fmt::Debug for Environment {
    /// Names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl Environment {
    /// The variables of this process that are text.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable's value. An empty variable counts as not set: CI systems set the ones they do not know to nothing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A secret from `NAME` or from the file that `NAME_FILE` names, without its last line end.
    pub fn secret(&self, name: &str) -> Result<Option<SecretString>, ConfigError> {
        match (self.get(name), self.get(&format!("{name}_FILE"))) {
            (Some(_), Some(_)) => Err(ConfigError::SecretTwice { name: name.to_owned() }),
            (Some(value), None) => Ok(Some(SecretString::from(value))),
            (None, Some(path)) => {
                let path = PathBuf::from(path);
                match std::fs::read_to_string(&path) {
                    Ok(text) => Ok(Some(SecretString::from(text.trim_end_matches(['\r', '\n'])))),
                    Err(source) => Err(ConfigError::SecretFile { name: name.to_owned(), path, source }),
                }
            }
            (None, None) => Ok(None),
        }
    }

    fn required_secret(&self, name: &'static str) -> Result<SecretString, ConfigError> {
        let help = format!("set {name}, or {name}_FILE to the path of a file that holds it");
        self.secret(name)?.ok_or(ConfigError::Missing { what: name, help })
    }
}

/// The address of a Tableau server: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl ServerUrl {
    /// Reads an address; whatever follows the host (people paste what the browser shows) is dropped. Plain
    /// http is for this machine, and for the hosts in `allow_http`.
    fn parse(name: &str, text: &str, allow_http: &[String]) -> Result<Self, ConfigError> {
        // What does not parse may hold a password before an `@`.
        let shown = if text.contains('@') { "what it holds (with credentials in it)" } else { text.trim() };
        let invalid = |reason: String| ConfigError::Value {
            name: name.to_owned(),
            reason,
            help: "write it as https://tableau.example.com".to_owned(),
        };
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut url = Url::parse(&with_scheme).map_err(|error| invalid(format!("`{shown}`: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("credentials do not belong into an address".to_owned()));
        }
        let Some(host) = url.host() else {
            return Err(invalid(format!("`{shown}` has no host")));
        };
        let is_loopback = match &host {
            Host::Domain(domain) => *domain == "localhost" || domain.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let is_allowed = allow_http.iter().any(|allowed| allowed.eq_ignore_ascii_case(&host.to_string()));
        match url.scheme() {
            "https" => {}
            "http" if is_loopback || is_allowed => {}
            "http" => return Err(ConfigError::PlainHttp { url }),
            other => return Err(invalid(format!("`{other}` is not a scheme that Tableau speaks"))),
        }
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The address of a path on the server.
    #[must_use]
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }

    /// What tells one server from another: the host, and the port where it is not the scheme's own. A server
    /// that moved from http to https is still the same.
    #[must_use]
    pub fn identity(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl FromStr for ServerUrl {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::parse("the server's address", text, &[])
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Where the map is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A connection of the Snowflake CLI's configuration; `None` is its default connection.
    Snowflake(Option<String>),
}

impl FromStr for StoreAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().split_once(':') {
            Some(("sqlite", path)) if !path.trim().is_empty() => Ok(Self::Sqlite(PathBuf::from(path.trim()))),
            Some(("snowflake", name)) => {
                Ok(Self::Snowflake(Some(name.trim().to_owned()).filter(|name| !name.is_empty())))
            }
            None if text.trim() == "snowflake" => Ok(Self::Snowflake(None)),
            _ => Err(format!("`{text}` names no store")),
        }
    }
}

/// The names of the tables in Snowflake, as they stand between double quotes: case counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnowflakeTables {
    /// The database.
    pub database: String,
    /// The schema.
    pub schema: String,
    /// The map.
    pub resources: String,
    /// One row for each run and site.
    pub sync_runs: String,
    /// Every change ever applied.
    pub resource_changes: String,
    /// What `init --snowflake-objects` puts around the tables.
    pub objects: SnowflakeObjects,
}

impl Default for SnowflakeTables {
    fn default() -> Self {
        Self {
            database: "EXTERNAL_ACCESS".to_owned(),
            schema: "MAPPING_TABLES".to_owned(),
            resources: "API__TABLEAU__RESOURCES".to_owned(),
            sync_runs: "API__TABLEAU__SYNC_RUNS".to_owned(),
            resource_changes: "API__TABLEAU__RESOURCE_CHANGES".to_owned(),
            objects: SnowflakeObjects::default(),
        }
    }
}

/// How to sign in.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A personal access token. One token has one session: a second sign-in ends the first.
    PersonalAccessToken {
        /// The token's name.
        name: String,
        /// The token's secret.
        secret: SecretString,
    },
    /// A connected app with direct trust, in the name of a user.
    ConnectedApp {
        /// The app's client id.
        client_id: String,
        /// The id of its secret.
        secret_id: String,
        /// The secret.
        secret: SecretString,
        /// The user to act for.
        username: String,
    },
    /// A user with a password (Tableau Server with local or directory users).
    Password {
        /// The user.
        username: String,
        /// The password.
        password: SecretString,
    },
}

const PAT: &str = "TABLEAU_PAT_NAME";
const APP: &str = "TABLEAU_JWT_CLIENT_ID";
const USER: &str = "TABLEAU_USERNAME";

impl Credentials {
    /// The one way to sign in that the environment describes.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let set: Vec<&str> =
            [PAT, APP, USER].into_iter().filter(|name| environment.get(name).is_some()).collect();
        let text = |name: &'static str| {
            let help = format!("set {name}: the way to sign in that the other variables describe needs it");
            environment.get(name).map(str::to_owned).ok_or(ConfigError::Missing { what: name, help })
        };
        match set.as_slice() {
            [PAT] => Ok(Self::PersonalAccessToken {
                name: text(PAT)?,
                secret: environment.required_secret("TABLEAU_PAT_SECRET")?,
            }),
            [APP] => Ok(Self::ConnectedApp {
                client_id: text(APP)?,
                secret_id: text("TABLEAU_JWT_SECRET_ID")?,
                secret: environment.required_secret("TABLEAU_JWT_SECRET")?,
                username: text("TABLEAU_JWT_USERNAME")?,
            }),
            [USER] => Ok(Self::Password {
                username: text(USER)?,
                password: environment.required_secret("TABLEAU_PASSWORD")?,
            }),
            [first, second, ..] => Err(ConfigError::TwoCredentials { first: name_of(first), second: name_of(second) }),
            _ => Err(ConfigError::Missing {
                what: "a way to sign in to Tableau",
                help: "set TABLEAU_PAT_NAME and TABLEAU_PAT_SECRET (a personal access token, made in Tableau under My \
                       Account Settings)"
                    .to_owned(),
            }),
        }
    }
}

fn name_of(variable: &str) -> &'static str {
    match variable {
        PAT => PAT,
        APP => APP,
        _ => USER,
    }
}

/// The file as it stands, before its values are checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    store: Option<String>,
    tableau: TableauSection,
    snowflake: SnowflakeTables,
    limits: LimitsSection,
    check: check::settings::Section,
    refresh: refresh::settings::Settings,
    serve: serve::settings::Settings,
    webhook: serve::settings::Webhook,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TableauSection {
    server: Option<String>,
    sites: Vec<String>,
    ca_bundle: Option<PathBuf>,
    allow_http: Vec<String>,
    timeout_seconds: Option<std::num::NonZeroU32>,
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
        let server = first(flags.server.as_ref(), "TABLEAU_SERVER", file.tableau.server.as_ref(), names);
        let server = server
            .map(|(name, text)| ServerUrl::parse(&name, &text, &file.tableau.allow_http))
            .transpose()?;

        let names = ["--store", "TABMAP_STORE", "`store`"];
        let store = match first(flags.store.as_ref(), "TABMAP_STORE", file.store.as_ref(), names) {
            None => StoreAddress::Sqlite(PathBuf::from("tabmap.db")),
            Some((name, text)) => text.parse().map_err(|reason| ConfigError::Value {
                name,
                reason,
                help: "write `sqlite:FILE`, or `snowflake:NAME` with a connection of the Snowflake CLI"
                    .to_owned(),
            })?,
        };

        let max_removed = file.limits.max_removed.map(|text| text.parse::<MaxRemoved>()).transpose();
        let max_removed = max_removed.map_err(|error| ConfigError::Value {
            name: "`max_removed` under `[limits]`".to_owned(),
            reason: error.to_string(),
            help: "write a number in quotes, `\"50\"`, or a share, `\"30%\"`".to_owned(),
        })?;

        let ca_bundle = environment.get("TABLEAU_CA_BUNDLE").map(PathBuf::from).or(file.tableau.ca_bundle);
        let sites = sites(flags, &environment, &file.tableau.sites)?;
        let check = file.check.into_settings().map_err(|(key, reason)| ConfigError::Value {
            name: format!("`{key}` under `[check]`"),
            reason,
            help: "the file that `tabmap init` writes shows every key with its meaning".to_owned(),
        })?;
        Ok(Self {
            server,
            sites,
            ca_bundle,
            tableau_timeout: file
                .tableau
                .timeout_seconds
                .map(|seconds| Duration::from_secs(seconds.get().into())),
            store,
            tables: file.snowflake,
            limits: Limits { max_removed: max_removed.unwrap_or_default() },
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
}

/// The file that the flag or else `TABMAP_CONFIG` names.
#[must_use]
pub fn named_file(flags: &Flags, environment: &Environment) -> Option<PathBuf> {
    flags.config.clone().or_else(|| environment.get("TABMAP_CONFIG").map(PathBuf::from))
}

fn read_file(named: Option<&Path>) -> Result<File, ConfigError> {
    let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(File::default());
        }
        Err(source) => {
            return Err(ConfigError::Unreadable { path: path.to_owned(), source });
        }
    };
    toml::from_str(&text)
        .map_err(|error| ConfigError::Invalid { path: path.to_owned(), source: TomlError::of(&error, &text) })
}

fn sites(flags: &Flags, environment: &Environment, file: &[String]) -> Result<Vec<SiteName>, ConfigError> {
    let variable: Vec<String> = environment
        .get("TABLEAU_SITE")
        .into_iter()
        .flat_map(|text| text.split(','))
        .map(str::to_owned)
        .collect();
    let (name, texts) = if !flags.site.is_empty() {
        ("--site", flags.site.as_slice())
    } else if !variable.is_empty() {
        ("TABLEAU_SITE", variable.as_slice())
    } else {
        ("`sites` under `[tableau]`", file)
    };
    let mut sites: Vec<SiteName> = Vec::new();
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        let site = if BrowserUrl::looks_like_one(text) {
            BrowserUrl::parse(text).map(|url| url.site).map_err(|error| error.to_string())
        } else {
            text.parse::<SiteName>().map_err(|error| error.to_string())
        };
        let site = site.map_err(|reason| ConfigError::Value {
            name: name.to_owned(),
            reason,
            help: "take the part after `/site/` in a browser's address bar, or the whole address; `Default` for the \
                   Default site"
                .to_owned(),
        })?;
        if !sites.iter().any(|known| known.is_same_site(&site)) {
            sites.push(site);
        }
    }
    Ok(sites)
}
