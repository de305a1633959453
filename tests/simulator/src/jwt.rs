//! The checks of a connected app's JWT (direct trust, HS256), and of a unified access token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::options::{Options, UnifiedAccess};
use crate::time;

/// Why a JWT is refused: the number that Tableau puts in the error's detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `sub` is not a user.
    UserNotFound = 5,
    /// `exp` is past, or more than ten minutes ahead.
    LoginFailed = 16,
    /// `iss` is not the connected app.
    AppNotFound = 126,
    /// `kid` is not its secret, or the signature is not its.
    SecretNotFound = 127,
    /// The header is not that of an HS256 JWT.
    BadHeader = 10083,
    /// A claim is missing or wrong.
    BadClaims = 10084,
    /// There is no `scp`.
    ScopesMissing = 10099,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    exp: i64,
    jti: String,
    aud: Audience,
    sub: String,
    scp: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// No JWT may live longer than this.
const LONGEST_LIFE: i64 = 600;

/// Checks a JWT and answers its scopes.
pub(crate) fn verify(jwt: &str, options: &Options) -> Result<Vec<String>, Refusal> {
    let (signed, signature) = jwt.rsplit_once('.').ok_or(Refusal::BadClaims)?;
    let (header, claims) = signed.split_once('.').ok_or(Refusal::BadClaims)?;
    let app = &options.connected_app;

    let header: Header = decode(header).ok_or(Refusal::BadHeader)?;
    if header.alg != "HS256" {
        return Err(Refusal::BadHeader);
    }
    if header.iss != app.client_id {
        return Err(Refusal::AppNotFound);
    }
    if header.kid != app.secret_id || !is_signed(signed, signature, &app.secret) {
        return Err(Refusal::SecretNotFound);
    }

    let claims: Claims = decode(claims).ok_or(Refusal::BadClaims)?;
    let audience = match &claims.aud {
        Audience::One(audience) => audience == "tableau",
        Audience::Many(audiences) => audiences.iter().any(|audience| audience == "tableau"),
    };
    if claims.iss != app.client_id || claims.jti.is_empty() || !audience {
        return Err(Refusal::BadClaims);
    }
    let life = claims.exp - time::seconds_since_1970();
    if !(1..=LONGEST_LIFE).contains(&life) {
        return Err(Refusal::LoginFailed);
    }
    if claims.sub != options.username {
        return Err(Refusal::UserNotFound);
    }
    claims.scp.filter(|scopes| !scopes.is_empty()).ok_or(Refusal::ScopesMissing)
}

/// Checks a unified access token (RS256) and answers its scopes.
pub(crate) fn verify_unified(jwt: &str, options: &Options) -> Option<Vec<String>> {
    let (signed, signature) = jwt.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: serde_json::Value = decode(header)?;
    let claims: serde_json::Value = decode(claims)?;
    let wanted = &options.unified_access;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, UnifiedAccess::PUBLIC_KEY);
    let life = claims["exp"].as_i64()? - time::seconds_since_1970();
    let rightly = header["alg"] == "RS256"
        && header["typ"] == "JWT"
        && key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).is_ok()
        && claims["iss"] == wanted.issuer.as_str()
        && claims["https://tableau.com/tenantId"] == wanted.tenant_id.as_str()
        && claims[wanted.username_claim.as_str()] == options.username.as_str()
        && !claims["jti"].as_str()?.is_empty()
        && claims["iat"].is_i64()
        && (1..=LONGEST_LIFE).contains(&life);
    let scopes = claims["scp"].as_array()?.iter().map(|scope| scope.as_str().map(str::to_owned));
    scopes.collect::<Option<Vec<_>>>().filter(|scopes| rightly && !scopes.is_empty())
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn is_signed(signed: &str, signature: &str, secret: &str) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    mac.update(signed.as_bytes());
    URL_SAFE_NO_PAD.decode(signature).is_ok_and(|signature| mac.verify_slice(&signature).is_ok())
}
