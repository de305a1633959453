//! `authenticator = OAUTH_AUTHORIZATION_CODE`: a person signs in in a browser, and allows this program to act for them.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use super::browser::{Browser, Query, TIMEOUT};
use super::client_credentials::{OF_PROVIDER, scope_of};
use super::token_endpoint::{self, TokenEndpoint, address};
use crate::loopback::is_loopback;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::ConnectionSettings;
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

const AUTHORIZATION: &str = "oauth_authorization_url";
const REDIRECT: &str = "oauth_redirect_uri";

/// Snowflake's own client for programs on a person's machine, known to every account. Its secret is none.
const LOCAL_APPLICATION: &str = "LOCAL_APPLICATION";

/// A token that lives no longer than this is not used again.
const TOO_SHORT: Duration = Duration::from_secs(60);

const DENIED: &str = "allow it in the browser; the role of `oauth_scope` (`session:role:` and the role of the connection without it) must be one that you have, and that the security integration does not block";

/// A person, a browser and a client of an identity provider. The token is kept in memory alone.
#[derive(Debug)]
pub(super) struct AuthorizationCode {
    browser: Browser,
    endpoint: TokenEndpoint,
    authorization: Url,
    redirect: Url,
    scope: Option<String>,
    /// The last token, for the next session of this run. One window at a time.
    token: Mutex<Option<(SecretString, Instant)>>,
}

impl AuthorizationCode {
    const NAME: &str = "OAUTH_AUTHORIZATION_CODE";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: "OAUTH_AUTHORIZATION_CODE (at a terminal)",
        keys: &[
            "oauth_client_id",
            "oauth_client_secret",
            AUTHORIZATION,
            token_endpoint::KEY,
            REDIRECT,
            "oauth_scope",
            TIMEOUT,
        ],
        make: |asked| made(Self::of(asked)),
    };

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let settings = asked.settings;
        let url = |key, path: &str| {
            let own = || {
                let mut own = asked.server.clone();
                own.set_path(path);
                own.into()
            };
            address(settings, key, &settings.optional(key).unwrap_or_else(own))
        };
        let authorization = url(AUTHORIZATION, "oauth/authorize")?;
        let token_url = url(token_endpoint::KEY, "oauth/token-request")?;
        let is_snowflake = [&authorization, &token_url].iter().all(|url| url.host() == asked.server.host());
        let of_client = |key| match settings.optional(key) {
            None if is_snowflake && settings.setting("oauth_client_id").is_none() => {
                Ok(LOCAL_APPLICATION.to_owned())
            }
            value => value.ok_or_else(|| settings.missing(key)),
        };
        Ok(Self {
            browser: Browser::of(asked)?,
            endpoint: TokenEndpoint {
                id: of_client("oauth_client_id")?,
                secret: of_client("oauth_client_secret")?.into(),
                url: token_url,
                in_body: false,
                authorities: asked.authorities.clone(),
            },
            authorization,
            redirect: redirect(settings)?,
            scope: scope_of(settings),
            token: Mutex::default(),
        })
    }

    /// The page to sign in at, by RFC 6749, section 4.1.1, and RFC 7636, section 4.3.
    fn page(&self, redirect: &str, state: &str, verifier: &str) -> Url {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let mut page = self.authorization.clone();
        page.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.endpoint.id)
            .append_pair("redirect_uri", redirect)
            .append_pair("state", state)
            .extend_pairs(self.scope.iter().map(|scope| ("scope", scope)))
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        page
    }

    /// Sends the person to the page, and exchanges the code that comes back.
    async fn sign_in(&self) -> Result<(SecretString, Option<Instant>), Fault> {
        let listener = self.browser.listen(self.redirect.port()).await?;
        let mut redirect = self.redirect.clone();
        // Fails for addresses without a host only.
        let _ = redirect.set_port(Some(listener.port));
        let written = as_written(&redirect);
        let (state, verifier) = (random(), random());
        let page = self.page(&written, &state, &verifier);
        let path = redirect.path().to_owned();
        let answer = self.browser.answer(listener, &page, &path, move |query| answer_to(&state, query));
        let code = answer.await?.map_err(|error| Fault::NoToken {
            reason: format!("the browser came back with `{error}`"),
            remedy: DENIED,
        })?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", &written),
            ("code_verifier", &verifier),
        ];
        let issued = self.endpoint.token(&form).await?;
        let until =
            issued.lives.and_then(|lives| Instant::now().checked_add(lives.saturating_sub(TOO_SHORT)));
        Ok((issued.token, until))
    }
}

#[async_trait]
impl Authenticator for AuthorizationCode {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::Optional
    }

    fn remedies(&self) -> Remedies {
        OF_PROVIDER
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        let mut kept = self.token.lock().await;
        let usable = kept.take().filter(|(_, until)| Instant::now() < *until);
        let (token, until) = match usable {
            Some((token, until)) => (token, Some(until)),
            None => self.sign_in().await?,
        };
        *kept = until.map(|until| (token.clone(), until));
        Ok(vec![("AUTHENTICATOR", "OAUTH".into()), ("TOKEN", token)])
    }
}

/// The code, or the error, of the answer to the question with this state; nothing where it answers somebody else's.
fn answer_to(state: &str, query: &Query) -> Option<Result<SecretString, String>> {
    if query.get("state").map(String::as_str) != Some(state) {
        return None;
    }
    match (query.get("code").filter(|code| !code.is_empty()), query.get("error")) {
        (Some(code), None) => Some(Ok(SecretString::from(code.as_str()))),
        // The errors are words of a fixed list; anything else is not repeated.
        (_, Some(error)) if error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
            Some(Err(error.clone()))
        }
        _ => Some(Err("no code".to_owned())),
    }
}

/// 256 bits that nobody can guess, in 64 letters.
fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The address that the browser is sent back to. Identity providers compare it letter by letter, so the `/` that a URL gains
/// is left out where the settings have none.
fn as_written(redirect: &Url) -> String {
    if redirect.path() == "/" {
        redirect.as_str().trim_end_matches('/').to_owned()
    } else {
        redirect.as_str().to_owned()
    }
}

fn redirect(settings: &ConnectionSettings) -> Result<Url, ConnectionError> {
    let text = settings.optional(REDIRECT).unwrap_or_else(|| "http://127.0.0.1".to_owned());
    let url = Url::parse(text.trim()).ok().filter(|url| {
        url.scheme() == "http" && is_loopback(url) && url.query().is_none() && url.fragment().is_none()
    });
    url.ok_or_else(|| {
        let reason =
            format!("`{text}` is not an address of this machine, such as `http://127.0.0.1:8001/callback`");
        settings.invalid(REDIRECT, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_only_with_the_state_of_the_question() {
        let query = |pairs: &[(&str, &str)]| -> Query {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let answer = |pairs: &[(&str, &str)]| {
            answer_to("mine", &query(pairs)).map(|answer| answer.map(|code| code.expose_secret().to_owned()))
        };
        assert_eq!(answer(&[("code", "c")]), None);
        assert_eq!(answer(&[("code", "c"), ("state", "theirs")]), None);
        assert_eq!(answer(&[("error", "access_denied"), ("state", "theirs")]), None);
        assert_eq!(answer(&[("code", "c"), ("state", "mine")]), Some(Ok("c".to_owned())));
        let denied = answer(&[("error", "access_denied"), ("state", "mine")]);
        assert_eq!(denied, Some(Err("access_denied".to_owned())));
        let both = answer(&[("error", "access_denied"), ("code", "c"), ("state", "mine")]);
        assert_eq!(both, Some(Err("access_denied".to_owned())));
        for strange in ["<script>", "\u{1b}[2J"] {
            let answer = answer(&[("error", strange), ("state", "mine")]);
            assert_eq!(answer, Some(Err("no code".to_owned())));
        }
    }

    #[test]
    fn what_is_random_differs_and_is_long_enough_for_a_verifier() {
        let (one, other) = (random(), random());
        assert!(one != other && one.len() >= 43 && one.len() <= 128);
    }
}
