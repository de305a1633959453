//! What a provider of workload identities does.

use std::fmt;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::store::snowflake::error::Fault;

/// Whom Snowflake must take the proof to be for: the audience of a token, or a signed header.
pub(super) const AUDIENCE: &str = "snowflakecomputing.com";

/// Who vouches for this workload. `Debug` shows no secret.
#[async_trait]
pub(super) trait Provider: fmt::Debug + Send + Sync {
    /// The value of `PROVIDER` in the login request.
    fn name(&self) -> &'static str;

    /// The proof of which workload this is. Asked for at each sign-in, since no proof is valid for long.
    async fn attestation(&self) -> Result<SecretString, Fault>;
}
