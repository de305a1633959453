//! `authenticator = SNOWFLAKE_JWT`: the private key of a key pair, found, decrypted, and handed on as plain PKCS#8.

mod older_encryption;

use std::fs;

use async_trait::async_trait;
use older_encryption::OlderEncryption;
use pkcs8::der::pem::PemLabel;
use pkcs8::{EncryptedPrivateKeyInfo, LineEnding, ObjectIdentifier, PrivateKeyInfo, SecretDocument};
use secrecy::{ExposeSecret, SecretString};

use super::authenticator::{Asked, Authenticator, Fields, LoginName, Way, made};
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::{ConnectionSettings, Environment, variable};
use crate::store::snowflake::error::Fault;
use crate::store::snowflake::refusals::Remedies;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// See "Key-pair authentication and key-pair rotation: troubleshooting" on docs.snowflake.com.
const REMEDIES: Remedies = Remedies {
    by_code: &[
        (
            &["390144", "394300"],
            "check that the user's RSA_PUBLIC_KEY belongs to the connection's private key (`DESC USER`), and that `account` and `user` are right",
        ),
        (
            &["394302", "394303", "394304", "394305", "394306"],
            "the key pair's token was refused: check RSA_PUBLIC_KEY of the user, and this machine's clock, which may be at most 60 seconds off",
        ),
        (
            &["394307"],
            "`account` of the connection and the host that was called belong to different accounts",
        ),
    ],
    otherwise: None,
};

/// A key pair. The client library signs the token, anew at each sign-in.
#[derive(Debug)]
pub(super) struct KeyPair {
    private_key: SecretString,
}

impl KeyPair {
    pub(super) const NAME: &str = "SNOWFLAKE_JWT";

    pub(super) const WAY: Way = Way {
        name: Self::NAME,
        label: "SNOWFLAKE_JWT (key pair)",
        keys: &[
            "private_key_file",
            "private_key_path",
            "private_key_raw",
            "private_key_passphrase",
            "private_key_file_pwd",
        ],
        make: |asked| made(Self::of(asked)),
    };

    fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        Ok(Self { private_key: private_key(asked.settings, asked.environment)? })
    }

    /// Whether the settings name a private key.
    pub(super) fn is_set(settings: &ConnectionSettings) -> bool {
        ["private_key_file", "private_key_path", "private_key_raw"]
            .iter()
            .any(|key| settings.setting(key).is_some())
    }
}

#[async_trait]
impl Authenticator for KeyPair {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn login_name(&self) -> LoginName {
        LoginName::Required
    }

    fn remedies(&self) -> Remedies {
        REMEDIES
    }

    /// None: the client library has put its token into the request already.
    async fn fields(&self) -> Result<Fields, Fault> {
        Ok(Vec::new())
    }

    fn private_key(&self) -> Option<&SecretString> {
        Some(&self.private_key)
    }
}

/// The key as unencrypted PKCS#8 in PEM.
fn private_key(
    settings: &ConnectionSettings,
    environment: &Environment<'_>,
) -> Result<SecretString, ConnectionError> {
    let (key, pem) = pem(settings, environment)?;
    // `PRIVATE_KEY_PASSPHRASE` wins over the file, as in the CLI.
    let passphrase = variable(environment, "PRIVATE_KEY_PASSPHRASE")
        .or_else(|| settings.optional("private_key_passphrase"))
        .or_else(|| settings.optional("private_key_file_pwd"))
        .map(SecretString::from);
    plain_pkcs8(pem.expose_secret(), passphrase.as_ref()).map_err(|reason| settings.invalid(key, reason))
}

fn pem(
    settings: &ConnectionSettings,
    environment: &Environment<'_>,
) -> Result<(&'static str, SecretString), ConnectionError> {
    for key in ["private_key_file", "private_key_path"] {
        if let Some(path) = settings.path(key, environment) {
            let text = fs::read_to_string(&path).map_err(|source| ConnectionError::Unreadable {
                what: "the private key",
                path: path.clone(),
                source,
            })?;
            return Ok((key, text.into()));
        }
    }
    let raw = settings.optional("private_key_raw").ok_or_else(|| settings.missing("private_key_file"))?;
    // Variables of CI systems often hold the lines of a PEM text joined by `\n`.
    let raw = if raw.contains('\n') { raw } else { raw.replace("\\n", "\n") };
    Ok(("private_key_raw", raw.into()))
}

fn plain_pkcs8(pem: &str, passphrase: Option<&SecretString>) -> Result<SecretString, &'static str> {
    const NOT_A_KEY: &str = "it is not a private key in PEM form";
    if pem.contains("BEGIN RSA PRIVATE KEY") || pem.contains("BEGIN EC PRIVATE KEY") {
        return Err("the key is in an older form; convert it with `openssl pkcs8 -topk8 -in OLD -out NEW`");
    }
    let pem = format!("{}\n", pem.trim());
    let (label, document) = SecretDocument::from_pem(&pem).map_err(|_| NOT_A_KEY)?;
    let document = if label == EncryptedPrivateKeyInfo::PEM_LABEL {
        decrypted(&document, passphrase)?
    } else if label == PrivateKeyInfo::PEM_LABEL {
        document
    } else {
        return Err(NOT_A_KEY);
    };
    let key: PrivateKeyInfo<'_> = document.decode_msg().map_err(|_| NOT_A_KEY)?;
    if key.algorithm.oid != RSA {
        return Err("it is not an RSA key, the only kind that is supported here");
    }
    let plain = document.to_pem(PrivateKeyInfo::PEM_LABEL, LineEnding::LF).map_err(|_| NOT_A_KEY)?;
    Ok(plain.as_str().into())
}

fn decrypted(
    document: &SecretDocument,
    passphrase: Option<&SecretString>,
) -> Result<SecretDocument, &'static str> {
    const WRONG: &str =
        "the key could not be decrypted: the passphrase is wrong, or the encryption not supported";
    let passphrase = passphrase.map(ExposeSecret::expose_secret).ok_or(
        "the key is encrypted, and there is no passphrase: set PRIVATE_KEY_PASSPHRASE or `private_key_passphrase`",
    );
    if let Some(older) = OlderEncryption::of(document.as_bytes()) {
        return older.decrypt(passphrase?).ok_or(WRONG);
    }
    let encrypted = EncryptedPrivateKeyInfo::try_from(document.as_bytes()).map_err(|_| {
        "the key is encrypted in a way that is not supported; encrypt it anew with `openssl pkcs8 -topk8 -v2 aes-256-cbc`"
    })?;
    encrypted.decrypt(passphrase?).map_err(|_| WRONG)
}
