//! `authenticator = externalbrowser`: a person signs in to the company's identity provider in a browser.

use async_trait::async_trait;
use reqwest::header::ACCEPT;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use super::browser::{Browser, TIMEOUT, page};
use super::http_client::client_for;
use crate::bounded_body::read_up_to;
use crate::store::snowflake::client_name::{APP_ID, APP_VERSION};
use crate::store::snowflake::connection::authorities::Authorities;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::{Remedies, remedy};

/// The answer holds one address and one key.
const LARGEST_ANSWER: usize = 1 << 20;

const REMEDIES: Remedies = Remedies {
    by_code: &[(
        &["390190", "390191"],
        "the account has no SAML identity provider for this user, or it did not accept the answer: compare the SAML2 security integration, and `user` with LOGIN_NAME of the user; `authenticator = \"OAUTH_AUTHORIZATION_CODE\"` signs in with Snowflake itself",
    )],
    otherwise: Some(
        "sign in in the browser as the `user` of the connection, and with the account's own identity provider",
    ),
};

/// A person and a browser. What it brings back is good for one sign-in, and kept nowhere.
#[derive(Debug)]
pub(super) struct ExternalBrowser {
    browser: Browser,
    account: String,
    user: Option<String>,
    server: Url,
    authorities: Authorities,
    /// One window at a time.
    turn: Mutex<()>,
}

/// What Snowflake says of the page to show.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    sso_url: String,
    /// Comes back with the token, so that nobody else can use it.
    proof_key: SecretString,
}

impl ExternalBrowser {
    const NAME: &str = "EXTERNALBROWSER";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: "externalbrowser (at a terminal)",
        keys: &[TIMEOUT],
        make: |asked| made(Self::of(asked)),
    };

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        Ok(Self {
            browser: Browser::of(asked)?,
            account: asked.account.to_owned(),
            user: asked.settings.user(),
            server: asked.server.clone(),
            authorities: asked.authorities.clone(),
            turn: Mutex::default(),
        })
    }

    /// Asks Snowflake which page shows the identity provider.
    async fn page(&self, port: u16) -> Result<Page, Fault> {
        let unreachable = |source: reqwest::Error| Fault::Unreachable {
            server: self.server.as_str().trim_end_matches('/').to_owned(),
            source: source.without_url(),
        };
        let mut data = json!({
            "CLIENT_APP_ID": APP_ID,
            "CLIENT_APP_VERSION": APP_VERSION,
            "ACCOUNT_NAME": self.account,
            "AUTHENTICATOR": Self::NAME,
            "BROWSER_MODE_REDIRECT_PORT": port.to_string(),
        });
        if let Some(user) = &self.user {
            data["LOGIN_NAME"] = json!(user);
        }
        let mut url = self.server.clone();
        url.set_path("session/authenticator-request");
        let client = client_for(&url, &self.authorities).map_err(unreachable)?;
        let sent = client.post(url).header(ACCEPT, "application/json").json(&json!({ "data": data })).send();
        let response = sent.await.map_err(unreachable)?;
        let body = read_up_to(LARGEST_ANSWER, response).await.map_err(unreachable)?;
        let mut answer: Value = serde_json::from_slice(&body.bytes).unwrap_or_default();
        if answer["success"] == false {
            let text =
                |key: &str| answer[key].as_str().map_or_else(|| answer[key].to_string(), str::to_owned);
            let (code, message) = (text("code"), text("message"));
            let remedy = remedy(&code, REMEDIES);
            return Err(Fault::SignInRefused { code, message, remedy });
        }
        serde_json::from_value(answer["data"].take())
            .map_err(|_| Fault::Answer { what: "it names no page to sign in at".to_owned() })
    }
}

#[async_trait]
impl Authenticator for ExternalBrowser {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::Optional
    }

    fn remedies(&self) -> Remedies {
        REMEDIES
    }

    async fn fields(&self) -> Result<Fields, Fault> {
        let _turn = self.turn.lock().await;
        let listener = self.browser.listen(None).await?;
        let Page { sso_url, proof_key } = self.page(listener.port).await?;
        let shown = page(&sso_url)
            .ok_or_else(|| Fault::Answer { what: "the page to sign in at is not encrypted".to_owned() })?;
        let token = self.browser.answer(listener, &shown, "/", |query| {
            let token = query.get("token").filter(|token| !token.is_empty());
            token.map(|token| SecretString::from(token.as_str()))
        });
        Ok(vec![
            ("AUTHENTICATOR", Self::NAME.into()),
            ("TOKEN", token.await?),
            ("PROOF_KEY", proof_key.expose_secret().into()),
        ])
    }
}
