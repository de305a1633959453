//! `authenticator = WORKLOAD_IDENTITY`: no secret of Snowflake's, but a token that says which workload this is.

use async_trait::async_trait;
use url::Url;

use super::authenticator::{Asked, Authenticator, Fields, LoginName};
use super::token::Token;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::{Environment, Settings, variable};
use crate::store::snowflake::error::Fault;

/// Snowflake's own hosts. The token opens more than Snowflake where its audience is wide, so no other host may have it.
const OWN_HOSTS: [&str; 3] = ["snowflakecomputing.com", "snowflakecomputing.cn", "snowflakecomputing.mil"];

/// More of them. Read from the environment alone, so that no file of settings can send the token elsewhere.
const MORE_HOSTS: &str = "SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES";

/// The only provider so far. The others ask a cloud's own services for the token.
const PROVIDER: &str = "OIDC";

/// An OpenID Connect token of the platform that this program runs on, such as a CI job's or a Kubernetes pod's.
#[derive(Debug)]
pub(super) struct WorkloadIdentity {
    token: Token,
}

impl WorkloadIdentity {
    pub(super) const NAME: &str = "WORKLOAD_IDENTITY";

    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        check_provider(asked.settings)?;
        check_host(asked.server, asked.settings, asked.environment)?;
        Ok(Self { token: Token::of(asked)? })
    }
}

#[async_trait]
impl Authenticator for WorkloadIdentity {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// The token's issuer and subject name the user.
    fn login_name(&self) -> LoginName {
        LoginName::LeftOut
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        Ok(vec![
            ("AUTHENTICATOR", Self::NAME.into()),
            ("PROVIDER", PROVIDER.into()),
            ("TOKEN", self.token.read()?),
        ])
    }
}

fn check_provider(settings: &Settings) -> Result<(), ConnectionError> {
    let provider = settings.required("workload_identity_provider")?;
    if provider.trim().eq_ignore_ascii_case(PROVIDER) {
        return Ok(());
    }
    let reason = format!(
        "`{provider}` is not supported; {PROVIDER} is, with the token in `token` or `token_file_path`"
    );
    Err(settings.invalid("workload_identity_provider", reason))
}

fn check_host(
    server: &Url,
    settings: &Settings,
    environment: &Environment<'_>,
) -> Result<(), ConnectionError> {
    let more = variable(environment, MORE_HOSTS).unwrap_or_default();
    let host = server.host_str().unwrap_or_default();
    if is_allowed(host, &more) {
        return Ok(());
    }
    Err(ConnectionError::ForeignHost {
        name: settings.name.clone(),
        origin: settings.origin.clone(),
        host: host.to_owned(),
    })
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
