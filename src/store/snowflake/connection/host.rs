//! The account and the server of a connection.

use url::Url;

use super::error::ConnectionError;
use super::settings::ConnectionSettings;
use crate::loopback::is_loopback;

/// The bare account and its server.
///
/// An account may be written with its region and cloud (`xy12345.eu-west-1.aws`), which belong to the host but not
/// to the account that a key pair's token names ("Key-pair authentication and key-pair rotation", docs.snowflake.com).
pub(super) fn server_of(
    settings: &ConnectionSettings,
    account: &str,
) -> Result<(String, Url), ConnectionError> {
    let (locator, rest) =
        account.split_once('.').map_or((account, None), |(first, rest)| (first, Some(rest)));
    let valid = |part: &str, also: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c));
    if locator.is_empty() || !valid(locator, "-_") || !rest.is_none_or(|rest| valid(rest, "-_.")) {
        let reason =
            format!("`{account}` is not an account, such as `myorg-myaccount` or `xy12345.eu-west-1`");
        return Err(settings.invalid("account", reason));
    }
    let host = settings
        .optional("host")
        .unwrap_or_else(|| host_of(locator, rest, settings.optional("region").as_deref()));
    let protocol = settings.optional("protocol").unwrap_or_else(|| "https".to_owned());
    if !["http", "https"].contains(&protocol.as_str()) {
        return Err(settings.invalid("protocol", format!("`{protocol}` is neither `https` nor `http`")));
    }
    let mut server = Url::parse(&format!("{protocol}://{host}/"))
        .map_err(|error| settings.invalid("host", format!("`{host}` is not a host: {error}")))?;
    if server.path() != "/" || server.port().is_some() || !server.username().is_empty() {
        return Err(settings.invalid("host", format!("`{host}` is more than a host")));
    }
    if let Some(port) = settings.optional("port") {
        let number = port.parse().map_err(|_| settings.invalid("port", format!("`{port}` is not a port")))?;
        // Fails for URLs without a host only.
        let _ = server.set_port(Some(number));
    }
    if protocol == "http" && !is_loopback(&server) {
        return Err(settings.invalid(
            "protocol",
            "plain `http` would show the credentials to the network; it is allowed to this machine only",
        ));
    }
    // The external id of a global account is not part of its name.
    let is_global = rest.is_some_and(|rest| rest.split('.').next() == Some("global"));
    let name = if is_global { locator.split('-').next().unwrap_or(locator) } else { locator };
    Ok((name.to_owned(), server))
}

/// Underscores are legal in account names, not in host names: there Snowflake takes a hyphen ("Account identifiers").
fn host_of(locator: &str, rest: Option<&str>, region: Option<&str>) -> String {
    let locator = locator.replace('_', "-").to_lowercase();
    let rest = rest.or(region).filter(|region| *region != "us-west-2");
    let top = if rest.is_some_and(|rest| rest.starts_with("cn-")) { "cn" } else { "com" };
    let rest = rest.map(|rest| format!(".{}", rest.to_lowercase())).unwrap_or_default();
    format!("{locator}{rest}.snowflakecomputing.{top}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_follows_from_account_and_region() {
        assert_eq!(host_of("MyOrg-My_Account", None, None), "myorg-my-account.snowflakecomputing.com");
        assert_eq!(host_of("xy1", Some("eu-west-1.aws"), None), "xy1.eu-west-1.aws.snowflakecomputing.com");
        assert_eq!(host_of("xy1", None, Some("eu-west-1")), "xy1.eu-west-1.snowflakecomputing.com");
        assert_eq!(host_of("xy1", None, Some("us-west-2")), "xy1.snowflakecomputing.com");
        assert_eq!(host_of("xy1", Some("cn-northwest-1"), None), "xy1.cn-northwest-1.snowflakecomputing.cn");
        assert_eq!(host_of("org-a", Some("privatelink"), None), "org-a.privatelink.snowflakecomputing.com");
    }
}
