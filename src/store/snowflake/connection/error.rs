//! Why a connection's settings cannot be used: the file, the key and the remedy.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// Why a connection's settings cannot be used.
#[derive(Debug, Error, Diagnostic)]
#[diagnostic(code(tabmap::snowflake_connection))]
pub enum ConnectionError {
    /// No connection has this name.
    #[error("there is no Snowflake connection `{name}`: looked in {searched}{}", known_names(known))]
    #[diagnostic(help(
        "add it with `snow connection add` of the Snowflake CLI, or as a table `[{name}]` in `connections.toml`, or set \
         SNOWFLAKE_CONNECTIONS_{}_ACCOUNT, _USER and so on",
        name.to_uppercase()
    ))]
    Unknown {
        /// The name.
        name: String,
        /// The files that were looked for.
        searched: String,
        /// The names that are there.
        known: Vec<String>,
    },
    /// A setting is missing.
    #[error("the Snowflake connection `{name}` has no `{key}` (in {origin})")]
    #[diagnostic(help("add `{key}` to the connection, or set SNOWFLAKE_CONNECTIONS_{}_{}", name.to_uppercase(), key.to_uppercase()))]
    Missing {
        /// The connection.
        name: String,
        /// Where its settings are.
        origin: String,
        /// The key.
        key: &'static str,
    },
    /// A setting has a value that cannot be used.
    #[error("`{key}` of the Snowflake connection `{name}` cannot be used ({origin}): {reason}")]
    #[diagnostic(help("correct it there; the keys are those of the Snowflake CLI"))]
    Invalid {
        /// The connection.
        name: String,
        /// The file or the variable.
        origin: String,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// An authenticator that this program does not know.
    #[error("`authenticator = \"{found}\"` of the Snowflake connection `{name}` is not supported ({origin})")]
    #[diagnostic(help("supported are {supported}"))]
    Authenticator {
        /// The connection.
        name: String,
        /// The file.
        origin: String,
        /// What was asked for.
        found: String,
        /// The ways that there are.
        supported: String,
    },
    /// The way to sign in does not suit the place or the connection.
    #[error("the Snowflake connection `{name}` cannot sign in ({origin}): {reason}")]
    #[diagnostic(help("{remedy}"))]
    SignIn {
        /// The connection.
        name: String,
        /// The file.
        origin: String,
        /// Why.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Others may read or change the file.
    #[error("{} may be {may} by others (mode {mode:04o})", path.display())]
    #[diagnostic(help(
        "it decides who this program is to Snowflake: `chmod 0600 {}`; where a mount says who may read, \
         SF_SKIP_TOKEN_FILE_PERMISSIONS_VERIFICATION=true allows it",
        path.display()
    ))]
    Permissions {
        /// The file.
        path: PathBuf,
        /// "changed" or "read".
        may: &'static str,
        /// Its mode.
        mode: u32,
    },
    /// The file of certificate authorities.
    #[error("could not read the certificate authorities in `{}`, which `{named_by}` names", path.display())]
    #[diagnostic(help("it must be a PEM file that this user may read; correct `{named_by}`"))]
    Authorities {
        /// The file.
        path: PathBuf,
        /// The key of the connection, or the variable.
        named_by: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file cannot be read.
    #[error("could not read {what} {}", path.display())]
    #[diagnostic(help("check that the file exists and that this user may read it"))]
    Unreadable {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or variable is not TOML. The parser's own message is left out: it would quote the line, and lines hold secrets.
    #[error("{origin} is not valid TOML{}", at_line(*line))]
    #[diagnostic(help("correct it; `snow connection list` of the Snowflake CLI reads the same settings"))]
    Toml {
        /// The file or variable.
        origin: String,
        /// Where in it.
        line: Option<usize>,
    },
}

fn known_names(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there are `{}`", known.join("`, `")) }
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}
