//! Who signs in.

use secrecy::SecretString;

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
