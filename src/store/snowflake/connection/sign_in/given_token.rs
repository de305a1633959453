//! `authenticator = oauth` and `PROGRAMMATIC_ACCESS_TOKEN`: a token that somebody else obtained.

use async_trait::async_trait;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use super::token::Token;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

/// An access token. It names its user, so the connection need not.
#[derive(Debug)]
pub(super) struct GivenToken {
    name: &'static str,
    remedies: Remedies,
    token: Token,
}

const KEYS: &[&str] = &["token", "token_file_path"];

const OAUTH_REMEDIES: Remedies = Remedies {
    by_code: &[(
        &["390303", "390318"],
        "get a new OAuth token; the one of the connection is invalid or has expired",
    )],
    otherwise: None,
};

impl GivenToken {
    /// An access token of OAuth.
    pub(super) const OAUTH: Way = Way {
        name: "OAUTH",
        label: "oauth (with a token)",
        keys: KEYS,
        make: |asked| made(Self::of("OAUTH", OAUTH_REMEDIES, asked)),
    };

    /// A token that Snowflake made for a user.
    pub(super) const PROGRAMMATIC: Way = Way {
        name: "PROGRAMMATIC_ACCESS_TOKEN",
        label: "PROGRAMMATIC_ACCESS_TOKEN",
        keys: KEYS,
        make: |asked| made(Self::of("PROGRAMMATIC_ACCESS_TOKEN", Remedies::default(), asked)),
    };

    fn of(name: &'static str, remedies: Remedies, asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        Ok(Self { name, remedies, token: Token::of(asked)? })
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

    fn remedies(&self) -> Remedies {
        self.remedies
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        Ok(vec![("AUTHENTICATOR", self.name.into()), ("TOKEN", self.token.read()?)])
    }
}
