//! Every way to sign in, with right and with wrong credentials.

use std::collections::HashMap;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;
use tabmap::store::snowflake::connection::{Connection, ConnectionError};
use tabmap::store::snowflake::{Fault, Session, SessionOptions, SnowflakeError};
use test_support::emulator::{Tenant, python};

use crate::opens::Opens;

/// Key pairs of `keys.py`, made once.
pub fn keys() -> &'static HashMap<String, String> {
    static KEYS: OnceLock<HashMap<String, String>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/keys.py");
        let output = Command::new(python()).arg(script).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    })
}

async fn ask(connection: &Connection) -> Result<(), SnowflakeError> {
    let session = Session::new(connection, SessionOptions::default())?;
    let rows = session.query("say hello", "SELECT 'hello' AS GREETING").await?;
    assert_eq!(rows, [[Some("hello".to_owned())]]);
    session.close().await
}

/// The code with which sign-in is refused.
async fn refused(connection: &Connection) -> String {
    let error = ask(connection).await.expect_err("a refusal");
    assert!(miette::Diagnostic::help(&error).is_some(), "{error:?} has no remedy");
    match error.fault {
        Fault::SignInRefused { code, .. } => code,
        fault => panic!("{fault:?}"),
    }
}

#[tokio::test]
async fn a_password_signs_in_and_a_wrong_one_is_refused_once() {
    let tenant = Tenant::new().await;
    ask(&tenant.connection(&[])).await.unwrap();
    assert_eq!(refused(&tenant.connection(&[("password", "wrong")])).await, "390100");
    assert_eq!(tenant.log("logins").await.len(), 2, "a refused password is not tried again");
    assert_eq!(refused(&tenant.connection(&[("account", "other")])).await, "390100");
}

#[tokio::test]
async fn a_programmatic_access_token_signs_in_from_setting_and_file() {
    let tenant = Tenant::with(json!({"access_token": "pat-token", "password": null})).await;
    let with = |key, value| [("password", ""), ("authenticator", "programmatic_access_token"), (key, value)];
    ask(&tenant.connection(&with("token", "pat-token"))).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "pat-token\n").unwrap();
    ask(&tenant.connection(&with("token_file_path", file.path().to_str().unwrap()))).await.unwrap();
    assert_eq!(refused(&tenant.connection(&with("token", "expired"))).await, "394400");
    for login in tenant.log("logins").await {
        assert_eq!(login["authenticator"], "PROGRAMMATIC_ACCESS_TOKEN");
        assert!(!login["sent"].as_array().unwrap().contains(&json!("PASSWORD")), "{login}");
    }
}

#[tokio::test]
async fn an_oauth_token_signs_in_without_a_user() {
    let tenant = Tenant::with(json!({"password": null})).await;
    let token = format!("oauth-{}", tenant.user);
    let tenant = tenant.replaced_by(json!({"name": format!("USER_OF_{token}"), "oauth_token": token})).await;
    let with = |token| [("password", ""), ("user", ""), ("authenticator", "oauth"), ("token", token)];
    ask(&tenant.connection(&with(&token))).await.unwrap();
    assert_eq!(refused(&tenant.connection(&with("stale"))).await, "390303");
}

#[tokio::test]
async fn a_key_pair_signs_in_in_every_form_of_the_documentation() {
    let keys = keys();
    let tenant = Tenant::with(json!({"public_key": keys["public"], "password": null})).await;
    let folder = tempfile::tempdir().unwrap();
    for form in ["plain", "aes", "triple des", "triple des with sha-1", "pbe-sha1-3des"] {
        let path = folder.path().join(form);
        std::fs::write(&path, &keys[form]).unwrap();
        for (key, value) in
            [("private_key_file", path.to_str().unwrap()), ("private_key_path", path.to_str().unwrap())]
        {
            let more = [
                ("authenticator", "SNOWFLAKE_JWT"),
                (key, value),
                ("private_key_passphrase", &keys["passphrase"]),
            ];
            ask(&tenant.connection(&more)).await.unwrap_or_else(|error| panic!("{form} as {key}: {error:?}"));
        }
        // In a variable, as CI systems hold it: in one line.
        let raw = keys[form].replace('\n', "\\n");
        let more = [
            ("authenticator", "snowflake_jwt"),
            ("private_key_raw", &raw),
            ("private_key_file_pwd", &keys["passphrase"]),
        ];
        ask(&tenant.connection(&more))
            .await
            .unwrap_or_else(|error| panic!("{form} as private_key_raw: {error:?}"));
    }
    for login in tenant.log("logins").await {
        assert_eq!(login["authenticator"], "SNOWFLAKE_JWT");
    }
}

#[tokio::test]
async fn the_issuer_of_a_key_pair_is_the_account_without_its_region() {
    let keys = keys();
    let tenant = Tenant::with(json!({"public_key": keys["public"], "password": null})).await;
    for account in ["emulator", "EMULATOR.eu-west-1.aws", "emulator-x1y2.global", "Emulator.privatelink"] {
        let more =
            [("account", account), ("authenticator", "SNOWFLAKE_JWT"), ("private_key_raw", &keys["plain"])];
        ask(&tenant.connection(&more)).await.unwrap_or_else(|error| panic!("{account}: {error:?}"));
    }
}

#[tokio::test]
async fn the_key_of_somebody_else_is_refused() {
    let keys = keys();
    let tenant = Tenant::with(json!({"public_key": keys["public"]})).await;
    let more = [("authenticator", "SNOWFLAKE_JWT"), ("private_key_raw", &*keys["of somebody else"])];
    assert_eq!(refused(&tenant.connection(&more)).await, "394304");
    let without_key = Tenant::new().await;
    assert_eq!(refused(&without_key.connection(&more)).await, "394300");
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_explained_before_anything_is_sent() {
    let keys = keys();
    let tenant = Tenant::new().await;
    let reason = |form: &str, passphrase: &str| {
        let raw = keys.get(form).map_or(form, String::as_str);
        let more = [
            ("authenticator", "SNOWFLAKE_JWT"),
            ("private_key_raw", raw),
            ("private_key_passphrase", passphrase),
        ];
        let variables = tenant.environment(&more);
        let error = Connection::find(Some("test"), &|name| variables.get(name).cloned()).unwrap_err();
        assert!(!format!("{error:?}").contains("BEGIN"), "the key is in the error");
        match error {
            ConnectionError::Invalid { key: "private_key_raw", reason, .. } => reason,
            other => panic!("{form}: {other:?}"),
        }
    };
    assert!(reason("aes", "").contains("there is no passphrase"));
    assert!(reason("aes", "wrong").contains("the passphrase is wrong"));
    assert!(reason("pbe-sha1-3des", "").contains("there is no passphrase"));
    assert!(reason("pbe-sha1-3des", "wrong").contains("the passphrase is wrong"));
    assert!(reason("triple des", "wrong").contains("the passphrase is wrong"));
    assert!(reason("older form", "").contains("openssl pkcs8 -topk8"));
    assert!(reason("elliptic", "").contains("not an RSA key"));
    assert!(reason("public", "").contains("not a private key"));
    assert!(reason("nonsense", "").contains("not a private key"));
    assert_eq!(tenant.log("logins").await.len(), 0);
}

#[tokio::test]
async fn the_passphrase_of_the_environment_wins() {
    let keys = keys();
    let tenant = Tenant::with(json!({"public_key": keys["public"]})).await;
    let more = [
        ("authenticator", "SNOWFLAKE_JWT"),
        ("private_key_raw", &*keys["aes"]),
        ("private_key_passphrase", "wrong"),
    ];
    let mut variables = tenant.environment(&more);
    variables.insert("PRIVATE_KEY_PASSPHRASE".to_owned(), keys["passphrase"].clone());
    let connection = Connection::find(Some("test"), &|name| variables.get(name).cloned()).unwrap();
    ask(&connection).await.unwrap();
}

#[tokio::test]
async fn a_quoted_role_and_warehouse_keep_their_case() {
    let properties = json!({"roles": ["my Role", "PUBLIC"], "warehouses": ["small one", "COMPUTE_WH"]});
    let tenant = Tenant::with(properties).await;
    ask(&tenant.connection(&[("role", "\"my Role\""), ("warehouse", "\"small one\"")])).await.unwrap();
    ask(&tenant.connection(&[("role", "public"), ("warehouse", "compute_wh")])).await.unwrap();
    assert_eq!(refused(&tenant.connection(&[("role", "\"My Role\"")])).await, "390186");
    assert_eq!(refused(&tenant.connection(&[("warehouse", "LARGE")])).await, "390201");
}

#[tokio::test]
async fn a_session_announces_a_supported_client_and_its_parameters() {
    let tenant = Tenant::new().await;
    ask(&tenant.connection(&[])).await.unwrap();
    let logins = tenant.log("logins").await;
    let login = &logins[0];
    assert_eq!(login["code"], json!(null), "the emulator turns away clients below Go 1.11.2");
    assert!(login["client"].as_str().unwrap().starts_with("Go 1."), "{login}");
    let parameters = &login["parameters"];
    assert_eq!(parameters["QUERY_TAG"], concat!("tabmap ", env!("CARGO_PKG_VERSION")));
    assert_eq!(parameters["TIMEZONE"], "UTC");
    assert_eq!(parameters["ERROR_ON_NONDETERMINISTIC_MERGE"], true);
    assert_eq!(parameters["CLIENT_VALIDATE_DEFAULT_PARAMETERS"], true);
    assert_eq!(parameters["AUTOCOMMIT"], true, "whatever account and user have set");
    assert_eq!(parameters["TIMESTAMP_INPUT_FORMAT"], "AUTO");
    assert_eq!(parameters["QUOTED_IDENTIFIERS_IGNORE_CASE"], false);
    assert_eq!(parameters["ROWS_PER_RESULTSET"], 0);
    assert_eq!(parameters["GO_QUERY_RESULT_FORMAT"], "ARROW");
    assert_eq!(parameters["DEFAULT_DDL_COLLATION"], "");
    assert_eq!(parameters["LOCK_TIMEOUT"], 300);
    assert_eq!(parameters["STATEMENT_TIMEOUT_IN_SECONDS"], 900);
    assert_eq!(tenant.log("sessions").await[0]["closed"], true);
}

#[tokio::test]
async fn sign_in_gets_over_a_server_that_is_down_for_a_moment() {
    let tenant = Tenant::new().await;
    tenant.arm(json!({"at": "login", "times": 2, "action": {"http": 503}})).await;
    ask(&tenant.connection(&[])).await.unwrap();
    tenant.arm(json!({"at": "login", "times": 1, "action": {"drop": true}})).await;
    ask(&tenant.connection(&[])).await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_credentials() {
    let tenant = Tenant::new().await;
    let elsewhere = json!({"http": 307, "headers": {"location": "http://127.0.0.1:1/"}});
    tenant.arm(json!({"at": "login", "action": elsewhere, "times": 9})).await;
    let error = ask(&tenant.connection(&[])).await.unwrap_err();
    assert!(matches!(&error.fault, Fault::Answer { what } if what.contains("307")), "{error:?}");
}

#[tokio::test]
async fn sign_in_and_renewal_that_are_redirected_ask_the_same_address_again() {
    let tenant = Tenant::new().await;
    for status in [307, 308] {
        let elsewhere = json!({"http": status, "headers": {"location": "http://127.0.0.1:1/"}});
        for at in ["login", "renew"] {
            tenant.arm(json!({"at": at, "action": elsewhere})).await;
            tenant.arm(json!({"at": "statement", "action": {"expire": "session"}})).await;
            ask(&tenant.connection(&[])).await.unwrap();
        }
    }
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    let tenant = Tenant::with(json!({"access_token": "pat-secret"})).await;
    let connection = tenant.connection(&[("password", "wrong-secret")]);
    let shown = format!("{connection:?} {:?}", ask(&connection).await.unwrap_err());
    assert!(!shown.contains("wrong-secret"), "{shown}");
    let token = [("authenticator", "PROGRAMMATIC_ACCESS_TOKEN"), ("token", "stale-secret")];
    let connection = tenant.connection(&token);
    let shown = format!("{connection:?} {:?}", ask(&connection).await.unwrap_err());
    assert!(!shown.contains("stale-secret"), "{shown}");
    tenant.arm(json!({"at": "statement", "action": {"drop": true}, "times": 9})).await;
    let shown = format!("{:?}", ask(&tenant.connection(&[])).await.unwrap_err());
    assert!(!shown.contains(&tenant.password) && !shown.contains("Token"), "{shown}");
}
