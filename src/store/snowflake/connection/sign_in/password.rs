//! `authenticator = snowflake` and `username_password_mfa`: a user and a password, the latter with a second factor.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::ConnectionSettings;
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

const WITH_SECOND_FACTOR: &str = "USERNAME_PASSWORD_MFA";

const KEYS: &[&str] = &["password", "passcode", "passcode_in_password"];

const NO_PASSCODE: &str = "give the current code of the authenticator app with `--passcode` or SNOWFLAKE_PASSCODE, or put it at the end \
                           of the password with `passcode_in_password = true`";

const ONE_SIGN_IN: &str = "run again with the current code; several sites take one sign-in with `--parallel 1`, and a run that needs \
                           more wants another way, such as a key pair or a programmatic access token";

const BY_CODE: &[(&[&str], &str)] = &[
    (
        &["390100"],
        "check `account`, `user` and `password` of the connection; service users cannot use passwords any more: use a key pair or a programmatic access token",
    ),
    // Snowflake says that a token is invalid, to somebody who sent none, where the account is not the user's.
    (
        &["390144"],
        "the user does not exist in this account: check `account` and `host` of the connection, then `user`",
    ),
    (
        &["390197"],
        "the account wants a second factor beside a password, and the user has none: for an unattended run, use a key pair or a programmatic access token; a person signs in to Snowsight once to set one up",
    ),
    (
        &["394508"],
        "the password alone is not enough: add the current code with `--passcode`, or use a key pair or a programmatic access token for unattended runs",
    ),
];

/// A password. Service users cannot have one any more, and people need a second factor beside it.
#[derive(Debug)]
pub(super) struct Password {
    name: &'static str,
    first: SecretString,
    second: Mutex<SecondFactor>,
}

/// The code of an authenticator app. It is good for one sign-in, and is forgotten with that; the session is then renewed
/// without it.
#[derive(Debug)]
enum SecondFactor {
    None,
    Passcode(SecretString),
    /// `passcode_in_password`: the code is the end of the password.
    InPassword,
    Used,
}

impl Password {
    pub(super) const NAME: &str = "SNOWFLAKE";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: "snowflake (password)",
        keys: KEYS,
        make: |asked| made(Self::of(asked)),
    };

    pub(super) const WAY_WITH_SECOND_FACTOR: Way = Way {
        name: WITH_SECOND_FACTOR,
        label: "username_password_mfa (with a passcode)",
        keys: KEYS,
        make: |asked| made(Self::with_second_factor(asked)),
    };

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let (first, second) = parts(asked.settings)?;
        Ok(Self { name: Self::NAME, first, second: Mutex::new(second) })
    }

    /// Without a code Snowflake would ask the user's phone, which nobody answers at night.
    fn with_second_factor(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let (first, second) = parts(asked.settings)?;
        if matches!(second, SecondFactor::None) {
            return Err(asked.settings.no_sign_in("it has no passcode", NO_PASSCODE));
        }
        Ok(Self { name: WITH_SECOND_FACTOR, first, second: Mutex::new(second) })
    }
}

fn parts(settings: &ConnectionSettings) -> Result<(SecretString, SecondFactor), ConnectionError> {
    let password = settings.required("password")?.into();
    let in_password = settings.optional("passcode_in_password");
    let second = if in_password.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        SecondFactor::InPassword
    } else {
        let code = settings.optional("passcode");
        code.map_or(SecondFactor::None, |code| SecondFactor::Passcode(code.trim().into()))
    };
    Ok((password, second))
}

#[async_trait]
impl Authenticator for Password {
    fn name(&self) -> &'static str {
        self.name
    }

    fn login_name(&self) -> LoginName {
        LoginName::Required
    }

    fn remedies(&self) -> Remedies {
        let second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        let otherwise = (!matches!(*second, SecondFactor::None)).then_some(
            "a passcode is valid for 30 seconds and for one sign-in: give the current one with `--passcode`; for unattended runs take a key pair or a programmatic access token",
        );
        Remedies { by_code: BY_CODE, otherwise }
    }

    /// No AUTHENTICATOR: a second factor is a password's companion to Snowflake, and no way of its own.
    async fn fields(&self) -> Result<Fields, Fault> {
        let mut fields = vec![("PASSWORD", self.first.clone())];
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*second, SecondFactor::None) {
            return Ok(fields);
        }
        match std::mem::replace(&mut *second, SecondFactor::Used) {
            SecondFactor::Passcode(code) => fields.push(("PASSCODE", code)),
            SecondFactor::InPassword | SecondFactor::None => {}
            SecondFactor::Used => {
                let reason =
                    "the passcode was good for the first sign-in, and this run needs a second one".to_owned();
                return Err(Fault::NoToken { reason, remedy: ONE_SIGN_IN });
            }
        }
        fields.push(("EXT_AUTHN_DUO_METHOD", "passcode".into()));
        Ok(fields)
    }
}
