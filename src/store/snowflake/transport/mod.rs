//! The one place between `snowflake-api` and the network.
//!
//! The crate speaks to one hard-coded host, hands tokens to its log, takes no answer but the plain one, and appends
//! the first rows of a large result last. All of that passes through this middleware, which keeps the tokens to
//! itself and gives the crate answers that it reads rightly:
//!
//! - [`login`]: the login request, completed with what the crate does not send; renewal; the end of the session;
//! - [`statement`]: sending, polling, the deadline;
//! - [`abort`]: statements that nobody waits for any more are told to stop;
//! - [`answer`]: what an answer says, and the form that the crate understands;
//! - [`chunks`]: the parts of large results;
//! - [`exchange`]: what one statement's caller asks of the middleware, and learns from it.

mod abort;
mod answer;
mod chunks;
mod exchange;
mod login;
mod statement;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Request, Response, redirect};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use tokio::sync::Mutex;

use self::abort::Running;
use self::chunks::Chunks;
pub(crate) use self::exchange::{Exchange, Repeatable};
use super::connection::Connection;
use super::error::Fault;
use super::session::SessionOptions;
use crate::loopback::is_loopback;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Snowflake answers within 45 seconds, if only that a statement is still running; this leaves time for the way.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);

/// For requests of which nobody needs the answer: abort and close.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a request that does no harm twice is sent, before its failure counts.
const ATTEMPTS: u32 = 4;

/// All requests of one session.
pub(crate) struct Transport {
    http: Client,
    connection: Connection,
    options: SessionOptions,
    /// `None` before sign-in and after the end. The crate never sees them.
    tokens: Arc<Mutex<Option<Tokens>>>,
    running: Running,
    chunks: Chunks,
}

/// What stands for the session in requests.
#[derive(Clone)]
struct Tokens {
    session: secrecy::SecretString,
    master: secrecy::SecretString,
}

impl Transport {
    pub(crate) fn new(connection: Connection, options: SessionOptions) -> Result<Arc<Self>, Fault> {
        // Redirects are not followed: they would carry credentials to a host that nobody named.
        let mut http = Client::builder()
            .user_agent(concat!("tabmap/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .referer(false)
            .gzip(true);
        if is_loopback(&connection.server) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|source| Fault::Unreachable {
            server: server_name(&connection),
            source: source.without_url(),
        })?;
        Ok(Arc::new(Self {
            http,
            connection,
            options,
            tokens: Arc::default(),
            running: Running::default(),
            chunks: Chunks::default(),
        }))
    }

    /// The client to give to the crate.
    pub(crate) fn client(self: &Arc<Self>) -> ClientWithMiddleware {
        ClientBuilder::new(self.http.clone()).with(Door(Arc::clone(self))).build()
    }

    /// Aborts what is running, and waits until Snowflake was told.
    pub(crate) async fn abort_running(&self) {
        self.running.abort_all().await;
    }

    fn server_name(&self) -> String {
        server_name(&self.connection)
    }

    fn url(&self, path: &str) -> url::Url {
        let mut url = self.connection.server.clone();
        url.set_path(path);
        url
    }

    fn unreachable(&self, source: reqwest::Error) -> Fault {
        Fault::Unreachable { server: self.server_name(), source: source.without_url() }
    }
}

fn server_name(connection: &Connection) -> String {
    connection.server.as_str().trim_end_matches('/').to_owned()
}

/// Waits before attempt number `attempt` (from 1): 1, 2, 4 seconds.
async fn back_off(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(500) * 2_u32.saturating_pow(attempt)).await;
}

struct Door(Arc<Transport>);

#[async_trait]
impl Middleware for Door {
    async fn handle(
        &self,
        request: Request,
        _extensions: &mut http::Extensions,
        _next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        // Some paths of the crate begin with two slashes.
        let path = request.url().path().trim_start_matches('/').to_owned();
        let result = match path.as_str() {
            "session/v1/login-request" => self.0.sign_in(request).await,
            "queries/v1/query-request" => self.0.statement(request).await,
            _ if request.method() == http::Method::GET => self.0.chunk(request).await,
            _ => Err(Fault::Answer { what: format!("the client sent an unexpected request to `/{path}`") }),
        };
        result.map_err(|fault| {
            // The crate reduces errors to a line of text, so the fault goes to the caller by another way.
            let message = fault.to_string();
            exchange::fail(fault);
            reqwest_middleware::Error::middleware(std::io::Error::other(message))
        })
    }
}

/// An answer that did not come over the network.
fn local_answer(body: Vec<u8>) -> Response {
    let mut response = http::Response::new(body);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response.into()
}
