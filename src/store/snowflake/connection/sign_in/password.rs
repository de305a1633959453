//! `authenticator = snowflake` and `username_password_mfa`: a user and a password, the latter with a second factor.

use async_trait::async_trait;
use secrecy::SecretString;

use super::authenticator::{Asked, Authenticator, Fields, LoginName};
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::ConnectionSettings;
use crate::store::snowflake::error::Fault;

/// A password. Service users cannot have one any more, and people need a second factor beside it.
#[derive(Debug)]
pub(super) struct Password {
    name: &'static str,
    first: SecretString,
    second: Option<SecondFactor>,
}

/// The code of an authenticator app. It is good for one sign-in.
#[derive(Debug)]
enum SecondFactor {
    Passcode(SecretString),
    /// `passcode_in_password`: the code is the end of the password.
    InPassword,
}

impl Password {
    pub(super) const NAME: &str = "SNOWFLAKE";
    pub(super) const WITH_SECOND_FACTOR: &str = "USERNAME_PASSWORD_MFA";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let (first, second) = parts(asked.settings)?;
        Ok(Self { name: Self::NAME, first, second })
    }

    /// Without a code Snowflake would ask the user's phone, which nobody answers at night.
    pub(super) fn with_second_factor(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let (first, second) = parts(asked.settings)?;
        let second = second.ok_or_else(|| asked.settings.missing("passcode"))?;
        Ok(Self { name: Self::WITH_SECOND_FACTOR, first, second: Some(second) })
    }
}

fn parts(settings: &ConnectionSettings) -> Result<(SecretString, Option<SecondFactor>), ConnectionError> {
    let password = settings.required("password")?.into();
    let in_password = settings.optional("passcode_in_password");
    let second = if in_password.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        Some(SecondFactor::InPassword)
    } else {
        settings.optional("passcode").map(|code| SecondFactor::Passcode(code.trim().into()))
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

    /// No AUTHENTICATOR: a second factor is a password's companion to Snowflake, and no way of its own.
    async fn fields(&self) -> Result<Fields, Fault> {
        let mut fields = vec![("PASSWORD", self.first.clone())];
        if let Some(second) = &self.second {
            fields.push(("EXT_AUTHN_DUO_METHOD", "passcode".into()));
            if let SecondFactor::Passcode(code) = second {
                fields.push(("PASSCODE", code.clone()));
            }
        }
        Ok(fields)
    }
}
