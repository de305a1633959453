//! Ways to sign in, right and wrong, through the `tabmap` binary.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tableau_simulator::Kind;
use test_support::desk::{Answer, Desk};
use test_support::emulator::{OFFICIAL_CLIENTS, Tenant, official_client, port, python};

use crate::official_client::is_known_to_differ;
use crate::sign_in::keys;

/// A desk whose connection has these settings beside account and server, and no user.
pub fn desk(tenant: &Tenant, settings: &[(&str, &str)]) -> Desk {
    let mut desk = Desk::empty();
    for (name, value) in tenant.environment(&[&[("user", ""), ("password", "")], settings].concat()) {
        desk.set(&name, value);
    }
    desk.set("TABMAP_STORE", "snowflake:test");
    desk.write("tabmap.toml", &format!("[snowflake]\ndatabase = \"{}\"\n", tenant.database));
    desk
}

pub fn init(desk: &Desk) -> Answer {
    tokio::task::block_in_place(|| desk.run(&["init"]))
}

pub fn signs_in(desk: &Desk) {
    init(desk).exit_is(0);
}

/// What the login requests said about who signs in; those in a row that are the same, once.
pub async fn proofs(tenant: &Tenant) -> Vec<Value> {
    let logins = tenant.log("logins").await;
    let mut proofs: Vec<Value> = logins.iter().map(|login| login["proof"].clone()).collect();
    proofs.dedup();
    proofs
}

/// Runs a script of this folder with a JSON document as its input; what it printed.
pub fn script(name: &str, input: &Value, variables: &[(&str, &str)]) -> String {
    script_of(&python(), name, input, variables)
}

/// The settings of a connection to the emulator, as Snowflake's own client takes them.
pub fn official(settings: &[(&str, &str)]) -> Value {
    let port = port().to_string();
    let server = [("account", "emulator"), ("host", "127.0.0.1"), ("port", &port), ("protocol", "http")];
    json!(server.iter().chain(settings).copied().collect::<HashMap<&str, &str>>())
}

/// Signs in through each version of Snowflake's own client.
pub fn official_clients_sign_in(settings: &[(&str, &str)], variables: &[(&str, &str)]) {
    for version in OFFICIAL_CLIENTS {
        let client = official_client(version);
        tokio::task::block_in_place(|| {
            script_of(&client, "official_sign_in.py", &official(settings), variables)
        });
    }
}

/// The same by one Python.
pub fn script_of(python: &Path, name: &str, input: &Value, variables: &[(&str, &str)]) -> String {
    let path = format!("{}/tests/store/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut process = Command::new(python)
        .arg(path)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Signs in with the same settings through this program and through Snowflake's own client, and compares what they say
/// about who signs in.
pub async fn signs_in_as_snowflakes_own_client(
    tenant: &Tenant,
    settings: &[(&str, &str)],
    variables: &[(&str, &str)],
) {
    let mut desk = desk(tenant, settings);
    for (name, value) in variables {
        desk.set(name, *value);
    }
    signs_in(&desk);
    official_clients_sign_in(settings, variables);
    let mut proofs = proofs(tenant).await;
    for proof in &mut proofs {
        // The other client sends an empty field where there is nothing to say.
        let proof = proof.as_object_mut().unwrap();
        proof.retain(|name, value| !value.is_null() && value != "" && !is_known_to_differ(name, value));
        // Tokens of the identity provider are all different.
        if proof.get("TOKEN").and_then(Value::as_str).is_some_and(|token| token.starts_with("issued-")) {
            proof["TOKEN"] = json!("issued");
        }
    }
    proofs.dedup();
    assert_eq!(proofs.len(), 1, "{proofs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programmatic_access_token_needs_no_user() {
    let tenant = Tenant::with(json!({"access_token": "pat-of-its-own", "password": null})).await;
    let with = |token| [("authenticator", "programmatic_access_token"), ("token", token)];
    signs_in(&desk(&tenant, &with("pat-of-its-own")));
    let expected = json!({"AUTHENTICATOR": "PROGRAMMATIC_ACCESS_TOKEN", "TOKEN": "pat-of-its-own"});
    assert_eq!(proofs(&tenant).await, [expected]);
    init(&desk(&tenant, &with("pat-that-expired"))).refused(1, &["394400", "make a new one"]);
}

/// A token that the holder of a private key issued.
pub fn issued(key: &str, claims: &Value) -> String {
    script("tokens.py", &json!({"key": keys()[key], "claims": claims}), &[])
}

/// A tenant whose user is a workload, and the claims of its token.
async fn workload() -> (Tenant, Value) {
    let subject = format!("repo:acme/maps:{}", uuid::Uuid::new_v4());
    let issuer = "https://issuer.example";
    let identity = json!({"issuer": issuer, "subject": subject, "public_key": keys()["public"]});
    let tenant = Tenant::with(json!({"workload_identity": identity, "password": null})).await;
    (tenant, json!({"iss": issuer, "sub": subject, "aud": "snowflakecomputing.com"}))
}

/// Changes one claim.
pub fn but(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_signs_in_with_its_token_in_a_variable_a_setting_or_a_file() {
    let (tenant, claims) = workload().await;
    let token = issued("plain", &claims);
    // As the action of the Snowflake CLI for GitHub leaves it, and with a user that must not be sent.
    let mut by_variables = desk(&tenant, &[("user", "SOMEBODY")]);
    by_variables.set("SNOWFLAKE_AUTHENTICATOR", "WORKLOAD_IDENTITY");
    by_variables.set("SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER", "OIDC");
    by_variables.set("SNOWFLAKE_TOKEN", &token);
    let way = [("authenticator", "workload_identity"), ("workload_identity_provider", "oidc")];
    let by_setting = desk(&tenant, &[&way[..], &[("token", &token)]].concat());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let by_file = desk(&tenant, &[&way[..], &[("token_file_path", file.path().to_str().unwrap())]].concat());
    for mut desk in [by_variables, by_setting, by_file] {
        desk.set("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1");
        signs_in(&desk);
    }
    let expected = json!({"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "OIDC", "TOKEN": token});
    assert_eq!(proofs(&tenant).await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_whose_token_is_wrong_is_told_what_to_compare() {
    let (tenant, claims) = workload().await;
    let wrong = [
        issued("of somebody else", &claims),
        issued("plain", &but(&claims, "iss", json!("https://other.example"))),
        issued("plain", &but(&claims, "sub", json!("repo:acme/other"))),
        issued("plain", &but(&claims, "aud", json!("other.example"))),
        issued("plain", &but(&claims, "exp", json!(1))),
    ];
    for token in wrong {
        let way = [
            ("authenticator", "WORKLOAD_IDENTITY"),
            ("workload_identity_provider", "OIDC"),
            ("token", &token),
        ];
        let mut desk = desk(&tenant, &way);
        desk.set("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1");
        let answer = init(&desk);
        answer.refused(1, &["395091", "issuer, subject and audience"]);
        assert!(!answer.stderr.contains(&token), "{}", answer.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_is_refused_before_anything_is_sent_where_its_settings_are_wrong() {
    let (tenant, claims) = workload().await;
    let token = issued("plain", &claims);
    let way = |provider| {
        [("authenticator", "WORKLOAD_IDENTITY"), ("workload_identity_provider", provider), ("token", &token)]
    };
    let foreign = desk(&tenant, &way("OIDC"));
    init(&foreign).refused(2, &["not for `127.0.0.1`", "SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES"]);
    for (provider, words) in [("", "no `workload_identity_provider`"), ("LUCK", "`LUCK` is none of OIDC")] {
        let mut desk = desk(&tenant, &way(provider));
        desk.set("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1");
        init(&desk).refused(2, &[words]);
    }
    let mut without =
        desk(&tenant, &[("authenticator", "WORKLOAD_IDENTITY"), ("workload_identity_provider", "OIDC")]);
    without.set("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1");
    init(&without).refused(2, &["no `token`"]);
    assert!(tenant.log("logins").await.is_empty());
}

/// A container: a folder with the tokens that Snowflake would put there, and the tenant whose user it is.
async fn container() -> (Tenant, tempfile::TempDir) {
    let [session, container] =
        ["session", "container"].map(|name| format!("{name}-{}", uuid::Uuid::new_v4()));
    let tenant =
        Tenant::with(json!({"oauth_token": session, "spcs_token": container, "password": null})).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), format!("{session}\n")).unwrap();
    std::fs::write(folder.path().join("spcs_token"), container).unwrap();
    (tenant, folder)
}

/// A desk inside: all that Snowflake sets, no file, and the tokens in another place than Snowflake's.
fn inside(tenant: &Tenant, folder: &tempfile::TempDir) -> Desk {
    let mut desk = Desk::empty();
    let port = port().to_string();
    let token = folder.path().join("token");
    for (name, value) in [
        ("RUNNING_INSIDE_SPCS", "true"),
        ("ACCOUNT", "EMULATOR"),
        ("HOST", "127.0.0.1"),
        ("PORT", &port),
        ("PROTOCOL", "http"),
        ("DATABASE", &tenant.database),
        ("SCHEMA", "OF_THE_SERVICE"),
        ("TOKEN_FILE_PATH", token.to_str().unwrap()),
    ] {
        desk.set(&format!("SNOWFLAKE_{name}"), value);
    }
    desk.set("TABMAP_STORE", "snowflake:");
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_signs_in_with_what_snowflake_gives_it() {
    let (tenant, folder) = container().await;
    let mut desk = inside(&tenant, &folder);
    let said = init(&desk);
    said.exit_is(0);
    let table = format!("\"{}\".\"OF_THE_SERVICE\".\"API__TABLEAU__RESOURCES\"", tenant.database);
    let rows = tenant.sql(&[&format!("SELECT COUNT(*) FROM {table}")]).await;
    assert_eq!(rows, [[Some("0".to_owned())]], "in the database and schema of the service");
    let token = std::fs::read_to_string(folder.path().join("token")).unwrap();
    let beside = std::fs::read_to_string(folder.path().join("spcs_token")).unwrap();
    let expected = json!({"AUTHENTICATOR": "OAUTH", "TOKEN": token.trim(), "SPCS_TOKEN": beside});
    assert_eq!(proofs(&tenant).await, [expected]);

    // `tabmap.toml` wins over the service's own place.
    desk.write("tabmap.toml", "[snowflake]\nschema = \"OF_THE_FILE\"\n");
    desk.set("SNOWFLAKE_AUTHENTICATOR", "oauth");
    init(&desk).exit_is(0);
    let table = table.replace("OF_THE_SERVICE", "OF_THE_FILE");
    tenant.sql(&[&format!("SELECT COUNT(*) FROM {table}")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_whose_token_is_replaced_signs_in_with_the_new_one() {
    let (tenant, folder) = container().await;
    let desk = inside(&tenant, &folder);
    signs_in(&desk);
    let (user, spcs_token) = (tenant.user.clone(), "the-next-container");
    let token = format!("next-{user}");
    let tenant =
        tenant.replaced_by(json!({"name": user, "oauth_token": token, "spcs_token": spcs_token})).await;
    init(&desk).refused(1, &["390303", "SNOWFLAKE_HOST", "run again"]);
    std::fs::write(folder.path().join("token"), &token).unwrap();
    std::fs::write(folder.path().join("spcs_token"), spcs_token).unwrap();
    signs_in(&desk);
    let last = proofs(&tenant).await.pop().unwrap();
    assert_eq!(last["TOKEN"], json!(token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_without_its_token_and_a_connection_that_names_another_way_are_told_apart() {
    let (tenant, folder) = container().await;
    let mut desk = inside(&tenant, &folder);
    std::fs::remove_file(folder.path().join("token")).unwrap();
    init(&desk).refused(2, &["as the container", "unset SNOWFLAKE_RUNNING_INSIDE_SPCS"]);
    // A way of its own is none of the container's business.
    let own = Tenant::new().await;
    desk.set("SNOWFLAKE_USER", &own.user).set("SNOWFLAKE_PASSWORD", &own.password);
    desk.unset("SNOWFLAKE_TOKEN_FILE_PATH");
    desk.set("SNOWFLAKE_DATABASE", &own.database);
    signs_in(&desk);
    assert_eq!(proofs(&own).await, [json!({"LOGIN_NAME": own.user, "PASSWORD": own.password})]);
}

/// A tenant whose user is a client of the identity provider, with the settings of its connection.
async fn client() -> (Tenant, [(&'static str, String); 5]) {
    let (id, secret) = (uuid::Uuid::new_v4().to_string(), format!("client-secret-{}", uuid::Uuid::new_v4()));
    let client = json!({"id": id, "secret": secret, "scope": "session:role:PUBLIC"});
    let tenant = Tenant::with(json!({"oauth_client": client, "password": null})).await;
    let url = format!("http://127.0.0.1:{}/identity-provider/token", port());
    let settings = [
        ("authenticator", "oauth_client_credentials".to_owned()),
        ("oauth_client_id", id),
        ("oauth_client_secret", secret),
        ("oauth_token_request_url", url),
        ("oauth_scope", "session:role:PUBLIC".to_owned()),
    ];
    (tenant, settings)
}

/// The settings of [`client`], with others in place of some.
fn with<'a>(settings: &'a [(&'static str, String)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(key, value)| (*key, value.as_str())).chain(more.iter().copied()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_are_exchanged_for_a_token_at_each_sign_in() {
    let (tenant, settings) = client().await;
    let desk = desk(&tenant, &with(&settings, &[]));
    desk.publish(Kind::Workbook, &["default"], "Sales");
    signs_in(&desk);
    // Each token signs in once only, and this session is lost in mid-run.
    tenant.arm(json!({"at": "statement", "match": "MERGE INTO", "action": {"forget": true}})).await;
    tokio::task::block_in_place(|| desk.done(&["sync"]));
    let (tokens, logins) = (tenant.log("tokens").await, tenant.log("logins").await);
    assert_eq!((tokens.len(), logins.len()), (3, 3), "one for `init`, two for `sync`");
    let expected = json!({"user": tenant.user, "place": "header", "form": ["grant_type", "scope"]});
    assert!(tokens.iter().all(|token| *token == expected), "{tokens:?}");
    for login in logins {
        assert_eq!(login["authenticator"], "OAUTH");
        assert!(login["proof"].get("LOGIN_NAME").is_none(), "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_go_into_the_body_when_asked_and_the_scope_follows_the_role() {
    let (tenant, settings) = client().await;
    let more = [("oauth_credentials_in_body", "true"), ("oauth_scope", ""), ("role", "PUBLIC")];
    signs_in(&desk(&tenant, &with(&settings, &more)));
    let form = json!(["client_id", "client_secret", "grant_type", "scope"]);
    let expected = json!({"user": tenant.user, "place": "body", "form": form});
    assert_eq!(tenant.log("tokens").await, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_that_are_refused_are_told_apart_without_showing_the_secret() {
    let (tenant, settings) = client().await;
    let other_door = format!("http://127.0.0.1:{}/identity-provider/none", port());
    let nobody = "http://127.0.0.1:1/token";
    for (key, value, words) in [
        ("oauth_client_secret", "wrong-secret-1234", ["invalid_client", "`oauth_client_secret`"]),
        ("oauth_scope", "session:role:OTHER", ["invalid_scope", "correct `oauth_scope`"]),
        ("oauth_token_request_url", &other_door, ["404", "check `oauth_token_request_url`"]),
        ("oauth_token_request_url", nobody, ["no connection", "HTTPS_PROXY"]),
    ] {
        let answer = init(&desk(&tenant, &with(&settings, &[(key, value)])));
        answer.refused(1, &words);
        for secret in ["wrong-secret-1234", &settings[2].1] {
            assert!(!answer.stderr.contains(secret), "{}", answer.stderr);
        }
    }
    assert!(tenant.log("logins").await.is_empty(), "Snowflake was not asked");
    let fault = tenant.arm(json!({"at": "login", "action": {"code": "390303", "null": true}})).await;
    init(&desk(&tenant, &with(&settings, &[]))).refused(1, &["390303", "DESC SECURITY INTEGRATION"]);
    fault.disarm().await;
    // A moment's failure of the provider is no refusal.
    tenant.arm(json!({"at": "token", "times": 2, "action": {"http": 503}})).await;
    signs_in(&desk(&tenant, &with(&settings, &[])));
}

#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_that_are_incomplete_or_would_be_sent_in_the_clear_are_refused_at_once() {
    let (tenant, settings) = client().await;
    for (key, value, words) in [
        ("oauth_client_id", "", "no `oauth_client_id`"),
        ("oauth_client_secret", "", "no `oauth_client_secret`"),
        ("oauth_token_request_url", "", "no `oauth_token_request_url`"),
        ("oauth_token_request_url", "http://idp.example/token", "must begin with `https://`"),
        ("oauth_token_request_url", "https://me:hidden@idp.example/token", "holds a user or a password"),
    ] {
        let answer = init(&desk(&tenant, &with(&settings, &[(key, value)])));
        answer.refused(2, &[words]);
        assert!(!answer.stderr.contains("hidden"), "{}", answer.stderr);
    }
    assert!(tenant.log("tokens").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_comes_with_a_remedy_of_its_own() {
    let tenant = Tenant::new().await;
    let desk = desk(&tenant, &[("user", &tenant.user), ("password", &tenant.password)]);
    for (code, remedy) in [
        ("390101", "SET DISABLED = FALSE"),
        ("390102", "MINS_TO_UNLOCK"),
        ("390144", "check `account` and `host`"),
        ("390186", "GRANT ROLE"),
        ("390189", "check `role`"),
        ("390197", "signs in to Snowsight once"),
        ("390202", "authentication policy"),
        ("390422", "network policy"),
        ("390913", "free trial"),
        ("394400", "ADD PROGRAMMATIC ACCESS TOKEN"),
        ("394508", "`--passcode`"),
    ] {
        let fault = tenant.arm(json!({"at": "login", "action": {"code": code, "null": true}})).await;
        let answer = init(&desk);
        answer.refused(1, &[code]);
        fault.disarm().await;
        // The help is wrapped for a terminal.
        let stderr = answer.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(stderr.contains(remedy), "{code}: {stderr}");
    }
    assert_eq!(tenant.log("logins").await.len(), 11, "a refusal is not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_sends_the_fields_that_snowflakes_own_client_sends() {
    let tenant = Tenant::new().await;
    let password = [("user", tenant.user.as_str()), ("password", &tenant.password)];
    signs_in_as_snowflakes_own_client(&tenant, &password, &[]).await;

    let tenant = Tenant::with(json!({"passcode": "123456"})).await;
    let user = [("user", tenant.user.as_str()), ("password", &tenant.password)];
    let way = [&user[..], &[("authenticator", "username_password_mfa"), ("passcode", "123456")]].concat();
    signs_in_as_snowflakes_own_client(&tenant, &way, &[]).await;

    let token = format!("pat-{}", uuid::Uuid::new_v4());
    let tenant = Tenant::with(json!({"access_token": token})).await;
    let way = [("authenticator", "PROGRAMMATIC_ACCESS_TOKEN"), ("token", token.as_str())];
    signs_in_as_snowflakes_own_client(&tenant, &way, &[]).await;

    let token = format!("oauth-{}", uuid::Uuid::new_v4());
    let tenant = Tenant::with(json!({"oauth_token": token})).await;
    let way = [("authenticator", "oauth"), ("token", token.as_str())];
    signs_in_as_snowflakes_own_client(&tenant, &way, &[]).await;

    let (tenant, claims) = workload().await;
    let token = issued("plain", &claims);
    let way = [
        ("authenticator", "WORKLOAD_IDENTITY"),
        ("workload_identity_provider", "OIDC"),
        ("token", token.as_str()),
    ];
    let own_host = [("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1")];
    signs_in_as_snowflakes_own_client(&tenant, &way, &own_host).await;

    let (tenant, settings) = client().await;
    signs_in_as_snowflakes_own_client(&tenant, &with(&settings, &[]), &[]).await;
}
