//! Which hosts may have the proof of a workload.

use url::Url;

use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::variable;
use crate::store::snowflake::connection::sign_in::authenticator::Asked;

/// Snowflake's own hosts. The token opens more than Snowflake where its audience is wide, so no other host may have it.
const OWN_HOSTS: [&str; 3] = ["snowflakecomputing.com", "snowflakecomputing.cn", "snowflakecomputing.mil"];

/// More of them. Read from the environment alone, so that no file of settings can send the token elsewhere.
const MORE_HOSTS: &str = "SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES";

const REMEDY: &str = "correct `host` or `account`: a workload identity is sent to hosts below snowflakecomputing.com, .cn and \
                      .mil; if Snowflake has another name in your network, set SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES to its domain";

/// Refuses a server that is none of Snowflake's own.
pub(super) fn check(asked: &Asked<'_>) -> Result<(), ConnectionError> {
    let Asked { settings, environment, server, .. } = asked;
    let more = variable(environment, MORE_HOSTS).unwrap_or_default();
    let host = Url::host_str(server).unwrap_or_default();
    if is_allowed(host, &more) {
        return Ok(());
    }
    let reason = format!("the workload's token is for Snowflake's own hosts, not for `{host}`");
    Err(settings.no_sign_in(reason, REMEDY))
}

/// Whether the host is one of the allowed ones or below one of them.
fn is_allowed(host: &str, more: &str) -> bool {
    // A URL's host is in small letters, and may end with the root's dot.
    let host = host.strip_suffix('.').unwrap_or(host);
    let more = more.split(',').map(|suffix| suffix.trim().trim_matches('.').to_ascii_lowercase());
    OWN_HOSTS
        .into_iter()
        .map(str::to_owned)
        .chain(more)
        .filter(|suffix| !suffix.is_empty())
        .any(|suffix| host.strip_suffix(&suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_snowflakes_hosts_and_those_of_the_environment_get_the_token() {
        for host in [
            "acme.snowflakecomputing.com",
            "a.b.snowflakecomputing.cn",
            "snowflakecomputing.mil",
            "x.snowflakecomputing.com.",
        ] {
            assert!(is_allowed(host, ""), "{host}");
        }
        for host in
            ["evilsnowflakecomputing.com", "snowflakecomputing.com.example", "example.com", "127.0.0.1", ""]
        {
            assert!(!is_allowed(host, " , ,."), "{host}");
        }
        assert!(is_allowed("snow.corp.example", "other.example, .Corp.Example"));
        assert!(!is_allowed("corp.example.org", "corp.example"));
    }
}
