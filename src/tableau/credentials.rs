//! Who signs in.

use std::fmt;

use secrecy::SecretString;

use super::unified_access::UnifiedAccess;

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
    /// A unified access token of Tableau Cloud, in the name of a user.
    UnifiedAccess(UnifiedAccess),
    /// A user with a password (Tableau Server with local or directory users).
    Password {
        /// The user.
        username: String,
        /// The password.
        password: SecretString,
    },
}

impl fmt::Display for Credentials {
    /// The kind and the name, never a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PersonalAccessToken { name, .. } => write!(f, "personal access token `{name}`"),
            Self::ConnectedApp { client_id, username, .. } => {
                write!(f, "connected app `{client_id}`, for the user `{username}`")
            }
            Self::UnifiedAccess(UnifiedAccess { issuer, username, .. }) => {
                write!(f, "unified access token of `{issuer}`, for the user `{username}`")
            }
            Self::Password { username, .. } => write!(f, "user `{username}` with a password"),
        }
    }
}
