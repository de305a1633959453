//! What proves to Snowflake who we are.

use std::fs;

use secrecy::SecretString;

use super::error::ConnectionError;
use super::key;
use super::settings::{Environment, Settings};

/// What proves to Snowflake who we are. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// `authenticator = snowflake`. Service users cannot use passwords since 2026.
    Password(SecretString),
    /// `authenticator = SNOWFLAKE_JWT`: the private key, as unencrypted PKCS#8 in PEM.
    KeyPair(SecretString),
    /// `authenticator = PROGRAMMATIC_ACCESS_TOKEN`.
    AccessToken(SecretString),
    /// `authenticator = oauth`: a token that somebody else obtained.
    OAuth(SecretString),
}

impl Credentials {
    /// The word of the login request; `None` for a password, which needs none.
    pub(crate) fn authenticator(&self) -> Option<&'static str> {
        match self {
            Self::Password(_) => None,
            Self::KeyPair(_) => Some("SNOWFLAKE_JWT"),
            Self::AccessToken(_) => Some("PROGRAMMATIC_ACCESS_TOKEN"),
            Self::OAuth(_) => Some("OAUTH"),
        }
    }

    pub(super) fn of(settings: &Settings, environment: &Environment<'_>) -> Result<Self, ConnectionError> {
        let has_key = ["private_key_file", "private_key_path", "private_key_raw"]
            .iter()
            .any(|key| settings.setting(key).is_some());
        let found = settings.optional("authenticator").unwrap_or_default();
        match found.to_uppercase().as_str() {
            "SNOWFLAKE_JWT" => key::private_key(settings, environment).map(Self::KeyPair),
            // The drivers take a key without this setting; the CLI asks for it.
            "" if has_key => key::private_key(settings, environment).map(Self::KeyPair),
            "" | "SNOWFLAKE" => settings.required("password").map(SecretString::from).map(Self::Password),
            "PROGRAMMATIC_ACCESS_TOKEN" => token(settings, environment).map(Self::AccessToken),
            "OAUTH" => token(settings, environment).map(Self::OAuth),
            _ => Err(ConnectionError::Authenticator {
                name: settings.name.clone(),
                origin: settings.origin.clone(),
                found,
            }),
        }
    }
}

fn token(settings: &Settings, environment: &Environment<'_>) -> Result<SecretString, ConnectionError> {
    if let Some(token) = settings.optional("token") {
        return Ok(token.into());
    }
    let path = settings.path("token_file_path", environment).ok_or_else(|| settings.missing("token"))?;
    let token = fs::read_to_string(&path).map_err(|source| ConnectionError::Unreadable {
        what: "the token file",
        path: path.clone(),
        source,
    })?;
    if token.trim().is_empty() {
        return Err(settings.invalid("token_file_path", format!("{} is empty", path.display())));
    }
    Ok(token.trim().into())
}
