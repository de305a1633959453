//! The token of a connected app with direct trust, minted here.

use base64::Engine as _;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::TableauError;

/// What the token asks to be allowed. Tableau refuses a token that asks for none.
pub(super) const SCOPES: [&str; 4] =
    ["tableau:content:read", "tableau:tasks:run", "tableau:jobs:read", "tableau:jobs:update"];

/// What the list of sites needs beside, and nothing else does.
pub(super) const SITES_SCOPE: &str = "tableau:sites:read";

/// The token that proves a connected app and names a user, valid for five minutes.
/// Claims and scopes: help.tableau.com, "Configure Connected Apps with Direct Trust".
pub(super) fn connected_app_token(
    client_id: &str,
    secret_id: &str,
    secret: &SecretString,
    username: &str,
    more_scope: Option<&'static str>,
) -> Result<String, TableauError> {
    #[derive(Serialize)]
    struct Claims<'a> {
        iss: &'a str,
        exp: i64,
        jti: String,
        aud: &'static str,
        sub: &'a str,
        scp: Vec<&'static str>,
    }
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'static str,
        typ: &'static str,
        kid: &'a str,
        iss: &'a str,
    }
    let base64 = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let json = |value: Result<Vec<u8>, serde_json::Error>| {
        value.map(|json| base64.encode(json)).map_err(|error| TableauError::Jwt(error.into()))
    };
    let header =
        json(serde_json::to_vec(&Header { alg: "HS256", typ: "JWT", kid: secret_id, iss: client_id }))?;
    let claims = json(serde_json::to_vec(&Claims {
        iss: client_id,
        exp: Timestamp::now().as_second() + 300,
        jti: uuid::Uuid::new_v4().to_string(),
        aud: "tableau",
        sub: username,
        scp: SCOPES.into_iter().chain(more_scope).collect(),
    }))?;
    // Tableau wants `iss` in the header too, which the library's header type cannot hold; it still does the signing.
    let message = format!("{header}.{claims}");
    let key = jsonwebtoken::EncodingKey::from_secret(secret.expose_secret().as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256)
        .map_err(TableauError::Jwt)?;
    Ok(format!("{message}.{signature}"))
}
