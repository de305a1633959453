//! `session_token` and `master_token`: a session that somebody else opened, and goes on with afterwards.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

const SESSION: &str = "session_token";
const MASTER: &str = "master_token";

const NEW_TOKENS: &str = "take `session_token` and `master_token` of a session that is open, and of this account; or leave both out, and sign in another way";

const ONE_SESSION: &str = "run again with the tokens of an open session; several sites share one session with `--parallel 1`, and a run that needs \
                           more signs in by itself, such as with a key pair or a programmatic access token";

const REMEDIES: Remedies = Remedies { by_code: &[], otherwise: Some(NEW_TOKENS) };

/// The tokens of a session, for the first session of a run. Role and warehouse are those of whoever opened it.
#[derive(Debug)]
pub(super) struct GivenSession {
    tokens: Mutex<Option<[SecretString; 2]>>,
}

impl GivenSession {
    /// The way has no name in the settings: the two tokens say enough.
    const NAME: &str = "SESSION_TOKEN";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: "`session_token` and `master_token`",
        keys: &[SESSION, MASTER],
        make: |asked| made(Self::of(asked)),
    };

    /// Whether the settings hold one of the tokens.
    pub(super) fn is_meant(asked: &Asked<'_>) -> bool {
        [SESSION, MASTER].iter().any(|key| asked.settings.setting(key).is_some())
    }

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let token = |key| Ok::<_, ConnectionError>(SecretString::from(asked.settings.required(key)?.trim()));
        Ok(Self { tokens: Mutex::new(Some([token(SESSION)?, token(MASTER)?])) })
    }
}

#[async_trait]
impl Authenticator for GivenSession {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::LeftOut
    }

    fn remedies(&self) -> Remedies {
        REMEDIES
    }

    /// None: there is nothing to sign in with.
    async fn fields(&self) -> Result<Fields, Fault> {
        Ok(Vec::new())
    }

    fn opened_elsewhere(&self) -> bool {
        true
    }

    fn session(&self) -> Result<Option<[SecretString; 2]>, Fault> {
        // After a renewal the tokens are others, so these are good for one session of a run.
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).take();
        let used = || Fault::NoToken {
            reason: "the session of `session_token` is in use or has ended, and this run needs another"
                .to_owned(),
            remedy: ONE_SESSION,
        };
        tokens.map(Some).ok_or_else(used)
    }
}
