//! The HTTP client of a way to sign in that asks somebody before Snowflake.

use std::time::Duration;

use reqwest::{Client, redirect};
use url::Url;

use crate::loopback::is_loopback;
use crate::store::snowflake::connection::authorities::Authorities;

/// For each attempt.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A client for the server of `url`. It follows no redirect, which would carry a secret to a host that nobody named.
pub(super) fn client_for(url: &Url, authorities: &Authorities) -> reqwest::Result<Client> {
    let client = Client::builder()
        .user_agent(concat!("tabmap/", env!("CARGO_PKG_VERSION")))
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .referer(false);
    let client = if is_loopback(url) { client.no_proxy() } else { client };
    authorities.believed_by(client).build()
}
