//! One signed-in session on one site of a Tableau server: sign-in and sign-out, retries, rate limits.
//!
//! A personal access token has one session: "Signing in again with the same access token, whether at the same
//! site or a different site, will terminate the previous session" (help.tableau.com, `rest_api_concepts_auth`).
//! So a process signs in to one site after another, never to two at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use miette::Diagnostic;
use reqwest::header::{ACCEPT, HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::config::{Credentials, ServerUrl};
use crate::resource::{Luid, SiteName};

pub mod jobs;

/// The oldest version that answers `serverinfo`; the answer names the version that everything else uses.
const OLDEST_API: &str = "2.4";
/// The server's own limit for a Metadata API query is 30 s; listings of 1,000 rows take some seconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much failure is taken for passing.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// How often a call is sent in all. A server that limits the rate is always met with the usual number.
    attempts: u32,
    /// Whether a good status without JSON is a gateway's doing, or that of a server which is not Tableau.
    only_json: bool,
}

impl Patience {
    const USUAL: Self = Self { attempts: 5, only_json: true };
    /// A server that we do not know yet: what it answers, it will answer again.
    const STRANGER: Self = Self { only_json: false, ..Self::USUAL };
    /// A query that may be too large: asked again in smaller pieces rather than as it is.
    const QUERY: Self = Self { attempts: 2, ..Self::USUAL };
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A server that asks for more patience than this is reported instead of waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// A failed conversation with Tableau.
#[derive(Debug, Error, Diagnostic)]
pub enum TableauError {
    /// The file of certificate authorities.
    #[error("could not read the certificate authorities in `{}`", path.display())]
    #[diagnostic(code(tabmap::tableau::ca_bundle), help("it must be a PEM file that this user may read"))]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer, after all attempts.
    #[error("could not {doing}: {server} did not answer")]
    #[diagnostic(
        code(tabmap::tableau::unreachable),
        help(
            "check TABLEAU_SERVER, the network, HTTPS_PROXY and, for a private certificate authority, TABLEAU_CA_BUNDLE"
        )
    )]
    Unreachable {
        /// What was being done.
        doing: String,
        /// The server.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// Credentials or site refused.
    #[error("Tableau refused to sign in to site `{site}` ({code}: {detail})")]
    #[diagnostic(
        code(tabmap::tableau::sign_in),
        help(
            "check the name and the secret of the token, and the site: Tableau gives the same answer for a wrong secret, a \
             site that does not exist and a token that expired, which it does when it was not used for 15 days"
        )
    )]
    SignInRefused {
        /// The site.
        site: SiteName,
        /// Tableau's code.
        code: String,
        /// Tableau's words.
        detail: String,
    },
    /// The session ended twice.
    #[error(
        "could not {doing}: the session was ended by someone else, again after a second sign-in (401002)"
    )]
    #[diagnostic(
        code(tabmap::tableau::session_taken),
        help(
            "another process uses the same personal access token, and each sign-in ends the other's session: give every job \
             a token of its own, or use a connected app"
        )
    )]
    SessionTaken {
        /// What was being done.
        doing: String,
    },
    /// Tableau's own error.
    #[error("could not {doing}: Tableau answered {code}: {summary}: {detail}")]
    #[diagnostic(code(tabmap::tableau::refused))]
    Refused {
        /// What was being done.
        doing: String,
        /// Tableau's code, such as `404006`; its first three digits are the HTTP status.
        code: String,
        /// Tableau's words, in the server's language.
        summary: String,
        /// More of them.
        detail: String,
    },
    /// An answer without Tableau's error body.
    #[error("could not {doing}: {server} answered HTTP {status}: {body}")]
    #[diagnostic(
        code(tabmap::tableau::status),
        help(
            "this does not look like Tableau: check TABLEAU_SERVER, and whether a proxy or gateway answers in its place"
        )
    )]
    Status {
        /// What was being done.
        doing: String,
        /// The server.
        server: String,
        /// The status.
        status: StatusCode,
        /// How the body begins.
        body: String,
    },
    /// The server sends us elsewhere. Not followed: the session token would travel along.
    #[error("could not {doing}: {server} redirects to `{location}`")]
    #[diagnostic(
        code(tabmap::tableau::redirect),
        help("if that is your Tableau server, set TABLEAU_SERVER to it")
    )]
    Redirected {
        /// What was being done.
        doing: String,
        /// The server.
        server: String,
        /// Where to.
        location: String,
    },
    /// More patience asked for than we have.
    #[error("could not {doing}: Tableau limits the rate and asks to wait {} s", wait.as_secs())]
    #[diagnostic(code(tabmap::tableau::rate), help("run again after that time"))]
    RateLimited {
        /// What was being done.
        doing: String,
        /// How long.
        wait: Duration,
    },
    /// An answer that is not what the API promises.
    #[error("could not {doing}: the answer is not {expected}: {body}")]
    #[diagnostic(
        code(tabmap::tableau::decoding),
        help(
            "this does not look like Tableau: check TABLEAU_SERVER, and whether a proxy or gateway answers in its place"
        )
    )]
    Decoding {
        /// What was being done.
        doing: String,
        /// The type.
        expected: &'static str,
        /// How the body begins.
        body: String,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// The token for a connected app could not be made.
    #[error("could not make the token of the connected app")]
    #[diagnostic(code(tabmap::tableau::jwt))]
    Jwt(#[source] jsonwebtoken::errors::Error),
}

impl TableauError {
    /// Whether Tableau says that the resource does not exist: 404006 for a workbook, 404004 for a data source.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "404006" || code == "404004")
    }

    /// Whether it is about the session or the account, so that nothing else will be answered either.
    #[must_use]
    pub fn concerns_the_run(&self) -> bool {
        matches!(self, Self::SessionTaken { .. } | Self::SignInRefused { .. } | Self::RateLimited { .. })
    }

    /// Whether a query that asks for less may pass where this one failed: a gateway lost patience, or the answer
    /// did not come through whole.
    #[must_use]
    pub fn may_pass_with_less(&self) -> bool {
        match self {
            Self::Status { status, .. } => status.is_server_error(),
            Self::Refused { code, .. } => code.starts_with('5'),
            Self::Unreachable { source, .. } => !source.is_connect(),
            Self::Decoding { .. } => true,
            _ => false,
        }
    }

    /// Whether Tableau answered with this code.
    #[must_use]
    pub fn has_code(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }
}

/// A Tableau server and the way to sign in to it.
#[derive(Debug, Clone)]
pub struct Tableau {
    http: reqwest::Client,
    server: ServerUrl,
    credentials: Credentials,
    call_timeout: Duration,
    /// The one session that this process has, so that it can be ended when the work is given up.
    live: Arc<Mutex<Option<Token>>>,
}

impl Tableau {
    /// A client for `server` that trusts the authorities in `ca_bundle` beside those of the operating system.
    /// Sends nothing yet. `HTTPS_PROXY` and `NO_PROXY` are honoured.
    pub fn new(
        server: ServerUrl,
        credentials: Credentials,
        ca_bundle: Option<&Path>,
    ) -> Result<Self, TableauError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tabmap/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(path) = ca_bundle {
            let failed = |source| TableauError::CaBundle { path: path.to_owned(), source };
            let pem = std::fs::read(path).map_err(|error| failed(error.into()))?;
            let certificates =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| failed(error.into()))?;
            if certificates.is_empty() {
                return Err(failed("it holds no certificate".into()));
            }
            builder = certificates.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        let http = builder.build().map_err(|source| TableauError::Unreachable {
            doing: "prepare the connection".to_owned(),
            server: server.to_string(),
            source,
        })?;
        Ok(Self { http, server, credentials, call_timeout: CALL_TIMEOUT, live: Arc::default() })
    }

    /// The same, waiting this long for each answer.
    #[must_use]
    pub fn with_call_timeout(self, call_timeout: Duration) -> Self {
        Self { call_timeout, ..self }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// Signs in to one site, at the newest version that the server speaks, and out of the site before.
    pub async fn sign_in(&self, site: &SiteName) -> Result<Session, TableauError> {
        self.sign_out().await;
        let version = self.api_version().await?;
        let granted = self.request_token(&version, site).await?;
        tracing::info!(site = %granted.site, api_version = version, "signed in to Tableau");
        *self.live.lock().await =
            Some(Token { version: version.clone(), secret: granted.token, sign_ins: 1 });
        Ok(Session { tableau: self.clone(), version, site: granted.site, site_luid: granted.site_luid })
    }

    /// Ends the session, if there is one. A failure is logged and no more: the token dies by itself.
    pub async fn sign_out(&self) {
        let Some(Token { version, secret, .. }) = self.live.lock().await.take() else {
            return;
        };
        let url = self.server.join(&format!("/api/{version}/auth/signout"));
        let request = self.http.post(url).header("X-Tableau-Auth", secret.expose_secret());
        match request.timeout(CONNECT_TIMEOUT).send().await {
            Ok(response) if response.status().is_success() => tracing::debug!("signed out"),
            Ok(response) => tracing::debug!(status = response.status().as_u16(), "sign-out was refused"),
            Err(error) => tracing::debug!(reason = %error.without_url(), "could not sign out"),
        }
    }

    async fn api_version(&self) -> Result<String, TableauError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            server_info: ServerInfo,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ServerInfo {
            rest_api_version: String,
        }
        let doing = "ask for the server's version";
        let url = self.server.join(&format!("/api/{OLDEST_API}/serverinfo"));
        let reply = self.send(doing, Patience::STRANGER, || Ok(self.http.get(url.clone()))).await?;
        Ok(self.decode::<Answer>(doing, "a server's description", &reply)?.server_info.rest_api_version)
    }

    async fn request_token(&self, version: &str, site: &SiteName) -> Result<Granted, TableauError> {
        #[derive(Deserialize)]
        struct Answer {
            credentials: AnswerCredentials,
        }
        #[derive(Deserialize)]
        struct AnswerCredentials {
            token: SecretString,
            site: AnswerSite,
        }
        #[derive(Deserialize)]
        struct AnswerSite {
            id: Luid,
            #[serde(rename = "contentUrl")]
            content_url: String,
        }
        let doing = "sign in";
        let url = self.server.join(&format!("/api/{version}/auth/signin"));
        // Made anew for each attempt: the token of a connected app is good for one sign-in.
        let request = || {
            let body = serde_json::json!({ "credentials": self.sign_in_body(site)? });
            Ok(self.http.post(url.clone()).json(&body))
        };
        let reply = self.send(doing, Patience::STRANGER, request).await?;
        let answer = match self.decode::<Answer>(doing, "a sign-in's answer", &reply) {
            Err(TableauError::Refused { code, detail, .. }) if code.starts_with("401") => {
                return Err(TableauError::SignInRefused { site: site.clone(), code, detail });
            }
            Err(TableauError::Decoding { doing, expected, source, .. }) => {
                let body = "(not shown, it may hold a token)".to_owned();
                return Err(TableauError::Decoding { doing, expected, body, source });
            }
            other => other?.credentials,
        };
        Ok(Granted {
            token: answer.token,
            site: SiteName::from_content_url(&answer.site.content_url),
            site_luid: answer.site.id,
        })
    }

    fn sign_in_body(&self, site: &SiteName) -> Result<serde_json::Value, TableauError> {
        let site = serde_json::json!({ "contentUrl": site.as_str() });
        Ok(match &self.credentials {
            Credentials::PersonalAccessToken { name, secret } => serde_json::json!({
                "personalAccessTokenName": name,
                "personalAccessTokenSecret": secret.expose_secret(),
                "site": site,
            }),
            Credentials::ConnectedApp { client_id, secret_id, secret, username } => serde_json::json!({
                "jwt": connected_app_token(client_id, secret_id, secret, username)?,
                "site": site,
            }),
            Credentials::Password { username, password } => serde_json::json!({
                "name": username,
                "password": password.expose_secret(),
                "site": site,
            }),
        })
    }

    /// Sends a request that may be repeated without harm until there is an answer that is not a passing failure.
    async fn send(
        &self,
        doing: &str,
        patience: Patience,
        request: impl Fn() -> Result<RequestBuilder, TableauError> + Send + Sync,
    ) -> Result<Reply, TableauError> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let is_last = attempt >= patience.attempts;
            match self.send_once(request()?).await {
                Ok(reply) if reply.status == StatusCode::TOO_MANY_REQUESTS => {
                    let wait = reply.wait().unwrap_or(pause);
                    if attempt >= Patience::USUAL.attempts || wait > LONGEST_PAUSE {
                        return Err(TableauError::RateLimited { doing: doing.to_owned(), wait });
                    }
                    tracing::warn!(doing, seconds = wait.as_secs(), "Tableau limits the rate, waiting");
                    tokio::time::sleep(wait).await;
                }
                Ok(reply) if reply.is_passing_failure(patience) && !is_last => {
                    let status = reply.status.as_u16();
                    tracing::warn!(doing, status, "Tableau failed in passing, trying again");
                    tokio::time::sleep(pause).await;
                }
                Ok(reply) => return Ok(reply),
                Err(error) if is_last || error.is_builder() => {
                    let (doing, server) = (doing.to_owned(), self.server.to_string());
                    return Err(TableauError::Unreachable { doing, server, source: error.without_url() });
                }
                Err(error) => {
                    let reason = error.without_url().to_string();
                    tracing::warn!(doing, reason, "no answer from Tableau, trying again");
                    tokio::time::sleep(pause).await;
                }
            }
            pause *= 2;
        }
        unreachable!("the last attempt returns")
    }

    async fn send_once(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.timeout(self.call_timeout).header(ACCEPT, "application/json").send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        Ok(Reply { status, headers, body })
    }

    /// The body of a good answer, or Tableau's error.
    fn decode<T: DeserializeOwned>(
        &self,
        doing: &str,
        expected: &'static str,
        reply: &Reply,
    ) -> Result<T, TableauError> {
        self.check(doing, reply)?;
        serde_json::from_slice(&reply.body).map_err(|source| TableauError::Decoding {
            doing: doing.to_owned(),
            expected,
            body: reply.beginning(),
            source,
        })
    }

    fn check(&self, doing: &str, reply: &Reply) -> Result<(), TableauError> {
        let (doing, server) = (doing.to_owned(), self.server.to_string());
        if reply.status.is_success() {
            return Ok(());
        }
        if reply.status.is_redirection() {
            let location =
                reply.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
            return Err(TableauError::Redirected { doing, server, location: location.to_owned() });
        }
        if let Some(RestError { code, summary, detail }) = reply.rest_error() {
            return Err(TableauError::Refused { doing, code, summary, detail });
        }
        Err(TableauError::Status { doing, server, status: reply.status, body: reply.beginning() })
    }
}

/// The token that proves a connected app and names a user, valid for five minutes.
/// Claims and scopes: help.tableau.com, "Configure Connected Apps with Direct Trust".
fn connected_app_token(
    client_id: &str,
    secret_id: &str,
    secret: &SecretString,
    username: &str,
) -> Result<String, TableauError> {
    #[derive(Serialize)]
    struct Claims<'a> {
        iss: &'a str,
        exp: i64,
        jti: String,
        aud: &'static str,
        sub: &'a str,
        scp: [&'static str; 4],
    }
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'static str,
        typ: &'static str,
        kid: &'a str,
        iss: &'a str,
    }
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let json = |value: Result<Vec<u8>, serde_json::Error>| {
        value.map(|json| base64.encode(json)).map_err(|error| TableauError::Jwt(error.into()))
    };
    let header =
        json(serde_json::to_vec(&Header { alg: "HS256", typ: "JWT", kid: secret_id, iss: client_id }))?;
    let claims = json(serde_json::to_vec(&Claims {
        iss: client_id,
        exp: Timestamp::now().as_second() + 300,
        jti: uuid::Uuid::new_v4().to_string(),
        aud: "tableau",
        sub: username,
        scp: ["tableau:content:read", "tableau:tasks:run", "tableau:jobs:read", "tableau:jobs:update"],
    }))?;
    // Tableau wants `iss` in the header too, which the library's header type cannot hold; it still does the signing.
    let message = format!("{header}.{claims}");
    let key = jsonwebtoken::EncodingKey::from_secret(secret.expose_secret().as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256)
        .map_err(TableauError::Jwt)?;
    Ok(format!("{message}.{signature}"))
}

struct Granted {
    token: SecretString,
    site: SiteName,
    site_luid: Luid,
}

#[derive(Debug, Clone)]
struct Token {
    version: String,
    secret: SecretString,
    sign_ins: u32,
}

/// A signed-in session on one site, until [`Tableau::sign_out`] or the next sign-in.
#[derive(Debug)]
pub struct Session {
    tableau: Tableau,
    version: String,
    site: SiteName,
    site_luid: Luid,
}

impl Session {
    /// The site as Tableau spells it.
    #[must_use]
    pub fn site(&self) -> &SiteName {
        &self.site
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerUrl {
        &self.tableau.server
    }

    /// `GET /sites/SITE/path` as `T`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        doing: &str,
        expected: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, TableauError> {
        let path = format!("/api/{}/sites/{}/{path}", self.version, self.site_luid);
        let mut url = self.tableau.server.join(&path);
        url.query_pairs_mut().extend_pairs(query).finish();
        if query.is_empty() {
            url.set_query(None);
        }
        let reply = self.call(doing, Patience::USUAL, |http| http.get(url.clone())).await?;
        self.tableau.decode(doing, expected, &reply)
    }

    /// A Metadata API query, which changes nothing and may be repeated; its answer as `T`.
    ///
    /// Never call it twice at once on one session: concurrent metadata calls on one token are met with 401.
    pub async fn metadata<T: DeserializeOwned>(
        &self,
        doing: &str,
        query: &(impl Serialize + Sync),
    ) -> Result<T, TableauError> {
        let url = self.tableau.server.join("/api/metadata/graphql");
        let reply = self.call(doing, Patience::QUERY, |http| http.post(url.clone()).json(query)).await?;
        self.tableau.decode(doing, "a GraphQL answer", &reply)
    }

    /// Sends with the session's token; signs in again, once in a session's life, when the token is refused.
    async fn call(
        &self,
        doing: &str,
        patience: Patience,
        request: impl Fn(&reqwest::Client) -> RequestBuilder + Send + Sync,
    ) -> Result<Reply, TableauError> {
        loop {
            let ended = || TableauError::SessionTaken { doing: doing.to_owned() };
            let Token { secret, sign_ins, .. } = self.tableau.live.lock().await.clone().ok_or_else(ended)?;
            let send = || Ok(request(&self.tableau.http).header("X-Tableau-Auth", secret.expose_secret()));
            let reply = self.tableau.send(doing, patience, send).await?;
            if reply.status != StatusCode::UNAUTHORIZED {
                return Ok(reply);
            }
            // Held across the sign-in: of two calls that were refused at once, one signs in and both go on.
            let mut live = self.tableau.live.lock().await;
            if live.as_ref().is_none_or(|token| token.sign_ins != sign_ins) {
                continue;
            }
            if sign_ins > 1 {
                return Err(ended());
            }
            tracing::warn!(doing, "the session was refused, signing in again");
            let granted = self.tableau.request_token(&self.version, &self.site).await?;
            *live =
                Some(Token { version: self.version.clone(), secret: granted.token, sign_ins: sign_ins + 1 });
        }
    }
}

#[derive(Debug, Deserialize)]
struct RestError {
    code: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    detail: String,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn is_passing_failure(&self, patience: Patience) -> bool {
        let begins_as_json = || self.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        matches!(self.status.as_u16(), 408 | 500 | 502 | 503 | 504)
            || patience.only_json && self.status.is_success() && !begins_as_json()
    }

    fn rest_error(&self) -> Option<RestError> {
        #[derive(Deserialize)]
        struct Envelope {
            error: RestError,
        }
        serde_json::from_slice::<Envelope>(&self.body).ok().map(|envelope| envelope.error)
    }

    /// How long the server asks to wait: the `Retry-After` header, or the words "retry after 29 minutes".
    fn wait(&self) -> Option<Duration> {
        let header = self.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        if let Some(seconds) = header.and_then(|value| value.trim().parse().ok()) {
            return Some(Duration::from_secs(seconds));
        }
        let detail = self.rest_error()?.detail;
        let (_, rest) = detail.split_once("retry after ")?;
        let mut words = rest.split_whitespace();
        let number: u64 = words.next()?.parse().ok()?;
        let unit = if words.next()?.starts_with("minute") { 60 } else { 1 };
        Some(Duration::from_secs(number.saturating_mul(unit)))
    }

    /// The first 200 characters of the body on one line.
    fn beginning(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let words: Vec<&str> = text.split_whitespace().collect();
        let line: String = words.join(" ").chars().take(200).collect();
        if line.is_empty() { "(empty)".to_owned() } else { line }
    }
}
