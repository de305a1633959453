//! What a server says of itself to everybody, and the way to it.

use hyper_util::client::proxy::matcher::Matcher;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::client::Tableau;
use super::error::TableauError;
use super::reply::RetryRules;
use crate::clock::ahead;

/// The oldest version that answers `serverinfo`; the answer names the version that everything else uses.
const OLDEST_API: &str = "2.4";

/// What a server says of itself.
#[derive(Debug)]
pub struct Greeting {
    /// The newest REST API that it speaks, which everything else uses.
    pub api_version: String,
    /// The product's version, such as `2026.2.0`, where it says.
    pub product: Option<String>,
    /// How far its clock is ahead of this machine's, at the least; `None` where the answer has no date.
    pub ahead: Option<SignedDuration>,
}

impl Tableau {
    /// Asks the server what it is, once.
    pub async fn greet_once(&self) -> Result<Greeting, TableauError> {
        self.greet(RetryRules::ONCE).await
    }

    pub(super) async fn greet(&self, rules: RetryRules) -> Result<Greeting, TableauError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            server_info: ServerInfo,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ServerInfo {
            rest_api_version: String,
            product_version: Option<Product>,
        }
        #[derive(Deserialize)]
        struct Product {
            value: Option<String>,
        }
        let doing = "ask for the server's version";
        let url = self.server.join(&format!("/api/{OLDEST_API}/serverinfo"));
        let before = Timestamp::now();
        let reply = self.send(doing, rules, || Ok(self.http.get(url.clone()))).await?;
        let ahead = reply.date().map(|date| ahead(date, before, Timestamp::now()));
        let info = self.decode::<Answer>(doing, "a server's description", &reply)?.server_info;
        let product = info.product_version.and_then(|product| product.value);
        Ok(Greeting { api_version: info.rest_api_version, product, ahead })
    }

    /// The proxy that requests to this server go through, as the HTTP client reads the environment: scheme, host and port.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        let server: http::Uri = self.server.join("/").as_str().parse().ok()?;
        let proxy = Matcher::from_system().intercept(&server)?;
        let (scheme, address) = (proxy.uri().scheme_str()?, proxy.uri().authority()?);
        Some(format!("{scheme}://{address}"))
    }
}
