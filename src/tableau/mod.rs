//! One signed-in session on one site of a Tableau server: sign-in and sign-out, retries, rate limits.
//!
//! A personal access token has one session: "Signing in again with the same access token, whether at the same
//! site or a different site, will terminate the previous session" (help.tableau.com, `rest_api_concepts_auth`).
//! So a process signs in to one site after another, never to two at once.

mod connected_app;
mod credentials;
mod error;
pub mod jobs;
mod reply;
mod server;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::ACCEPT;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use self::connected_app::connected_app_token;
pub use self::credentials::Credentials;
pub use self::error::TableauError;
use self::reply::{Patience, Reply, RestError};
pub use self::server::{InvalidServer, ServerUrl};
use crate::resource::{Luid, SiteName};

/// The oldest version that answers `serverinfo`; the answer names the version that everything else uses.
const OLDEST_API: &str = "2.4";
/// The server's own limit for a Metadata API query is 30 s; listings of 1,000 rows take some seconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A server that asks for more patience than this is reported instead of waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// A session that ends earlier than this after it was renewed was ended by somebody; others end because nobody used
/// them for some hours.
const SHORT_SESSION: Duration = Duration::from_secs(300);

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

    /// Whether a second sign-in with the same credentials ends the session of the first.
    fn has_one_session(&self) -> bool {
        matches!(self.credentials, Credentials::PersonalAccessToken { .. })
    }

    /// Signs in to one site, at the newest version that the server speaks, and out of the site before.
    pub async fn sign_in(&self, site: &SiteName) -> Result<Session, TableauError> {
        self.sign_out().await;
        let version = self.api_version().await?;
        let granted = self.request_token(&version, site).await?;
        tracing::info!(site = %granted.site, api_version = version, "signed in to Tableau");
        *self.live.lock().await = Some(Token {
            version: version.clone(),
            secret: granted.token,
            sign_ins: 1,
            since: Instant::now(),
        });
        Ok(Session { tableau: self.clone(), version, site: granted.site, site_luid: granted.site_luid })
    }

    /// Ends the session, if there is one. A failure is logged and no more: the token dies by itself.
    pub async fn sign_out(&self) {
        if let Some(token) = self.live.lock().await.take() {
            self.end(&token).await;
        }
    }

    async fn end(&self, Token { version, secret, .. }: &Token) {
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
                    // "At once", as a server says it whose clock is behind, would use up the attempts in no time.
                    let wait = reply.wait().unwrap_or(pause).max(pause);
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
    since: Instant,
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

    /// Sends with the session's token; signs in again when the token is refused, and not twice in a short while.
    async fn call(
        &self,
        doing: &str,
        patience: Patience,
        request: impl Fn(&reqwest::Client) -> RequestBuilder + Send + Sync,
    ) -> Result<Reply, TableauError> {
        loop {
            let ended = || TableauError::SessionTaken { doing: doing.to_owned() };
            let token = self.tableau.live.lock().await.clone().ok_or_else(ended)?;
            let send =
                || Ok(request(&self.tableau.http).header("X-Tableau-Auth", token.secret.expose_secret()));
            let reply = self.tableau.send(doing, patience, send).await?;
            if reply.status != StatusCode::UNAUTHORIZED {
                return Ok(reply);
            }
            // Held across the sign-in: of two calls that were refused at once, one signs in and both go on.
            let mut live = self.tableau.live.lock().await;
            if live.as_ref().is_none_or(|live| live.sign_ins != token.sign_ins) {
                continue;
            }
            let has_one_session = self.tableau.has_one_session();
            if token.sign_ins > 1 && token.since.elapsed() < SHORT_SESSION {
                let answer = reply.beginning();
                let doing = doing.to_owned();
                return Err(if has_one_session {
                    ended()
                } else {
                    TableauError::SessionRefused { doing, answer }
                });
            }
            tracing::warn!(doing, "the session was refused, signing in again");
            if !has_one_session {
                // The next sign-in does not end it, if it lives.
                self.tableau.end(&token).await;
            }
            let granted = self.tableau.request_token(&self.version, &self.site).await?;
            *live = Some(Token {
                version: self.version.clone(),
                secret: granted.token,
                sign_ins: token.sign_ins + 1,
                since: Instant::now(),
            });
        }
    }
}
