//! `authenticator = OAUTH_CLIENT_CREDENTIALS`: an identity provider gives out the token for an id and a secret.

use async_trait::async_trait;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use super::token_endpoint::{KEY, TokenEndpoint, address};
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::ConnectionSettings;
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

/// For the token of an identity provider.
pub(super) const OF_PROVIDER: Remedies = Remedies {
    by_code: &[(
        &["390303", "390318"],
        "Snowflake does not accept the identity provider's token: compare issuer, audience and the claim that names the user with the security integration (`DESC SECURITY INTEGRATION …`), and check that the user has the role of the scope",
    )],
    otherwise: None,
};

/// A client of an identity provider that Snowflake trusts (External OAuth). A token is asked for at each sign-in, because
/// the last one may have expired.
#[derive(Debug)]
pub(super) struct ClientCredentials {
    endpoint: TokenEndpoint,
    scope: Option<String>,
}

/// What the token is to be good for.
pub(super) fn scope_of(settings: &ConnectionSettings) -> Option<String> {
    let of_role = || settings.optional("role").map(|role| format!("session:role:{role}"));
    settings.optional("oauth_scope").or_else(of_role)
}

impl ClientCredentials {
    const NAME: &str = "OAUTH_CLIENT_CREDENTIALS";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: Self::NAME,
        keys: &["oauth_client_id", "oauth_client_secret", KEY, "oauth_scope", "oauth_credentials_in_body"],
        make: |asked| made(Self::of(asked)),
    };

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let settings = asked.settings;
        let in_body = settings.optional("oauth_credentials_in_body");
        let endpoint = TokenEndpoint {
            id: settings.required("oauth_client_id")?,
            secret: settings.required("oauth_client_secret")?.into(),
            url: address(settings, KEY, &settings.required(KEY)?)?,
            in_body: in_body.is_some_and(|value| value.eq_ignore_ascii_case("true")),
            authorities: asked.authorities.clone(),
        };
        Ok(Self { endpoint, scope: scope_of(settings) })
    }
}

#[async_trait]
impl Authenticator for ClientCredentials {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::Optional
    }

    fn remedies(&self) -> Remedies {
        OF_PROVIDER
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let issued = self.endpoint.token(&form).await?;
        Ok(vec![("AUTHENTICATOR", "OAUTH".into()), ("TOKEN", issued.token)])
    }
}
