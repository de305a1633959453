//! One session on one site: it begins, is renewed when it ended by itself, and ends.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::client::{CONNECT_TIMEOUT, Tableau, Token};
use super::error::TableauError;
use super::reply::{Reply, RetryRules};
use super::server::ServerUrl;
use super::sign_in::Granted;
use crate::resource::{Luid, SiteName};

/// A session that ends earlier than this after it was renewed was ended by somebody; others end because nobody used
/// them for some hours.
const SHORT_SESSION: Duration = Duration::from_secs(300);

impl Tableau {
    /// Signs in to one site, at the newest version that the server speaks, and out of the site before.
    pub async fn sign_in(&self, site: &SiteName) -> Result<Session, TableauError> {
        self.sign_out().await;
        let version = self.greet(RetryRules::STRANGER).await?.api_version;
        let granted = self.grant(&version, site).await?;
        tracing::info!(site = %granted.site, api_version = version, "signed in to Tableau");
        *self.live.lock().await = Some(Token::of(&version, granted.token, 1));
        let Granted { site, site_luid, days_left, .. } = granted;
        Ok(Session { tableau: self.clone(), version, site, site_luid, days_left })
    }

    /// A token for this very site; another spelling of its case is the same site.
    async fn grant(&self, version: &str, site: &SiteName) -> Result<Granted, TableauError> {
        let granted = self.request_token(version, site).await?;
        if granted.site.is_same_site(site) {
            return Ok(granted);
        }
        self.end(&Token::of(version, granted.token, 1)).await;
        Err(TableauError::OtherSite { asked: site.clone(), granted: granted.site })
    }

    /// Ends the session, if there is one. A failure is logged and no more: the token dies by itself.
    pub async fn sign_out(&self) {
        if let Some(token) = self.live.lock().await.take() {
            self.end(&token).await;
        }
    }

    async fn end(&self, Token { version, secret, .. }: &Token) {
        let url = self.server.join(&format!("/api/{version}/auth/signout"));
        let request = self.http.post(url).header("X-Tableau-Auth", secret.expose_secret());
        match request.timeout(CONNECT_TIMEOUT).send().await {
            Ok(response) if response.status().is_success() => tracing::debug!("signed out"),
            Ok(response) => tracing::debug!(status = response.status().as_u16(), "sign-out was refused"),
            Err(error) => tracing::debug!(reason = %error.without_url(), "could not sign out"),
        }
    }
}

/// A signed-in session on one site, until [`Tableau::sign_out`] or the next sign-in.
#[derive(Debug)]
pub struct Session {
    pub(super) tableau: Tableau,
    pub(super) version: String,
    site: SiteName,
    pub(super) site_luid: Luid,
    days_left: Option<u32>,
}

impl Session {
    /// How many days the personal access token still lives, where Tableau says.
    #[must_use]
    pub fn days_left(&self) -> Option<u32> {
        self.days_left
    }

    /// How often there was a sign-in to this site: more than once where the session ended before its time.
    pub async fn sign_ins(&self) -> u32 {
        self.tableau.live.lock().await.as_ref().map_or(0, |token| token.sign_ins)
    }

    /// The site as Tableau spells it.
    #[must_use]
    pub fn site(&self) -> &SiteName {
        &self.site
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &ServerUrl {
        &self.tableau.server
    }

    /// `GET /sites/SITE/path` as `T`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        doing: &str,
        expected: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, TableauError> {
        let reply = self.get_reply(doing, path, query).await?;
        self.tableau.decode(doing, expected, &reply)
    }

    pub(super) async fn get_reply(
        &self,
        doing: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Reply, TableauError> {
        let mut url = self.address(path);
        url.query_pairs_mut().extend_pairs(query).finish();
        if query.is_empty() {
            url.set_query(None);
        }
        self.call(doing, RetryRules::USUAL, |http| http.get(url.clone())).await
    }

    /// A Metadata API query, which changes nothing and may be repeated; its answer as `T`.
    ///
    /// Never call it twice at once on one session: concurrent metadata calls on one token are met with 401.
    pub async fn metadata<T: DeserializeOwned + Send + 'static>(
        &self,
        doing: &str,
        query: &(impl Serialize + Sync),
    ) -> Result<T, TableauError> {
        let url = self.tableau.server.join("/api/metadata/graphql");
        let reply = self.call(doing, RetryRules::QUERY, |http| http.post(url.clone()).json(query)).await?;
        self.tableau.decode_aside(doing, "a GraphQL answer", reply, |body| serde_json::from_slice(body)).await
    }

    /// Sends with the session's token; signs in again when the token is refused, and not twice in a short while.
    pub(super) async fn call(
        &self,
        doing: &str,
        rules: RetryRules,
        request: impl Fn(&reqwest::Client) -> RequestBuilder + Send + Sync,
    ) -> Result<Reply, TableauError> {
        loop {
            let ended = || TableauError::SessionTaken { doing: doing.to_owned() };
            let token = self.tableau.live.lock().await.clone().ok_or_else(ended)?;
            let send =
                || Ok(request(&self.tableau.http).header("X-Tableau-Auth", token.secret.expose_secret()));
            let reply = self.tableau.send(doing, rules, send).await?;
            if reply.status != StatusCode::UNAUTHORIZED {
                return Ok(reply);
            }
            // Held across the sign-in: of two calls that were refused at once, one signs in and both go on.
            let mut live = self.tableau.live.lock().await;
            if live.as_ref().is_none_or(|live| live.sign_ins != token.sign_ins) {
                continue;
            }
            let has_one_session = self.tableau.has_one_session(&self.site);
            if token.sign_ins > 1 && token.since.elapsed() < SHORT_SESSION {
                let answer = reply.beginning();
                let doing = doing.to_owned();
                return Err(if has_one_session {
                    ended()
                } else {
                    TableauError::SessionRefused { doing, answer }
                });
            }
            tracing::warn!(doing, "the session was refused, signing in again");
            if !has_one_session {
                // The next sign-in does not end it, if it lives.
                self.tableau.end(&token).await;
            }
            let granted = self.tableau.grant(&self.version, &self.site).await?;
            *live = Some(Token::of(&self.version, granted.token, token.sign_ins + 1));
        }
    }

    pub(super) fn address(&self, path: &str) -> Url {
        self.tableau.server.join(&format!("/api/{}/sites/{}/{path}", self.version, self.site_luid))
    }

    /// Sends once, whatever comes of it.
    pub(super) async fn once(
        &self,
        doing: &str,
        request: impl FnOnce(&reqwest::Client) -> RequestBuilder + Send,
    ) -> Result<Reply, TableauError> {
        let ended = || TableauError::SessionTaken { doing: doing.to_owned() };
        let token = self.tableau.live.lock().await.clone().ok_or_else(ended)?;
        let request = request(&self.tableau.http).header("X-Tableau-Auth", token.secret.expose_secret());
        self.tableau.send_once(request).await.map_err(|error| TableauError::Unreachable {
            doing: doing.to_owned(),
            server: self.tableau.server.to_string(),
            source: error.without_url(),
        })
    }
}
