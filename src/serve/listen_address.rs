//! Where `serve` listens, as people write it.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::Deserialize;

/// A host or an address of this machine, and a port: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ListenAddress(String);

impl ListenAddress {
    /// As the system's resolver takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ListenAddress {
    fn default() -> Self {
        Self("127.0.0.1:8080".to_owned())
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_host = |host: &str| {
            !host.is_empty()
                && host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter))
        };
        let names_host =
            text.rsplit_once(':').is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
        if text.parse::<SocketAddr>().is_ok() || names_host {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{text}` does not name a host and a port: write `127.0.0.1:8080`, `localhost:8080` or `[::1]:8080`"
        ))
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_listen_on_has_a_host_and_a_port() {
        for (text, is_one) in [
            ("127.0.0.1:8080", true),
            ("localhost:0", true),
            ("[::1]:8080", true),
            ("tabmap_1.example.com:443", true),
            ("8080", false),
            (":8080", false),
            ("localhost", false),
            ("localhost:", false),
            ("localhost:99999", false),
            ("http://localhost:8080", false),
            ("::1:8080", false),
            ("local host:8080", false),
        ] {
            assert_eq!(text.parse::<ListenAddress>().is_ok(), is_one, "{text}");
        }
        assert!(ListenAddress::default().as_str().parse::<ListenAddress>().is_ok());
    }
}
