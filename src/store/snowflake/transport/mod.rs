//! The one place between `snowflake-api` and the network.
//!
//! The crate speaks to one hard-coded host, hands tokens to its log, takes no answer but the plain one, and appends
//! the first rows of a large result last. All of that passes through this middleware, which keeps the tokens to
//! itself and gives the crate answers that it reads rightly:
//!
//! - [`server`]: the HTTP client, the address, how often something is tried;
//! - [`login`]: the login request, completed with what the crate does not send; renewal; the end of the session;
//! - [`adopted`]: a session that somebody else opened;
//! - [`statement`]: sending, polling, the deadline;
//! - [`abort`]: statements that nobody waits for any more are told to stop;
//! - [`answer`]: what an answer says, and the form that the crate understands;
//! - [`chunks`]: the parts of large results;
//! - [`exchange`]: what one statement's caller asks of the middleware, and learns from it.

mod abort;
mod adopted;
mod answer;
mod chunks;
mod exchange;
mod login;
mod server;
mod statement;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};

use self::abort::Running;
use self::chunks::Chunks;
pub(crate) use self::exchange::{Exchange, Repeatable};
use self::login::Login;
use self::server::Server;
use self::statement::Statements;
use super::connection::Connection;
use super::error::Fault;
use super::options::SessionOptions;

/// All requests of one session.
pub(crate) struct Transport {
    login: Arc<Login>,
    statements: Statements,
    chunks: Chunks,
}

impl Transport {
    pub(crate) fn new(connection: Connection, options: SessionOptions) -> Result<Arc<Self>, Fault> {
        let login = Arc::new(Login::new(Server::new(connection)?, options));
        let statements = Statements { login: Arc::clone(&login), running: Running::default() };
        Ok(Arc::new(Self { login, statements, chunks: Chunks::default() }))
    }

    /// The client to give to the crate.
    pub(crate) fn client(self: &Arc<Self>) -> ClientWithMiddleware {
        ClientBuilder::new(self.login.server.http.clone()).with(Interception(Arc::clone(self))).build()
    }

    /// Aborts what is running, and waits until Snowflake was told.
    pub(crate) async fn abort_running(&self) {
        self.statements.running.abort_all().await;
    }

    /// How far Snowflake's clock is ahead of this machine's, at the least. Needs no sign-in.
    pub(crate) async fn clock(&self) -> Result<Option<SignedDuration>, Fault> {
        self.login.server.clock().await
    }

    /// Ends the session, and with it whatever still runs in it.
    pub(crate) async fn close(&self) -> Result<(), Fault> {
        self.login.close().await
    }
}

/// The middleware: no request of the crate goes to the network but through it.
struct Interception(Arc<Transport>);

#[async_trait]
impl Middleware for Interception {
    async fn handle(
        &self,
        request: Request,
        _extensions: &mut http::Extensions,
        _next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        // Some paths of the crate begin with two slashes.
        let path = request.url().path().trim_start_matches('/').to_owned();
        let result = match path.as_str() {
            "session/v1/login-request" => self.0.login.sign_in(request).await,
            "queries/v1/query-request" => self.0.statements.run(request, &self.0.chunks).await,
            _ if request.method() == http::Method::GET => {
                self.0.chunks.fetch(&self.0.login.server.http, request).await
            }
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
