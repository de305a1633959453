//! `authenticator = snowflake`: a user and a password.

use async_trait::async_trait;
use secrecy::SecretString;

use super::authenticator::{Asked, Authenticator, Fields, LoginName};
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;

/// A password. Service users cannot have one any more, and people need a second factor beside it.
#[derive(Debug)]
pub(super) struct Password {
    password: SecretString,
}

impl Password {
    pub(super) const NAME: &str = "SNOWFLAKE";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        Ok(Self { password: asked.settings.required("password")?.into() })
    }
}

#[async_trait]
impl Authenticator for Password {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::Required
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        Ok(vec![("PASSWORD", self.password.clone())])
    }
}
