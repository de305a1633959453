//! Where an identity provider gives out tokens (RFC 6749, section 3.2).

use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::http_client::client_for;
use crate::bounded_body::read_up_to;
use crate::loopback::is_loopback;
use crate::retry::RetryPolicy;
use crate::store::snowflake::connection::authorities::Authorities;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::ConnectionSettings;
use crate::store::snowflake::error::Fault;

/// Three attempts, as Snowflake's Python client makes them.
const ATTEMPTS: RetryPolicy = RetryPolicy::new(3, Duration::from_secs(1));

/// The answer holds one token.
const LARGEST_ANSWER: usize = 1 << 20;

pub(super) const KEY: &str = "oauth_token_request_url";

/// A client of an identity provider, and where it asks for tokens.
#[derive(Debug)]
pub(super) struct TokenEndpoint {
    pub(super) id: String,
    pub(super) secret: SecretString,
    pub(super) url: Url,
    /// Whether id and secret go into the body of the request. Its header is the usual place.
    pub(super) in_body: bool,
    pub(super) authorities: Authorities,
}

/// A token.
pub(super) struct Issued {
    pub(super) token: SecretString,
    /// How long it lives, where that is said.
    pub(super) lives: Option<Duration>,
}

impl TokenEndpoint {
    /// The token for this request, or why there is none.
    pub(super) async fn token(&self, form: &[(&str, &str)]) -> Result<Issued, Fault> {
        let asked = async {
            let client = client_for(&self.url, &self.authorities);
            let client = client.map_err(|error| Refusal::passing(describe(&error)))?;
            ATTEMPTS
                .run(|| self.ask(&client, form), |refusal, pause| refusal.is_passing.then_some(pause))
                .await
        };
        asked.await.map_err(|refusal| {
            let host = self.url.host_str().unwrap_or_default();
            Fault::NoToken { reason: format!("{host}: {}", refusal.reason), remedy: refusal.remedy }
        })
    }

    async fn ask(&self, client: &Client, form: &[(&str, &str)]) -> Result<Issued, Refusal> {
        let broken = |error: reqwest::Error| Refusal::passing(describe(&error));
        let mut form = form.to_vec();
        let mut request = client.post(self.url.clone());
        if self.in_body {
            form.extend([("client_id", &*self.id), ("client_secret", self.secret.expose_secret())]);
        } else {
            request = request.basic_auth(&self.id, Some(self.secret.expose_secret()));
        }
        let request = request.header(ACCEPT, HeaderValue::from_static("application/json")).form(&form);
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let body = read_up_to(LARGEST_ANSWER, response).await.map_err(broken)?;
        let answer: Value = serde_json::from_slice(&body.bytes).unwrap_or_default();
        match answer.get("access_token").and_then(Value::as_str) {
            Some(token) if status.is_success() && !token.is_empty() => Ok(Issued {
                token: token.into(),
                lives: answer.get("expires_in").and_then(Value::as_u64).map(Duration::from_secs),
            }),
            _ => Err(Refusal::of(status, answer.get("error").and_then(Value::as_str))),
        }
    }
}

/// Why the identity provider gave no token. Its own words are left out: they may repeat what was sent.
struct Refusal {
    reason: String,
    remedy: &'static str,
    is_passing: bool,
}

impl Refusal {
    fn passing(reason: String) -> Self {
        let remedy = "check `oauth_token_request_url` of the connection, the network and HTTPS_PROXY";
        Self { reason, remedy, is_passing: true }
    }

    /// See RFC 6749, section 5.2, for the errors.
    fn of(status: StatusCode, error: Option<&str>) -> Self {
        let is_passing = status.is_server_error()
            || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        if is_passing {
            return Self::passing(format!("HTTP status {status}"));
        }
        // The errors are words of a fixed list; anything else is not repeated.
        let known = |error: &&str| error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let error = error.filter(known).unwrap_or_default();
        let remedy = match error {
            "invalid_client" => {
                "check `oauth_client_id` and `oauth_client_secret` of the connection; the secret may have expired"
            }
            "invalid_grant" => {
                "the code of the browser was not taken: run again and sign in once more; if that does not help, compare `oauth_redirect_uri` with the client's"
            }
            "invalid_scope" => {
                "correct `oauth_scope` of the connection; without it the scope is `session:role:` and the role"
            }
            "unauthorized_client" | "unsupported_grant_type" => {
                "allow the client the grant of its `authenticator` at the identity provider, or correct `oauth_token_request_url`"
            }
            _ => "check `oauth_token_request_url`, `oauth_client_id` and `oauth_scope` of the connection",
        };
        let reason = if status.is_success() {
            "the answer has no `access_token`".to_owned()
        } else if error.is_empty() {
            format!("HTTP status {status}")
        } else {
            format!("HTTP status {status}, {error}")
        };
        Self { reason, remedy, is_passing }
    }
}

fn describe(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    what.to_owned()
}

/// An address of the settings that a secret is sent to, or a person.
pub(super) fn address(
    settings: &ConnectionSettings,
    key: &'static str,
    text: &str,
) -> Result<Url, ConnectionError> {
    let url =
        Url::parse(text).map_err(|error| settings.invalid(key, format!("it is not an address: {error}")))?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
    if !is_safe || url.host().is_none() {
        return Err(settings.invalid(key, "it must begin with `https://`: the client's secret is sent there"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(settings.invalid(key, "it holds a user or a password; take `oauth_client_id` for that"));
    }
    Ok(url)
}
