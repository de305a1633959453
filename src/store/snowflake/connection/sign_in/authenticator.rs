//! What the transport needs from a way to sign in.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

use super::super::authorities::Authorities;
use super::super::error::ConnectionError;
use super::super::settings::{ConnectionSettings, Environment};
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

/// Fields of a login request's `data`. All values count as secret, so that no log shows one by mistake.
pub type Fields = Vec<(&'static str, SecretString)>;

/// What a connection asks for, as far as a way to sign in depends on it.
pub(in super::super) struct Asked<'a> {
    pub(in super::super) settings: &'a ConnectionSettings,
    pub(in super::super) environment: &'a Environment<'a>,
    /// Where the login request goes.
    pub(in super::super) server: &'a Url,
    /// The account, without region and cloud.
    pub(in super::super) account: &'a str,
    /// Whose certificates are believed, of Snowflake and of an identity provider.
    pub(in super::super) authorities: &'a Authorities,
}

/// A line in the list of ways. The file of a way has all that is to be known of it: its keys, its remedies, its errors.
pub(super) struct Way {
    /// The value of `authenticator`, in capitals.
    pub(super) name: &'static str,
    /// As the help of an unknown authenticator names it.
    pub(super) label: &'static str,
    /// Its keys in a connection, and so its variables too: `SNOWFLAKE_CONNECTIONS_<NAME>_<KEY>` and `SNOWFLAKE_<KEY>`.
    pub(super) keys: &'static [&'static str],
    pub(super) make: fn(&Asked<'_>) -> Made,
}

pub(super) type Made = Result<Arc<dyn Authenticator>, ConnectionError>;

/// For [`Way::make`].
pub(super) fn made<T: Authenticator + 'static>(made: Result<T, ConnectionError>) -> Made {
    made.map(|authenticator| Arc::new(authenticator) as Arc<dyn Authenticator>)
}

/// Whether a login request names the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginName {
    /// It must.
    Required,
    /// It may: the token names the user too, and Snowflake compares the two.
    Optional,
    /// It must not: the token alone names the user.
    LeftOut,
}

/// A way to sign in. `Debug` shows no secret.
#[async_trait]
pub trait Authenticator: fmt::Debug + Send + Sync {
    /// What people know it by: the value of `authenticator` in the connection, in capitals, where it has one.
    fn name(&self) -> &'static str;

    /// Whether the login request names the user.
    fn login_name(&self) -> LoginName;

    /// What to do about refusals, where that depends on the way.
    fn remedies(&self) -> Remedies {
        Remedies::default()
    }

    /// The fields that prove who we are. Asked for at each sign-in, so that a token which is replaced from time to time
    /// is the current one.
    async fn fields(&self) -> Result<Fields, Fault>;

    /// The session and master token of a session that somebody else opened, in place of a sign-in.
    fn session(&self) -> Result<Option<[SecretString; 2]>, Fault> {
        Ok(None)
    }

    /// Whether somebody else opened the session, and goes on with it.
    fn opened_elsewhere(&self) -> bool {
        false
    }

    /// The key with which the client library signs its own token, as unencrypted PKCS#8 in PEM.
    fn private_key(&self) -> Option<&SecretString> {
        None
    }
}
