//! What can be set about `tabmap serve`: the `[serve]` and `[[webhook.rule]]` sections.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::delivery::Delivery;
use super::listen_address::ListenAddress;
use crate::refresh::settings::{Span, length};
use crate::refresh::target::Target;

/// The `[serve]` section, with its defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeSettings {
    /// Where to listen.
    pub listen: ListenAddress,
    /// How long a refresh waits for further deliveries that ask for the same; zero starts it at once.
    #[serde(deserialize_with = "window")]
    pub window: Duration,
    /// How often a refresh is tried in all.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each.
    pub retry_after: Span,
    /// Names that a proxy in front may use for this server where it listens on this machine alone.
    pub hosts: Vec<String>,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            listen: ListenAddress::default(),
            window: Duration::from_secs(30),
            attempts: 5,
            retry_after: Span(Duration::from_secs(60)),
            hosts: Vec::new(),
        }
    }
}

fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    length(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

/// The `[webhook]` section.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    /// What hangs on which dbt job.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

/// What to refresh when a dbt job has succeeded. All conditions that are given must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct Rule {
    job_id: Option<String>,
    job_name: Option<String>,
    environment: Option<String>,
    /// What is refreshed.
    pub targets: Vec<Target>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    job_id: Option<TextOrNumber>,
    job_name: Option<String>,
    environment: Option<String>,
    refresh: Vec<Target>,
}

/// dbt's ids are numbers that its webhooks write as text; people write either.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(i64),
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { job_id, job_name, environment, refresh: targets } = written;
        // A rule for everything would answer the fixed sample that dbt sends to test an endpoint.
        if job_id.is_none() && job_name.is_none() && environment.is_none() {
            return Err("a rule needs at least one of `job_id`, `job_name` and `environment`".to_owned());
        }
        if targets.is_empty() {
            return Err("a rule needs `refresh`, a list of what to refresh".to_owned());
        }
        let job_id = job_id.map(|id| match id {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        });
        Ok(Self { job_id, job_name, environment, targets })
    }
}

impl Rule {
    /// Whether the rule is about this delivery. An environment is named by its name or id.
    #[must_use]
    pub fn fits(&self, delivery: &Delivery) -> bool {
        let is = |wanted: &Option<String>, actual: &str| {
            wanted.as_ref().is_none_or(|wanted| !wanted.is_empty() && wanted == actual)
        };
        is(&self.job_id, &delivery.job_id)
            && is(&self.job_name, &delivery.job_name)
            && (is(&self.environment, &delivery.environment_name)
                || is(&self.environment, &delivery.environment_id))
    }
}
