//! Settings that cannot be used, and what to do about them.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;
use url::Url;

use crate::toml_error::TomlError;

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
    #[error("the configuration file `{}` is not valid", path.display())]
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
    #[error("`{url}` is plain http: anyone on the network could read the credentials")]
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
    /// A server that a proposed change could have named.
    #[error("{what} is set only in `{}`, which is part of the repository", path.display())]
    #[diagnostic(
        code(tabmap::config::server_of_repository),
        help(
            "a change to that file could send the credentials of this CI job to any server: set {variable} beside them"
        )
    )]
    ServerOfRepository {
        /// The server.
        what: &'static str,
        /// The variable that names it.
        variable: &'static str,
        /// The file.
        path: PathBuf,
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
    /// No variable of any way to sign in.
    #[error("no Tableau credentials are set")]
    #[diagnostic(code(tabmap::config::missing))]
    NoCredentials {
        /// Which to set.
        #[help]
        help: String,
    },
    /// A variable without which the others say too little.
    #[error("{name} is not set")]
    #[diagnostic(code(tabmap::config::missing))]
    MissingVariable {
        /// The variable.
        name: String,
        /// Why, and where to set it.
        #[help]
        help: String,
    },
    /// A secret given twice.
    #[error("both {name} and {name}_FILE are set")]
    #[diagnostic(code(tabmap::config::secret_twice), help("unset one of them"))]
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
    #[error("{first} and {second} are both set, which are two ways to sign in")]
    #[diagnostic(
        code(tabmap::config::two_credentials),
        help("unset the variables of the one that you do not want")
    )]
    TwoCredentials {
        /// One way.
        first: String,
        /// The other.
        second: String,
    },
}
