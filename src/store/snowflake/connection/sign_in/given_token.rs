//! `authenticator = oauth` and `PROGRAMMATIC_ACCESS_TOKEN`: a token that somebody else obtained.

use async_trait::async_trait;

use super::authenticator::{Asked, Authenticator, Fields, LoginName};
use super::token::Token;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;

/// An access token. It names its user, so the connection need not.
#[derive(Debug)]
pub(super) struct GivenToken {
    name: &'static str,
    token: Token,
}

impl GivenToken {
    /// An access token of OAuth.
    pub(super) const OAUTH: &str = "OAUTH";
    /// A token that Snowflake made for a user.
    pub(super) const PROGRAMMATIC: &str = "PROGRAMMATIC_ACCESS_TOKEN";

    pub(super) fn of(name: &'static str, asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        Ok(Self { name, token: Token::of(asked)? })
    }
}

#[async_trait]
impl Authenticator for GivenToken {
    fn name(&self) -> &'static str {
        self.name
    }

    fn login_name(&self) -> LoginName {
        LoginName::Optional
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        Ok(vec![("AUTHENTICATOR", self.name.into()), ("TOKEN", self.token.read()?)])
    }
}
