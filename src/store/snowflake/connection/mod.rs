//! A connection of the Snowflake CLI: `connections.toml`, `config.toml` and `SNOWFLAKE_*`, by its rules.
//!
//! The rules are those of "Configuring Snowflake CLI and connecting to Snowflake" on docs.snowflake.com: a variable
//! `SNOWFLAKE_CONNECTIONS_<NAME>_<KEY>` wins over the file, and the file over `SNOWFLAKE_<KEY>`.

mod credentials;
mod error;
mod files;
mod host;
mod key;

use std::fmt;
use std::path::PathBuf;

pub use credentials::Credentials;
pub use error::ConnectionError;
use files::Files;
use url::Url;

/// The environment, as a function of a variable's name: this module never reads the process's own.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The keys of a connection that this program reads; others belong to other programs.
const KEYS: [&str; 18] = [
    "account",
    "user",
    "password",
    "host",
    "port",
    "protocol",
    "region",
    "authenticator",
    "private_key_file",
    "private_key_path",
    "private_key_raw",
    "private_key_passphrase",
    "private_key_file_pwd",
    "token",
    "token_file_path",
    "role",
    "warehouse",
    "username",
];

/// All that is needed to sign in.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its name in the file.
    pub name: String,
    /// The account's name or locator, without region and cloud: what a key pair's token is issued for.
    pub account: String,
    /// The user's login name; empty with OAuth, where the token names the user.
    pub user: String,
    /// Scheme, host and port.
    pub server: Url,
    /// What proves who we are.
    pub credentials: Credentials,
    /// As written: `"quoted"` names keep their case, others are upper case to Snowflake.
    pub role: Option<String>,
    /// As written.
    pub warehouse: Option<String>,
}

impl Connection {
    /// Reads the connection called `name`, or the default one.
    pub fn find(name: Option<&str>, environment: &Environment<'_>) -> Result<Self, ConnectionError> {
        let files = Files::read(environment)?;
        let name = name.map_or_else(|| files.default_name(environment), str::to_owned);
        let settings = files.settings(&name, environment)?;
        let account = settings.required("account")?;
        let (account, server) = host::server_of(&settings, &account)?;
        let credentials = Credentials::of(&settings, environment)?;
        let user = match settings.optional("user").or_else(|| settings.optional("username")) {
            Some(user) => user,
            None if matches!(credentials, Credentials::OAuth(_)) => String::new(),
            None => return Err(settings.missing("user")),
        };
        Ok(Self {
            name,
            account,
            user,
            server,
            credentials,
            role: settings.optional("role"),
            warehouse: settings.optional("warehouse"),
        })
    }
}

/// The settings of one connection, with where each came from.
pub(crate) struct Settings {
    name: String,
    /// The file, or the variables that stand in for it.
    origin: String,
    values: Vec<(&'static str, Setting)>,
}

struct Setting {
    value: String,
    /// The variable that it came from, if not from the file.
    variable: Option<String>,
}

impl Settings {
    /// The value of `key`; an empty one counts as absent, as in the CLI.
    fn optional(&self, key: &str) -> Option<String> {
        self.setting(key).map(|setting| setting.value.clone())
    }

    fn setting(&self, key: &str) -> Option<&Setting> {
        let found = self.values.iter().find(|(name, _)| *name == key)?;
        (!found.1.value.trim().is_empty()).then_some(&found.1)
    }

    fn required(&self, key: &'static str) -> Result<String, ConnectionError> {
        self.optional(key).ok_or_else(|| self.missing(key))
    }

    fn missing(&self, key: &'static str) -> ConnectionError {
        ConnectionError::Missing { name: self.name.clone(), origin: self.origin.clone(), key }
    }

    fn invalid(&self, key: &'static str, reason: impl fmt::Display) -> ConnectionError {
        let variable = self.setting(key).and_then(|setting| setting.variable.clone());
        ConnectionError::Invalid {
            name: self.name.clone(),
            origin: variable.unwrap_or_else(|| self.origin.clone()),
            key,
            reason: reason.to_string(),
        }
    }

    /// A path, in which a leading `~` is the home folder.
    fn path(&self, key: &str, environment: &Environment<'_>) -> Option<PathBuf> {
        let value = self.optional(key)?;
        let home = files::home(environment);
        Some(match (value.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(value),
        })
    }
}
