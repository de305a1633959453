//! `workload_identity_provider = OIDC`: an OpenID Connect token that the platform gives to each workload.

use async_trait::async_trait;
use secrecy::SecretString;

use super::provider::Provider;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::sign_in::authenticator::Asked;
use crate::store::snowflake::connection::sign_in::token::Token;
use crate::store::snowflake::error::Fault;

/// A token such as that of a CI job or of a Kubernetes pod.
#[derive(Debug)]
pub(super) struct Oidc {
    token: Token,
}

impl Oidc {
    pub(super) const NAME: &str = "OIDC";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        Ok(Self { token: Token::of(asked)? })
    }
}

#[async_trait]
impl Provider for Oidc {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn attestation(&self) -> Result<SecretString, Fault> {
        self.token.read()
    }
}
