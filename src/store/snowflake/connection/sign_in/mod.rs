//! The ways to sign in: a file for each, and the list that `authenticator` chooses from.
//!
//! A new way is a file with a type that implements [`Authenticator`], and a line in [`WAYS`].

mod authenticator;
mod client_credentials;
mod container;
mod given_token;
mod key_pair;
mod password;
mod token;
mod workload_identity;

use std::sync::Arc;

pub(super) use authenticator::Asked;
pub use authenticator::{Authenticator, Fields, LoginName};
use client_credentials::ClientCredentials;
use container::Container;
pub(super) use container::is_inside;
use given_token::GivenToken;
use key_pair::KeyPair;
use password::Password;
use workload_identity::WorkloadIdentity;

use super::error::ConnectionError;

/// One way to sign in.
struct Way {
    /// The value of `authenticator`, in capitals.
    name: &'static str,
    /// As the help of an unknown authenticator names it.
    label: &'static str,
    make: fn(&Asked<'_>) -> Result<Arc<dyn Authenticator>, ConnectionError>,
}

const WAYS: &[Way] = &[
    Way { name: KeyPair::NAME, label: "SNOWFLAKE_JWT (key pair)", make: |asked| shared(KeyPair::of(asked)) },
    Way {
        name: GivenToken::PROGRAMMATIC,
        label: "PROGRAMMATIC_ACCESS_TOKEN",
        make: |asked| shared(GivenToken::of(GivenToken::PROGRAMMATIC, asked)),
    },
    Way {
        name: WorkloadIdentity::NAME,
        label: "WORKLOAD_IDENTITY",
        make: |asked| shared(WorkloadIdentity::of(asked)),
    },
    Way {
        name: ClientCredentials::NAME,
        label: "OAUTH_CLIENT_CREDENTIALS",
        make: |asked| shared(ClientCredentials::of(asked)),
    },
    Way {
        name: GivenToken::OAUTH,
        label: "oauth (with a token)",
        make: |asked| shared(GivenToken::of(GivenToken::OAUTH, asked)),
    },
    Way { name: Password::NAME, label: "snowflake (password)", make: |asked| shared(Password::of(asked)) },
    Way {
        name: Password::WITH_SECOND_FACTOR,
        label: "username_password_mfa (with a passcode)",
        make: |asked| shared(Password::with_second_factor(asked)),
    },
];

fn shared<T: Authenticator + 'static>(
    made: Result<T, ConnectionError>,
) -> Result<Arc<dyn Authenticator>, ConnectionError> {
    made.map(|authenticator| Arc::new(authenticator) as Arc<dyn Authenticator>)
}

/// The way that the settings ask for.
pub(super) fn authenticator_of(asked: &Asked<'_>) -> Result<Arc<dyn Authenticator>, ConnectionError> {
    if Container::is_meant(asked) {
        return shared(Container::of(asked));
    }
    let found = asked.settings.optional("authenticator");
    let name = match &found {
        Some(found) => found.to_uppercase(),
        None => unnamed(asked).to_owned(),
    };
    match WAYS.iter().find(|way| way.name == name) {
        Some(way) => (way.make)(asked),
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
