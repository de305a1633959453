//! A Tableau server, and how requests are sent to it: retries, rate limits, and what an answer is.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::ACCEPT;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::connected_app::SITES_SCOPE;
use super::credentials::Credentials;
use super::error::TableauError;
use super::reply::{Reply, RestError, RetryRules};
use super::server::ServerUrl;
use super::shapes::read_mended;
use super::sign_ins::SignIns;
use crate::bounded_body::{Body, LARGEST_DOCUMENT, read_up_to};
use crate::ca_bundle::certificates_in;
use crate::resource::SiteName;

/// The server's own limit for a Metadata API query is 30 s; listings of 1,000 rows take some seconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Smaller bodies are decoded sooner than another thread is told of them.
const LARGE_BODY: usize = 32 << 10;
/// A server that asks for a longer pause than this is reported instead of waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// A Tableau server and the way to sign in to it.
#[derive(Debug, Clone)]
pub struct Tableau {
    pub(super) http: reqwest::Client,
    pub(super) server: ServerUrl,
    pub(super) sign_ins: Arc<SignIns>,
    call_timeout: Duration,
    /// The one session of this client, so that it can be ended when the work is given up.
    pub(super) live: Arc<Mutex<Option<Token>>>,
    /// Whether a listing that stays the same counts as complete although more is announced.
    pub(super) counts_may_differ: bool,
    /// A scope that a connected app asks for beside the usual ones.
    pub(super) more_scope: Option<&'static str>,
}

impl Tableau {
    /// A client for `server`, with one way to sign in for all sites or one for each, that trusts the authorities in `ca_bundle` beside those of the operating system.
    /// Sends nothing yet. `HTTPS_PROXY` and `NO_PROXY` are honoured.
    pub fn new(
        server: ServerUrl,
        sign_ins: impl Into<SignIns>,
        ca_bundle: Option<&Path>,
    ) -> Result<Self, TableauError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tabmap/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(path) = ca_bundle {
            let certificates = certificates_in(path)
                .map_err(|source| TableauError::CaBundle { path: path.to_owned(), source })?;
            builder = certificates.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        let http = builder.build().map_err(|source| TableauError::Unreachable {
            doing: "prepare the connection".to_owned(),
            server: server.to_string(),
            source,
        })?;
        Ok(Self {
            http,
            server,
            sign_ins: Arc::new(sign_ins.into()),
            call_timeout: CALL_TIMEOUT,
            live: Arc::default(),
            counts_may_differ: false,
            more_scope: None,
        })
    }

    /// The same, waiting this long for each answer.
    #[must_use]
    pub fn with_call_timeout(self, call_timeout: Duration) -> Self {
        Self { call_timeout, ..self }
    }

    /// The same, for a server that announces more than it lists, and always the same.
    #[must_use]
    pub fn whose_counts_may_differ(self, counts_may_differ: bool) -> Self {
        Self { counts_may_differ, ..self }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerUrl {
        &self.server
    }

    /// The same with a session of its own, so that two sites can be asked at once; see [`Tableau::may_overlap`].
    #[must_use]
    pub fn with_own_session(&self) -> Self {
        Self { live: Arc::default(), ..self.clone() }
    }

    /// The same with a session of its own that may list the sites of the server.
    pub(super) fn to_list_sites(&self) -> Self {
        Self { more_scope: Some(SITES_SCOPE), ..self.with_own_session() }
    }

    /// Whether sessions on both sites can live at once: a second sign-in with the same personal access token ends the
    /// session of the first.
    #[must_use]
    pub fn may_overlap(&self, one: &SiteName, other: &SiteName) -> bool {
        !self.sign_ins.share_a_session(one, other)
    }

    /// Whether a second sign-in with the credentials for this site ends the session of the first.
    pub(super) fn has_one_session(&self, site: &SiteName) -> bool {
        matches!(self.sign_ins.to(site), Some(Credentials::PersonalAccessToken { .. }))
    }

    /// Sends a request that may be repeated without harm until there is an answer that is not a passing failure.
    pub(super) async fn send(
        &self,
        doing: &str,
        rules: RetryRules,
        request: impl Fn() -> Result<RequestBuilder, TableauError> + Send + Sync,
    ) -> Result<Reply, TableauError> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let is_last = attempt >= rules.attempts;
            match self.send_once(request()?).await {
                Ok(reply) if reply.status == StatusCode::TOO_MANY_REQUESTS => {
                    // "At once", as a server says it whose clock is behind, would use up the attempts in no time.
                    let wait = reply.wait().unwrap_or(pause).max(pause);
                    if attempt >= RetryRules::USUAL.attempts || wait > LONGEST_PAUSE {
                        return Err(TableauError::RateLimited { doing: doing.to_owned(), wait });
                    }
                    tracing::warn!(doing, seconds = wait.as_secs(), "Tableau limits the rate, waiting");
                    tokio::time::sleep(wait).await;
                }
                Ok(reply) if reply.is_passing_failure(rules) && !is_last => {
                    let status = reply.status.as_u16();
                    tracing::warn!(doing, status, "Tableau gave no usable answer; retrying");
                    tokio::time::sleep(pause).await;
                }
                Ok(reply) => return Ok(reply),
                Err(error) if is_last || error.is_builder() => {
                    let (doing, server) = (doing.to_owned(), self.server.to_string());
                    return Err(TableauError::Unreachable { doing, server, source: error.without_url() });
                }
                Err(error) => {
                    let reason = error.without_url().to_string();
                    tracing::warn!(doing, reason, "no answer from Tableau; retrying");
                    tokio::time::sleep(pause).await;
                }
            }
            pause *= 2;
        }
        unreachable!("the last attempt returns")
    }

    pub(super) async fn send_once(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.timeout(self.call_timeout).header(ACCEPT, "application/json").send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let Body { bytes, is_too_large } = read_up_to(LARGEST_DOCUMENT, response).await?;
        Ok(Reply { status, headers, body: bytes, is_too_large })
    }

    /// The body of a good answer, or Tableau's error.
    pub(super) fn decode<T: DeserializeOwned>(
        &self,
        doing: &str,
        expected: &'static str,
        reply: &Reply,
    ) -> Result<T, TableauError> {
        self.decode_with(doing, expected, reply, |body| serde_json::from_slice(body))
    }

    /// The same, read by `read`.
    pub(super) fn decode_with<T>(
        &self,
        doing: &str,
        expected: &'static str,
        reply: &Reply,
        read: impl Fn(&[u8]) -> serde_json::Result<T>,
    ) -> Result<T, TableauError> {
        self.check(doing, reply)?;
        read_mended(&reply.body, read).map_err(|source| TableauError::Decoding {
            doing: doing.to_owned(),
            expected,
            body: reply.beginning(),
            source,
        })
    }

    /// The same on another thread where the body is large: whoever asked can go on asking meanwhile.
    pub(super) async fn decode_aside<T: Send + 'static>(
        &self,
        doing: &str,
        expected: &'static str,
        reply: Reply,
        read: impl Fn(&[u8]) -> serde_json::Result<T> + Send + 'static,
    ) -> Result<T, TableauError> {
        if reply.body.len() < LARGE_BODY {
            return self.decode_with(doing, expected, &reply, read);
        }
        let (tableau, doing) = (self.clone(), doing.to_owned());
        let decoding = tokio::spawn(async move { tableau.decode_with(&doing, expected, &reply, read) });
        match decoding.await {
            Ok(decoded) => decoded,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    pub(super) fn check(&self, doing: &str, reply: &Reply) -> Result<(), TableauError> {
        let (doing, server) = (doing.to_owned(), self.server.to_string());
        if reply.is_xml() {
            return Err(TableauError::Xml { doing, server, body: reply.beginning() });
        }
        if reply.status.is_success() {
            let limit = LARGEST_DOCUMENT;
            return if reply.is_too_large {
                Err(TableauError::TooLarge { doing, server, limit })
            } else {
                Ok(())
            };
        }
        if reply.status.is_redirection() {
            let location =
                reply.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
            // The rest of the address may hold a whole sign-in, such as a SAML request.
            let location = self.server.join("").join(location).ok();
            let location =
                location.map_or_else(|| "nowhere".to_owned(), |url| url.origin().ascii_serialization());
            return Err(TableauError::Redirected { doing, server, location });
        }
        if let Some(RestError { code, summary, detail }) = reply.rest_error() {
            return Err(TableauError::Refused { doing, code, summary, detail });
        }
        Err(TableauError::Status { doing, server, status: reply.status, body: reply.beginning() })
    }
}

/// A session, as requests prove it.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub version: String,
    pub secret: SecretString,
    pub sign_ins: u32,
    pub since: Instant,
}

impl Token {
    /// What a sign-in gave a moment ago.
    pub fn of(version: &str, secret: SecretString, sign_ins: u32) -> Self {
        Self { version: version.to_owned(), secret, sign_ins, since: Instant::now() }
    }
}
