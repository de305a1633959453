//! What goes into the secrets in Snowflake, and what is said where it is missing.

use secrecy::{ExposeSecret, SecretString};

use crate::store::snowflake::quoting::literal;

/// A personal access token.
pub struct Token {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: SecretString,
}

/// What goes into the secrets. What is missing here must be in Snowflake already.
#[derive(Default)]
pub struct Secrets {
    /// The token that the procedure signs in with.
    pub token: Option<Token>,
    /// The secret part of the webhook's address.
    pub webhook: Option<SecretString>,
    /// The token that the container signs in with.
    pub sync_token: Option<Token>,
}

/// What stands in a statement for a secret that is not given, so that Snowflake refuses it; and the variables that give it.
const PLACEHOLDERS: [(&str, &str); 5] = [
    (TOKEN_NAME, TOKEN),
    (TOKEN_VALUE, TOKEN),
    (
        WEBHOOK,
        "ALERT_WEBHOOK_SECRET (or ALERT_WEBHOOK_SECRET_FILE) to the secret part of the webhook's address",
    ),
    (SYNC_NAME, SYNC),
    (SYNC_VALUE, SYNC),
];

const TOKEN_NAME: &str = "<the name of the token>";
const TOKEN_VALUE: &str = "<the value of the token>";
const WEBHOOK: &str = "<the secret part of the webhook's address>";
const SYNC_NAME: &str = "<the name of the container's token>";
const SYNC_VALUE: &str = "<the value of the container's token>";
const SYNC: &str = "TABLEAU_SYNC_PAT_NAME and TABLEAU_SYNC_PAT_SECRET (or TABLEAU_SYNC_PAT_SECRET_FILE) to a token for the container alone";
const TOKEN: &str =
    "TABLEAU_PAT_NAME and TABLEAU_PAT_SECRET (or TABLEAU_PAT_SECRET_FILE) to a token for the procedure alone";

impl Secrets {
    /// What stands in the place of each `{name}`.
    pub(super) fn values(&self) -> [(&'static str, String); 5] {
        let text = |value: &SecretString| literal(value.expose_secret());
        let or = |value: Option<String>, placeholder: &str| value.unwrap_or_else(|| placeholder.to_owned());
        let (token, sync) = (self.token.as_ref(), self.sync_token.as_ref());
        [
            ("pat_name", or(token.map(|token| literal(&token.name)), TOKEN_NAME)),
            ("pat_value", or(token.map(|token| text(&token.value)), TOKEN_VALUE)),
            ("webhook_secret", or(self.webhook.as_ref().map(text), WEBHOOK)),
            ("sync_pat_name", or(sync.map(|token| literal(&token.name)), SYNC_NAME)),
            ("sync_pat_value", or(sync.map(|token| text(&token.value)), SYNC_VALUE)),
        ]
    }
}

/// The variables that are to be set, where a statement lacks what it would put into a secret.
pub(super) fn lacks(statement: &str) -> Option<&'static str> {
    let found = PLACEHOLDERS.iter().find(|(placeholder, _)| statement.contains(placeholder));
    found.map(|(_, variables)| *variables)
}
