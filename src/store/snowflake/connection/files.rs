//! Where the settings of a connection are, and which of them wins.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::authorities;
use super::error::ConnectionError;
use super::settings::{ConnectionSettings, Environment, Setting, home, variable};
use super::sign_in;

/// The keys of a connection that this program reads, beside those of the ways to sign in; others belong to other programs.
const KEYS: &[&str] = &[
    "account",
    "user",
    "username",
    "host",
    "port",
    "protocol",
    "region",
    "authenticator",
    "role",
    "warehouse",
];

const INLINE: &str = "SNOWFLAKE_CONNECTIONS";

/// The connections of the files and of `SNOWFLAKE_CONNECTIONS`.
pub(super) struct Files {
    /// The folder or variable, for messages.
    searched: String,
    /// The file or variable that the connections came from.
    origin: String,
    connections: Table,
    default_name: Option<String>,
}

impl Files {
    pub(super) fn read(environment: &Environment<'_>) -> Result<Self, ConnectionError> {
        let folder = folder(environment);
        let config_path = folder.join("config.toml");
        let connections_path = folder.join("connections.toml");
        let mut config = read_table(&config_path, environment)?.unwrap_or_default();
        let default_name = match config.get("default_connection_name") {
            Some(Value::String(name)) => Some(name.clone()),
            _ => None,
        };
        // `connections.toml` replaces the whole section of `config.toml`.
        let (connections, origin) = if let Some(inline) = variable(environment, INLINE) {
            (parse(&inline, INLINE)?, INLINE.to_owned())
        } else if let Some(connections) = read_table(&connections_path, environment)? {
            (connections, connections_path.display().to_string())
        } else {
            let section = match config.remove("connections") {
                Some(Value::Table(section)) => section,
                _ => Table::new(),
            };
            (section, config_path.display().to_string())
        };
        let searched = format!("{} and {}", connections_path.display(), config_path.display());
        Ok(Self { searched, origin, connections, default_name })
    }

    pub(super) fn default_name(&self, environment: &Environment<'_>) -> String {
        variable(environment, "SNOWFLAKE_DEFAULT_CONNECTION_NAME")
            .or_else(|| self.default_name.clone())
            .unwrap_or_else(|| "default".to_owned())
    }

    pub(super) fn settings(
        &self,
        name: &str,
        environment: &Environment<'_>,
    ) -> Result<ConnectionSettings, ConnectionError> {
        let section = match self.connections.get(name) {
            Some(Value::Table(section)) => Some(section),
            _ => None,
        };
        let own = |key: &str| format!("SNOWFLAKE_CONNECTIONS_{}_{}", name.to_uppercase(), key.to_uppercase());
        // Some ways share keys.
        let keys: BTreeSet<_> =
            KEYS.iter().copied().chain(authorities::KEYS).chain(sign_in::keys()).collect();
        let in_environment = keys.iter().any(|key| variable(environment, &own(key)).is_some());
        // A machine without any file, such as a CI job, may have the generic variables alone.
        let generic_alone =
            self.connections.is_empty() && variable(environment, "SNOWFLAKE_ACCOUNT").is_some();
        if section.is_none() && !in_environment && !generic_alone {
            return Err(ConnectionError::Unknown {
                name: name.to_owned(),
                searched: self.searched.clone(),
                known: self.connections.keys().cloned().collect(),
            });
        }
        let origin = if section.is_some() { self.origin.clone() } else { "SNOWFLAKE_* variables".to_owned() };
        let mut values = Vec::new();
        for key in keys {
            let generic = format!("SNOWFLAKE_{}", key.to_uppercase());
            let setting = if let Some(value) = variable(environment, &own(key)) {
                Some(Setting { value, variable: Some(own(key)) })
            } else if let Some(value) = section.and_then(|section| section.get(key)) {
                Some(Setting { value: plain(value), variable: None })
            } else {
                variable(environment, &generic).map(|value| Setting { value, variable: Some(generic) })
            };
            values.extend(setting.map(|setting| (key, setting)));
        }
        Ok(ConnectionSettings { name: name.to_owned(), origin, values })
    }
}

/// The folder of the files: `$SNOWFLAKE_HOME` (`~/.snowflake`) if it exists, otherwise where the platform keeps such things.
fn folder(environment: &Environment<'_>) -> PathBuf {
    let home = home(environment).unwrap_or_default();
    let first = variable(environment, "SNOWFLAKE_HOME").map_or_else(
        || home.join(".snowflake"),
        |folder| folder.strip_prefix("~/").map_or_else(|| PathBuf::from(&folder), |rest| home.join(rest)),
    );
    if first.is_dir() {
        return first;
    }
    if cfg!(target_os = "macos") {
        home.join("Library/Application Support/snowflake")
    } else if cfg!(windows) {
        variable(environment, "LOCALAPPDATA").map_or(home, PathBuf::from).join("snowflake")
    } else {
        variable(environment, "XDG_CONFIG_HOME")
            .map_or_else(|| home.join(".config"), PathBuf::from)
            .join("snowflake")
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn read_table(path: &Path, environment: &Environment<'_>) -> Result<Option<Table>, ConnectionError> {
    let unreadable = |source| ConnectionError::Unreadable {
        what: "the Snowflake settings",
        path: path.to_owned(),
        source,
    };
    match fs::read_to_string(path) {
        Ok(text) => {
            check_permissions(path, environment).map_err(|error| error.unwrap_or_else(unreadable))?;
            parse(&text, &path.display().to_string()).map(Some)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(error)),
    }
}

fn parse(text: &str, origin: &str) -> Result<Table, ConnectionError> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ConnectionError::Toml { origin: origin.to_owned(), line }
    })
}

/// Who may change the file may be us to Snowflake; who may read it, too.
///
/// As in the Snowflake CLI, `SF_SKIP_TOKEN_FILE_PERMISSIONS_VERIFICATION=true` allows a file that others may read. Snowpark
/// Container Services, which mount files for a group, set a variable of nearly the same name.
#[cfg(unix)]
fn check_permissions(path: &Path, environment: &Environment<'_>) -> Result<(), PermissionsError> {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path).map_err(PermissionsError::Io)?.permissions().mode() & 0o777;
    let error =
        |may| Err(PermissionsError::Open(ConnectionError::Permissions { path: path.to_owned(), may, mode }));
    if mode & 0o022 != 0 {
        return error("changed");
    }
    let skip = variable(environment, "SF_SKIP_TOKEN_FILE_PERMISSIONS_VERIFICATION")
        .or_else(|| variable(environment, "SKIP_TOKEN_FILE_PERMISSIONS_VERIFICATION"));
    let skip = skip.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if mode & 0o044 != 0 && !skip {
        return error("read");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_permissions(_path: &Path, _environment: &Environment<'_>) -> Result<(), PermissionsError> {
    Ok(())
}

enum PermissionsError {
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has permission bits"))]
    Open(ConnectionError),
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has permission bits"))]
    Io(std::io::Error),
}

impl PermissionsError {
    fn unwrap_or_else(self, unreadable: impl Fn(std::io::Error) -> ConnectionError) -> ConnectionError {
        match self {
            Self::Open(error) => error,
            Self::Io(error) => unreadable(error),
        }
    }
}
