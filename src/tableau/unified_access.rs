//! A unified access token of Tableau Cloud, minted here: a JSON Web Token that a private key of the customer's signs.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::TableauError;
use super::connected_app::SCOPES;

/// Who a configuration of unified access tokens lets in.
#[derive(Debug, Clone)]
pub struct UnifiedAccess {
    /// The tenant of the configuration.
    pub tenant_id: String,
    /// The issuer, as the configuration has it.
    pub issuer: String,
    /// The claim that names the user.
    pub username_claim: String,
    /// The user to act for.
    pub username: String,
    /// The id of the key, where the configuration has several.
    pub key_id: Option<String>,
    /// The private key, RSA in PEM.
    pub private_key: SecretString,
}

impl UnifiedAccess {
    /// Whether the private key is one that can sign.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.key().is_ok()
    }

    fn key(&self) -> Result<EncodingKey, jsonwebtoken::errors::Error> {
        let pem = self.private_key.expose_secret();
        // Variables of CI systems often hold the lines of a PEM text joined by `\n`.
        let pem =
            SecretString::from(if pem.contains('\n') { pem.to_owned() } else { pem.replace("\\n", "\n") });
        EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
    }

    /// The token, valid for five minutes and for one sign-in. Claims: help.tableau.com, "Unified Access Tokens" of Tableau
    /// Cloud Manager.
    pub(super) fn token(&self, more_scope: Option<&'static str>) -> Result<String, TableauError> {
        let now = Timestamp::now().as_second();
        let scopes: Vec<_> = SCOPES.into_iter().chain(more_scope).collect();
        let mut claims = json!({
            "iss": self.issuer,
            "iat": now,
            "exp": now + 300,
            "jti": uuid::Uuid::new_v4().to_string(),
            "https://tableau.com/tenantId": self.tenant_id,
            "scp": scopes,
        });
        claims[self.username_claim.as_str()] = json!(self.username);
        let header = Header { kid: self.key_id.clone(), ..Header::new(Algorithm::RS256) };
        let key = self.key().map_err(TableauError::Jwt)?;
        jsonwebtoken::encode(&header, &claims, &key).map_err(TableauError::Jwt)
    }
}
