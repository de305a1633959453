//! `authenticator = oauth`: an access token that somebody else obtained.

use async_trait::async_trait;

use super::authenticator::{Asked, Authenticator, Fields, LoginName};
use super::token::Token;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;

/// An OAuth access token. It names its user, so the connection need not.
#[derive(Debug)]
pub(super) struct OAuth {
    token: Token,
}

impl OAuth {
    pub(super) const NAME: &str = "OAUTH";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        Ok(Self { token: Token::of(asked)? })
    }
}

#[async_trait]
impl Authenticator for OAuth {
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
