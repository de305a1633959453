//! Snowflake's server, as requests reach it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, redirect};
use url::Url;

use super::super::connection::Connection;
use super::super::error::Fault;
use crate::clock::{ahead, date_of};
use crate::loopback::is_loopback;
use crate::retry::RetryPolicy;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Snowflake answers within 45 seconds, if only that a statement is still running; this leaves time for the way.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);

/// For requests of which nobody needs the answer: abort and close.
pub(super) const FAREWELL_TIMEOUT: Duration = Duration::from_secs(10);

/// For a request that does no harm twice.
pub(super) const RETRY: RetryPolicy = RetryPolicy::new(4, Duration::from_secs(1));

/// The server of one connection.
pub(super) struct Server {
    pub(super) http: Client,
    pub(super) connection: Connection,
}

impl Server {
    pub(super) fn new(connection: Connection) -> Result<Self, Fault> {
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
        match connection.authorities.believed_by(http).build() {
            Ok(http) => Ok(Self { http, connection }),
            Err(source) => Err(unreachable(&connection, source)),
        }
    }

    pub(super) fn name(&self) -> &str {
        name(&self.connection)
    }

    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.connection.server.clone();
        url.set_path(path);
        url
    }

    /// How far its clock is ahead of this machine's, at the least. Any answer has a date, also one that says no.
    pub(super) async fn clock(&self) -> Result<Option<SignedDuration>, Fault> {
        let before = Timestamp::now();
        let sent = self.http.get(self.url("")).timeout(CONNECT_TIMEOUT).send().await;
        let answer = sent.map_err(|source| self.unreachable(source))?;
        Ok(date_of(answer.headers()).map(|date| ahead(date, before, Timestamp::now())))
    }

    pub(super) fn unreachable(&self, source: reqwest::Error) -> Fault {
        unreachable(&self.connection, source)
    }
}

fn name(connection: &Connection) -> &str {
    connection.server.as_str().trim_end_matches('/')
}

fn unreachable(connection: &Connection, source: reqwest::Error) -> Fault {
    Fault::Unreachable { server: name(connection).to_owned(), source: source.without_url() }
}
