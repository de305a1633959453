//! `authenticator = OAUTH_CLIENT_CREDENTIALS`: an identity provider gives out the token for an id and a secret.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Client, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use crate::bounded_body::read_up_to;
use crate::loopback::is_loopback;
use crate::retry::RetryPolicy;
use crate::store::snowflake::connection::authorities::Authorities;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::ConnectionSettings;
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

/// For each attempt.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Three attempts, as Snowflake's Python client makes them.
const ATTEMPTS: RetryPolicy = RetryPolicy::new(3, Duration::from_secs(1));

/// The answer holds one token.
const LARGEST_ANSWER: usize = 1 << 20;

const REMEDIES: Remedies = Remedies {
    by_code: &[(
        &["390303", "390318"],
        "Snowflake does not accept the identity provider's token: compare issuer, audience and the claim that names the user with the security integration (`DESC SECURITY INTEGRATION …`), and check that the user has the role of the scope",
    )],
    otherwise: None,
};

/// A client of an identity provider that Snowflake trusts (External OAuth). A token is asked for at each sign-in, because
/// the last one may have expired.
#[derive(Debug)]
pub(super) struct ClientCredentials {
    id: String,
    secret: SecretString,
    url: Url,
    scope: Option<String>,
    /// Whether id and secret go into the body of the request. Its header is the usual place.
    in_body: bool,
    authorities: Authorities,
}

impl ClientCredentials {
    const NAME: &str = "OAUTH_CLIENT_CREDENTIALS";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: Self::NAME,
        keys: &[
            "oauth_client_id",
            "oauth_client_secret",
            "oauth_token_request_url",
            "oauth_scope",
            "oauth_credentials_in_body",
        ],
        make: |asked| made(Self::of(asked)),
    };

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let settings = asked.settings;
        let scope = settings
            .optional("oauth_scope")
            .or_else(|| settings.optional("role").map(|role| format!("session:role:{role}")));
        let in_body = settings.optional("oauth_credentials_in_body");
        Ok(Self {
            id: settings.required("oauth_client_id")?,
            secret: settings.required("oauth_client_secret")?.into(),
            url: token_url(settings)?,
            scope,
            in_body: in_body.is_some_and(|value| value.eq_ignore_ascii_case("true")),
            authorities: asked.authorities.clone(),
        })
    }

    /// The token, or why there is none.
    async fn token(&self) -> Result<SecretString, Refusal> {
        let client = self.client().map_err(|error| Refusal::passing(describe(&error)))?;
        ATTEMPTS.run(|| self.ask(&client), |refusal, pause| refusal.is_passing.then_some(pause)).await
    }

    fn client(&self) -> reqwest::Result<Client> {
        // A redirect would carry the secret to a host that nobody named.
        let client = Client::builder()
            .user_agent(concat!("tabmap/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .referer(false);
        let client = if is_loopback(&self.url) { client.no_proxy() } else { client };
        self.authorities.believed_by(client).build()
    }

    async fn ask(&self, client: &Client) -> Result<SecretString, Refusal> {
        let broken = |error: reqwest::Error| Refusal::passing(describe(&error));
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
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
            Some(token) if status.is_success() && !token.is_empty() => Ok(token.into()),
            _ => Err(Refusal::of(status, answer.get("error").and_then(Value::as_str))),
        }
    }
}

#[async_trait]
impl Authenticator for ClientCredentials {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::Optional
    }

    fn remedies(&self) -> Remedies {
        REMEDIES
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        let token = self.token().await.map_err(|refusal| {
            let host = self.url.host_str().unwrap_or_default();
            Fault::NoToken { reason: format!("{host}: {}", refusal.reason), remedy: refusal.remedy }
        })?;
        Ok(vec![("AUTHENTICATOR", "OAUTH".into()), ("TOKEN", token)])
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
            "invalid_scope" => {
                "correct `oauth_scope` of the connection; without it the scope is `session:role:` and the role"
            }
            "unauthorized_client" | "unsupported_grant_type" => {
                "allow the client the grant `client_credentials` at the identity provider, or correct `oauth_token_request_url`"
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

fn token_url(settings: &ConnectionSettings) -> Result<Url, ConnectionError> {
    const KEY: &str = "oauth_token_request_url";
    let url = Url::parse(&settings.required(KEY)?)
        .map_err(|error| settings.invalid(KEY, format!("it is not an address: {error}")))?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
    if !is_safe || url.host().is_none() {
        return Err(settings.invalid(KEY, "it must begin with `https://`: the client's secret is sent there"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(settings.invalid(KEY, "it holds a user or a password; take `oauth_client_id` for that"));
    }
    Ok(url)
}
