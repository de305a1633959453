//! Keys of AWS, as its services answer them and its signer takes them.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Keys, and the token that belongs to them where they expire.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    pub(super) key_id: String,
    pub(super) key: SecretString,
    pub(super) session_token: Option<SecretString>,
}

impl Credentials {
    /// Those of an answer of a metadata service.
    pub(super) fn in_answer(answer: &Value) -> Option<Self> {
        Some(Self {
            key_id: answer["AccessKeyId"].as_str()?.to_owned(),
            key: answer["SecretAccessKey"].as_str()?.into(),
            session_token: answer["Token"].as_str().map(SecretString::from),
        })
    }

    /// Those of an answer of the Security Token Service, which is XML of known form and without escapes.
    pub(super) fn in_xml(answer: &str) -> Option<Self> {
        let text = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>"))?;
            rest.split_once(&format!("</{name}>")).map(|(text, _)| text.trim())
        };
        Some(Self {
            key_id: text("AccessKeyId")?.to_owned(),
            key: text("SecretAccessKey")?.into(),
            session_token: Some(text("SessionToken")?.into()),
        })
    }

    /// As the signer takes them.
    pub(super) fn for_signer(&self) -> aws_credential_types::Credentials {
        let token = self.session_token.as_ref().map(|token| token.expose_secret().to_owned());
        let key = self.key.expose_secret();
        aws_credential_types::Credentials::new(&self.key_id, key, token, None, "tabmap")
    }
}
