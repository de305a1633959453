//! The address of a Tableau server.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use url::Url;

use crate::loopback::is_loopback;

/// A text that is not the address of a server that credentials may be sent to.
#[derive(Debug, Error)]
pub enum InvalidServer {
    /// Not an address, or one with more in it than scheme, host and port.
    #[error("{0}")]
    NotAnAddress(String),
    /// Plain http to another machine.
    #[error("`{0}` is plain http: anyone on the network could read the credentials")]
    PlainHttp(Url),
}

/// The address of a Tableau server: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl ServerUrl {
    /// Reads an address; whatever follows the host (people paste what the browser shows) is dropped. Plain
    /// http is for this machine, and for the hosts in `allow_http`.
    pub fn parse(text: &str, allow_http: &[String]) -> Result<Self, InvalidServer> {
        // What does not parse may hold a password before an `@`.
        let shown = if text.contains('@') { "what it holds (with credentials in it)" } else { text.trim() };
        let invalid = InvalidServer::NotAnAddress;
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let mut url = Url::parse(&with_scheme).map_err(|error| invalid(format!("`{shown}`: {error}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("an address must not contain credentials".to_owned()));
        }
        let Some(host) = url.host_str() else {
            return Err(invalid(format!("`{shown}` has no host")));
        };
        let is_allowed = allow_http.iter().any(|allowed| allowed.eq_ignore_ascii_case(host));
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) || is_allowed => {}
            "http" => return Err(InvalidServer::PlainHttp(url)),
            other => return Err(invalid(format!("`{other}` is not a scheme that Tableau supports"))),
        }
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The [`identity`](Self::identity) of a server that is only named, as a host or as an address of either scheme.
    pub fn identity_of(text: &str) -> Result<String, InvalidServer> {
        Self::parse(&text.trim().replacen("http://", "https://", 1), &[]).map(|server| server.identity())
    }

    /// The address of a path on the server.
    #[must_use]
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }

    /// The host, and the port whether it is the scheme's own or not.
    #[must_use]
    pub fn host_and_port(&self) -> (String, u16) {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        (host.to_owned(), self.0.port_or_known_default().unwrap_or(443))
    }

    /// Whether what goes there is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// What tells one server from another: the host, and the port where it is not the scheme's own. A server
    /// that moved from http to https is still the same.
    #[must_use]
    pub fn identity(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl FromStr for ServerUrl {
    type Err = InvalidServer;

    fn from_str(text: &str) -> Result<Self, InvalidServer> {
        Self::parse(text, &[])
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}
