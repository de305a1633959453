//! `authenticator = PROGRAMMATIC_ACCESS_TOKEN`: a token that Snowflake made for a user.

use async_trait::async_trait;

use super::authenticator::{Asked, Authenticator, Fields, LoginName};
use super::token::Token;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;

/// A programmatic access token. It names its user, so the connection need not.
#[derive(Debug)]
pub(super) struct ProgrammaticAccessToken {
    token: Token,
}

impl ProgrammaticAccessToken {
    pub(super) const NAME: &str = "PROGRAMMATIC_ACCESS_TOKEN";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        Ok(Self { token: Token::of(asked)? })
    }
}

#[async_trait]
impl Authenticator for ProgrammaticAccessToken {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::Optional
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        Ok(vec![("AUTHENTICATOR", Self::NAME.into()), ("TOKEN", self.token.read()?)])
    }
}
