//! The ways to sign in: a file for each, and the list that `authenticator` chooses from.
//!
//! A new way is a file with a type that implements [`Authenticator`] and a [`Way`], and a line in [`WAYS`].

mod authenticator;
mod authorization_code;
mod browser;
mod client_credentials;
mod container;
mod external_browser;
mod given_session;
mod given_token;
mod http_client;
mod key_pair;
mod password;
mod token;
mod token_endpoint;
mod workload_identity;

pub(super) use authenticator::Asked;
pub use authenticator::{Authenticator, Fields, LoginName};
use authorization_code::AuthorizationCode;
use client_credentials::ClientCredentials;
use container::Container;
pub(super) use container::is_inside;
use external_browser::ExternalBrowser;
use given_session::GivenSession;
use given_token::GivenToken;
use key_pair::KeyPair;
use password::Password;
use workload_identity::WorkloadIdentity;

use self::authenticator::{Made, Way};
use super::error::ConnectionError;

/// In the order in which the help of an unknown authenticator names them.
const WAYS: &[Way] = &[
    KeyPair::WAY,
    GivenToken::PROGRAMMATIC,
    WorkloadIdentity::WAY,
    ClientCredentials::WAY,
    GivenToken::OAUTH,
    Password::WAY,
    Password::WAY_WITH_SECOND_FACTOR,
    ExternalBrowser::WAY,
    AuthorizationCode::WAY,
];

/// The keys of all ways in a connection.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    WAYS.iter().chain([&GivenSession::WAY]).flat_map(|way| way.keys).copied()
}

/// The way that the settings ask for.
pub(super) fn authenticator_of(asked: &Asked<'_>) -> Made {
    let found = asked.settings.optional("authenticator");
    let name = match &found {
        Some(found) => found.to_uppercase(),
        None => unnamed(asked).to_owned(),
    };
    let by_itself =
        [(GivenSession::is_meant(asked), &GivenSession::WAY), (Container::is_meant(asked), &Container::WAY)]
            .into_iter()
            .find_map(|(is_meant, way)| is_meant.then_some(way));
    match by_itself.or_else(|| WAYS.iter().find(|way| way.name == name)) {
        Some(way) => {
            let is_for_this_run = asked.settings.came_from("passcode") == Some("--passcode");
            if is_for_this_run && !way.keys.contains(&"passcode") {
                let reason = format!("`--passcode` goes with a password, not with {}", way.label);
                return Err(asked
                    .settings
                    .no_sign_in(reason, "leave the flag out, or correct `authenticator`"));
            }
            (way.make)(asked)
        }
        None => Err(ConnectionError::Authenticator {
            name: asked.settings.name.clone(),
            origin: asked.settings.origin.clone(),
            found: found.unwrap_or_default(),
            supported: WAYS.iter().map(|way| way.label).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// What a connection without `authenticator` means.
fn unnamed(asked: &Asked<'_>) -> &'static str {
    // The drivers take a key without this setting; the CLI asks for it.
    if KeyPair::is_set(asked.settings) { KeyPair::NAME } else { Password::NAME }
}
