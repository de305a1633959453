//! Why the objects could not be described or applied.

use miette::Diagnostic;
use thiserror::Error;

use crate::store::StoreError;

/// The objects could not be described or applied.
#[derive(Debug, Error, Diagnostic)]
pub enum ObjectsError {
    /// A setting that does not go into the files.
    #[error("{name} is not valid: {reason}")]
    #[diagnostic(code(tabmap::snowflake::objects::setting))]
    Setting {
        /// The setting.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
        /// The remedy.
        #[help]
        help: &'static str,
    },
    /// A secret is not there and nobody said what to put into it.
    #[error("the secret {secret} does not exist, and nothing is given to put into it")]
    #[diagnostic(code(tabmap::snowflake::objects::secret), help("set {variables}"))]
    SecretMissing {
        /// Its full name.
        secret: String,
        /// The variables.
        variables: &'static str,
    },
    /// A statement could not be run.
    #[error("could not create the objects in Snowflake; stopped at `{statement}`")]
    #[diagnostic(code(tabmap::snowflake::objects::refused))]
    Refused {
        /// The first line of the statement.
        statement: String,
        /// What Snowflake said.
        source: Box<StoreError>,
        /// The remedy.
        #[help]
        help: &'static str,
    },
}
