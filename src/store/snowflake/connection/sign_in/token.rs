//! A token of the settings: given there, or in a file that somebody may replace while this program runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::authenticator::Asked;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;

/// A token, or the file that holds it.
#[derive(Debug)]
pub(super) enum Token {
    Given(SecretString),
    File(PathBuf),
}

impl Token {
    /// The token of `token` or `token_file_path`.
    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let settings = asked.settings;
        if let Some(token) = settings.optional("token") {
            return Ok(Self::Given(token.trim().into()));
        }
        let path =
            settings.path("token_file_path", asked.environment).ok_or_else(|| settings.missing("token"))?;
        // Read once before anything is sent, because an error in the settings ends the program with another code.
        match contents(&path) {
            Ok(Some(_)) => Ok(Self::File(path)),
            Ok(None) => Err(settings.invalid("token_file_path", format!("{} is empty", path.display()))),
            Err(source) => Err(ConnectionError::Unreadable { what: "the token file", path, source }),
        }
    }

    /// The token as it is now.
    pub(super) fn read(&self) -> Result<SecretString, Fault> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::File(path) => match contents(path) {
                Ok(Some(token)) => Ok(token),
                Ok(None) => Err(no_token(format!("{} is empty", path.display()))),
                Err(error) => Err(no_token(format!("{} could not be read: {error}", path.display()))),
            },
        }
    }
}

fn no_token(reason: String) -> Fault {
    let remedy = "check that whatever writes this file is at work, and that this user may read it";
    Fault::NoToken { reason, remedy }
}

fn contents(path: &Path) -> io::Result<Option<SecretString>> {
    let text = fs::read_to_string(path)?;
    let token = text.trim();
    Ok((!token.is_empty()).then(|| token.into()))
}
