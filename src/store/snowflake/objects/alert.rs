//! Whom the alert tells that the map is out of date: people by e-mail, or a channel of Slack or Teams.

use serde::Deserialize;

use super::error::ObjectsError;
use crate::store::snowflake::quoting::literal;

/// Stands in a webhook's address for its secret part, in Snowflake as in the settings.
const SECRET: &str = "SNOWFLAKE_WEBHOOK_SECRET";

/// Whom the alert tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alert {
    /// People, by the verified addresses of users of the account.
    Email(Recipients),
    /// A channel, by the address of its webhook without the secret part.
    Webhook(String),
}

/// One address, or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected an address, or a list of them")]
pub enum Recipients {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Recipients {
    fn addresses(&self) -> &[String] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }
}

impl Alert {
    /// Refuses what Snowflake would refuse, and an address with its secret in it, without showing it.
    pub(super) fn check(&self) -> Result<(), ObjectsError> {
        let refuse =
            |name, reason: &str, help| Err(ObjectsError::Setting { name, reason: reason.to_owned(), help });
        match self {
            Self::Email(recipients) => {
                let addresses = recipients.addresses();
                let is_unfit = |address: &String| !address.contains('@') || address.contains([',', ' ']);
                if addresses.is_empty() || addresses.iter().any(is_unfit) {
                    return refuse(
                        "`alert.email` under `[snowflake.objects]`",
                        "it is not an e-mail address, or a list of them",
                        "write `alert = { email = \"data-team@example.com\" }`, or `{ email = [\"…\", \"…\"] }`",
                    );
                }
            }
            Self::Webhook(url) if body_template(url).is_none() => {
                return refuse(
                    "`alert.webhook` under `[snowflake.objects]`",
                    "it is not the address of a webhook of Slack or Teams, which are those that Snowflake sends to",
                    "write it as https://hooks.slack.com/services/SNOWFLAKE_WEBHOOK_SECRET, or as the address of the workflow in \
                     Teams, without a port",
                );
            }
            Self::Webhook(url) if !url.contains(SECRET) => {
                return refuse(
                    "`alert.webhook` under `[snowflake.objects]`",
                    "SNOWFLAKE_WEBHOOK_SECRET does not replace its secret part",
                    "put that word there (what follows `/services/` at Slack, `/workflows/` at Teams), and the secret part into \
                     ALERT_WEBHOOK_SECRET or a file that ALERT_WEBHOOK_SECRET_FILE names: the configuration holds no secrets",
                );
            }
            Self::Webhook(_) => {}
        }
        Ok(())
    }

    /// What stands in the place of each `{name}`.
    pub(super) fn values(alert: Option<&Self>) -> [(&'static str, String); 4] {
        let placeholder = || "<an address>".to_owned();
        let (mut allowed, mut told, mut url, mut body) =
            (placeholder(), placeholder(), placeholder(), String::new());
        match alert {
            Some(Self::Email(recipients)) => {
                let addresses = recipients.addresses();
                allowed = addresses.iter().map(|address| literal(address)).collect::<Vec<_>>().join(", ");
                told = literal(&addresses.join(", "));
            }
            Some(Self::Webhook(address)) => {
                url = literal(address);
                body = literal(body_template(address).unwrap_or_default());
            }
            None => {}
        }
        [("allowed_recipients", allowed), ("recipients", told), ("webhook_url", url), ("webhook_body", body)]
    }
}

/// What a webhook takes, by its host ("CREATE NOTIFICATION INTEGRATION (webhooks)", docs.snowflake.com).
fn body_template(url: &str) -> Option<&'static str> {
    const SLACK: &str = r#"{"text": "SNOWFLAKE_WEBHOOK_MESSAGE"}"#;
    const TEAMS: &str = r#"{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "version": "1.2", "body": [{"type": "TextBlock", "wrap": true, "text": "SNOWFLAKE_WEBHOOK_MESSAGE"}]}}]}"#;
    if url.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        return None;
    }
    let (host, _) = url.strip_prefix("https://")?.split_once('/')?;
    let teams = [".logic.azure.com", ".api.powerplatform.com", ".webhook.office.com"];
    match host {
        "hooks.slack.com" => Some(SLACK),
        _ if teams.iter().any(|end| host.ends_with(end)) => Some(TEAMS),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(alert: &str) -> String {
        let alert: std::collections::BTreeMap<String, Alert> = toml::from_str(alert).unwrap();
        alert["alert"].check().unwrap_err().to_string()
    }

    #[test]
    fn an_address_that_holds_its_secret_is_refused_and_not_shown() {
        let secret = "T0/B0/XyZ";
        let said = refusal(&format!("alert = {{ webhook = 'https://hooks.slack.com/services/{secret}' }}"));
        assert!(said.contains("SNOWFLAKE_WEBHOOK_SECRET") && !said.contains(secret), "{said}");
    }

    #[test]
    fn each_host_that_snowflake_sends_to_gets_the_body_that_it_takes() {
        for (url, part) in [
            ("https://hooks.slack.com/services/SNOWFLAKE_WEBHOOK_SECRET", Some("{\"text\"")),
            (
                "https://prod-1.westeurope.logic.azure.com/workflows/SNOWFLAKE_WEBHOOK_SECRET",
                Some("AdaptiveCard"),
            ),
            (
                "https://defaultx.environment.api.powerplatform.com/x/SNOWFLAKE_WEBHOOK_SECRET/y",
                Some("AdaptiveCard"),
            ),
            ("https://example.com/SNOWFLAKE_WEBHOOK_SECRET", None),
            ("http://hooks.slack.com/services/SNOWFLAKE_WEBHOOK_SECRET", None),
            ("https://hooks.slack.com.example.com/services/SNOWFLAKE_WEBHOOK_SECRET", None),
        ] {
            let body = body_template(url);
            assert_eq!(body.is_some(), part.is_some(), "{url}");
            assert!(body.unwrap_or_default().contains(part.unwrap_or_default()), "{url}");
            let _: serde_json::Value = serde_json::from_str(body.unwrap_or("{}")).unwrap();
        }
    }

    #[test]
    fn several_people_are_told_at_once() {
        let alert = Alert::Email(Recipients::Several(vec!["a@x.org".to_owned(), "b@x.org".to_owned()]));
        let [(_, allowed), (_, told), ..] = Alert::values(Some(&alert));
        assert_eq!((allowed.as_str(), told.as_str()), ("'a@x.org', 'b@x.org'", "'a@x.org, b@x.org'"));
        for wrong in
            ["alert = { email = [] }", "alert = { email = 'a@x.org, b@x.org' }", "alert = { email = '' }"]
        {
            assert!(refusal(wrong).contains("`alert.email`"), "{wrong}");
        }
    }
}
