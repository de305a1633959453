//! Where AWS tells who sent a request.

use url::Url;

use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::ConnectionSettings;

/// Names the endpoint where requests to AWS take a way of their own, such as a private one.
const SETTING: &str = "workload_identity_host";

/// The domains of regions whose names begin so; all others are below `amazonaws.com`. From `partitions.json` of botocore.
const DOMAINS: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
];

/// An endpoint of AWS's Security Token Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Scheme and host, and the port where it is not the usual one.
    pub(super) base: String,
    /// The same without the scheme, as the header `Host` has it.
    pub(super) authority: String,
}

impl Endpoint {
    pub(super) fn of_region(region: &str) -> Self {
        let domain = DOMAINS.iter().find(|(prefix, _)| region.starts_with(prefix));
        let domain = domain.map_or("amazonaws.com", |(_, domain)| domain);
        let authority = format!("sts.{region}.{domain}");
        Self { base: format!("https://{authority}"), authority }
    }

    pub(super) fn of_setting(settings: &ConnectionSettings) -> Result<Option<Self>, ConnectionError> {
        let Some(host) = settings.optional(SETTING) else { return Ok(None) };
        Self::parse(&host).map(Some).ok_or_else(|| {
            let reason = format!("`{host}` is not a host, nor an address without path and query");
            settings.invalid(SETTING, reason)
        })
    }

    fn parse(host: &str) -> Option<Self> {
        let host = host.trim();
        let whole = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
        let url = Url::parse(&whole).ok()?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let is_open = url.username().is_empty() && url.password().is_none();
        if !is_bare || !is_open || !["https", "http"].contains(&url.scheme()) {
            return None;
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let authority = format!("{}{port}", url.host_str()?);
        Some(Self { base: format!("{}://{authority}", url.scheme()), authority })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_follows_from_the_region() {
        for (region, authority) in [
            ("eu-central-1", "sts.eu-central-1.amazonaws.com"),
            ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov"),
        ] {
            let endpoint = Endpoint::of_region(region);
            assert_eq!(endpoint.authority, authority);
            assert_eq!(endpoint.base, format!("https://{authority}"));
        }
    }

    #[test]
    fn a_setting_is_a_host_or_an_address_without_more() {
        let parsed = |host| Endpoint::parse(host).map(|endpoint| endpoint.base);
        assert_eq!(
            parsed("vpce-1.sts.eu-west-1.vpce.amazonaws.com").unwrap(),
            "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com"
        );
        assert_eq!(parsed("http://127.0.0.1:8080/").unwrap(), "http://127.0.0.1:8080");
        for wrong in ["", "a b", "ftp://x", "https://user@x", "https://x/path", "https://x?a=b"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
