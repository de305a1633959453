//! Signing in: what each kind of credentials sends, and what a good sign-in gives.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::client::Tableau;
use super::connected_app::connected_app_token;
use super::credentials::Credentials;
use super::error::TableauError;
use super::remedy::remedy;
use super::reply::RetryRules;
use crate::resource::{Luid, SiteName};
use crate::text::on_one_line;

/// The oldest and the newest REST API that the tests speak with: those of Server 2019.4 and of today.
pub const TESTED_API: [&str; 2] = ["3.6", "3.29"];

/// A token with fewer days left is warned of: a nightly job has some runs to be heard, a person some days to act.
pub const SHORT_LIFE: u32 = 14;

/// The days of `DAYS:HOURS:MINUTES`, which a sign-in says of a personal access token.
fn days_left(text: &str) -> Option<u32> {
    text.split(':').next()?.parse().ok()
}

/// What a good sign-in gives.
pub(super) struct Granted {
    pub token: SecretString,
    pub site: SiteName,
    pub site_luid: Luid,
    /// How long a personal access token still lives.
    pub days_left: Option<u32>,
}

impl Tableau {
    pub(super) async fn request_token(
        &self,
        version: &str,
        site: &SiteName,
    ) -> Result<Granted, TableauError> {
        #[derive(Deserialize)]
        struct Answer {
            credentials: AnswerCredentials,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct AnswerCredentials {
            token: SecretString,
            site: AnswerSite,
            estimated_time_to_expiration: Option<String>,
        }
        #[derive(Deserialize)]
        struct AnswerSite {
            id: Luid,
            #[serde(rename = "contentUrl")]
            content_url: String,
        }
        let doing = "sign in";
        let credentials =
            self.sign_ins.to(site).ok_or_else(|| TableauError::NoCredentials { site: site.clone() })?;
        let url = self.server.join(&format!("/api/{version}/auth/signin"));
        // Made anew for each attempt: the token of a connected app is good for one sign-in.
        let request = || {
            let body =
                serde_json::json!({ "credentials": sign_in_body(credentials, site, self.more_scope)? });
            Ok(self.http.post(url.clone()).json(&body))
        };
        let reply = self.send(doing, RetryRules::STRANGER, request).await?;
        let answer = match self.decode::<Answer>(doing, "a sign-in's answer", &reply) {
            Err(TableauError::Refused { code, detail, .. }) if code.starts_with("401") => {
                let remedy = remedy(credentials, &detail);
                let remedy = match site.hint() {
                    Some(hint) => format!("{hint}. Otherwise {remedy}"),
                    None => remedy,
                };
                return Err(TableauError::SignInRefused { site: site.clone(), code, detail, remedy });
            }
            Err(TableauError::Decoding { doing, expected, source, .. }) => {
                let body = "(not shown, it may hold a token)".to_owned();
                return Err(TableauError::Decoding { doing, expected, body, source });
            }
            other => other?.credentials,
        };
        let days_left = answer.estimated_time_to_expiration.as_deref().and_then(days_left);
        if let Some(days) = days_left {
            self.warn_of_the_tokens_end(credentials, days);
        }
        Ok(Granted {
            token: answer.token,
            site: SiteName::from_content_url(&answer.site.content_url),
            site_luid: answer.site.id,
            days_left,
        })
    }

    fn warn_of_the_tokens_end(&self, credentials: &Credentials, days: u32) {
        if let Credentials::PersonalAccessToken { name, .. } = credentials
            && days < SHORT_LIFE
            && self.sign_ins.is_first_warning_of(name)
        {
            let token = on_one_line(name);
            tracing::warn!(
                token,
                days,
                "this personal access token expires soon: make a new one in Tableau and use it here"
            );
        }
    }
}

fn sign_in_body(
    credentials: &Credentials,
    site: &SiteName,
    more_scope: Option<&'static str>,
) -> Result<serde_json::Value, TableauError> {
    let site = serde_json::json!({ "contentUrl": site.as_str() });
    Ok(match credentials {
        Credentials::PersonalAccessToken { name, secret } => serde_json::json!({
            "personalAccessTokenName": name,
            "personalAccessTokenSecret": secret.expose_secret(),
            "site": site,
        }),
        Credentials::ConnectedApp { client_id, secret_id, secret, username } => serde_json::json!({
            "jwt": connected_app_token(client_id, secret_id, secret, username, more_scope)?,
            "site": site,
        }),
        Credentials::UnifiedAccess(access) => serde_json::json!({
            "jwt": access.token(more_scope)?,
            "isUat": true,
            "site": site,
        }),
        Credentials::Password { username, password } => serde_json::json!({
            "name": username,
            "password": password.expose_secret(),
            "site": site,
        }),
    })
}
