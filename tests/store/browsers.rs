//! Ways to sign in that go by a person's browser, through the `tabmap` binary in a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use tableau_simulator::Kind;
use test_support::desk::{Answer, Desk};
use test_support::emulator::{Tenant, port, python};
use test_support::repository;
use test_support::terminal::written_to_terminal;

use crate::official_client::is_known_to_differ;
use crate::ways::{desk, init, official_clients_sign_in, proofs};

/// A folder with a browser, by the names under which programs look for one.
fn browser() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script = repository("tests/store/browser.py");
    // As browsers do, it goes on while whoever started it does too.
    let text = format!(
        "#!/bin/sh\n{} {} \"$1\" </dev/null >/dev/null 2>&1 &\n",
        python().display(),
        script.display()
    );
    for name in ["browser", "xdg-open"] {
        let path = folder.path().join(name);
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// The variables of a person with that browser.
fn person(browser: &Path, name: &str, more: &Value) -> [(&'static str, String); 2] {
    let mut settings = json!({"person": name});
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    [("BROWSER", browser.join("browser").display().to_string()), ("TEST_BROWSER", settings.to_string())]
}

fn sits_at(desk: &mut Desk, browser: &Path, name: &str, more: &Value) {
    for (variable, value) in person(browser, name, more) {
        desk.set(variable, value);
    }
}

/// In a terminal, all that stands there is `stderr` here.
fn run(desk: &Desk, arguments: &[&str]) -> Answer {
    let (exit, stderr) = tokio::task::block_in_place(|| written_to_terminal(desk, 500, arguments));
    Answer { stdout: String::new(), stderr, exit }
}

const SSO: (&str, &str) = ("authenticator", "externalbrowser");
const CODE: (&str, &str) = ("authenticator", "oauth_authorization_code");

/// A tenant whose user signs in in a browser alone.
async fn of_person() -> Tenant {
    Tenant::with(json!({"sso": true, "password": null})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_at_the_identity_provider_and_the_browser_brings_the_token() {
    let (browser, tenant) = (browser(), of_person().await);
    let mut desk = desk(&tenant, &[SSO, ("user", &tenant.user)]);
    sits_at(&mut desk, browser.path(), &tenant.user, &json!({}));
    let said = run(&desk, &["init", "-vvv"]);
    said.exit_is(0);
    assert!(said.stderr.contains("sign in to Snowflake in the browser"), "{}", said.stderr);
    let proof = &proofs(&tenant).await[0];
    assert_eq!(
        (&proof["AUTHENTICATOR"], &proof["LOGIN_NAME"]),
        (&json!("EXTERNALBROWSER"), &json!(tenant.user))
    );
    for secret in ["TOKEN", "PROOF_KEY"] {
        let secret = proof[secret].as_str().unwrap();
        assert!(secret.len() > 30 && !said.stderr.contains(secret), "{}", said.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_allows_it_once_and_the_token_serves_all_sessions_of_a_run() {
    let (browser, tenant) = (browser(), of_person().await);
    let mut desk = desk(&tenant, &[CODE]);
    sits_at(&mut desk, browser.path(), &tenant.user, &json!({}));
    desk.publish(Kind::Workbook, &["default"], "Sales");
    run(&desk, &["init"]).exit_is(0);
    tenant.arm(json!({"at": "statement", "match": "MERGE INTO", "action": {"forget": true}})).await;
    let said = run(&desk, &["sync", "-vvv"]);
    said.exit_is(0);
    let (pages, tokens, logins) =
        (tenant.log("pages").await, tenant.log("tokens").await, tenant.log("logins").await);
    assert_eq!((pages.len(), tokens.len(), logins.len()), (2, 2, 3), "two sessions of `sync` with one token");
    let query =
        ["client_id", "code_challenge", "code_challenge_method", "redirect_uri", "response_type", "state"];
    assert_eq!(pages[0]["query"], json!(query));
    let form = json!(["code", "code_verifier", "grant_type", "redirect_uri"]);
    assert_eq!(tokens[0], json!({"user": tenant.user, "place": "header", "form": form}));
    let token = logins[2]["proof"]["TOKEN"].as_str().unwrap();
    assert!(!said.stderr.contains(token), "{}", said.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_not_opened_where_nobody_sits_at_a_terminal() {
    let (browser, tenant) = (browser(), of_person().await);
    for way in [SSO, CODE] {
        let mut desk = desk(&tenant, &[way, ("user", &tenant.user)]);
        sits_at(&mut desk, browser.path(), &tenant.user, &json!({}));
        init(&desk).refused(2, &["nobody is there", "run it at a terminal", "key pair"]);
    }
    assert!(tenant.log("pages").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_others_send_to_the_listener_are_refused_and_do_not_end_the_wait() {
    let (browser, tenant) = (browser(), of_person().await);
    for (way, statuses) in
        [(SSO, json!([403, 403, 403, 403, 400, 403])), (CODE, json!([403, 403, 403, 403, 400, 403, 400]))]
    {
        let mut desk = desk(&tenant, &[way, ("user", &tenant.user)]);
        let foreign = desk.path("foreign.json");
        sits_at(&mut desk, browser.path(), &tenant.user, &json!({"foreign": foreign}));
        run(&desk, &["init"]).exit_is(0);
        let found: Value = serde_json::from_slice(&fs::read(foreign).unwrap()).unwrap();
        assert_eq!(found, statuses, "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_browser_brings_is_taken_from_the_right_person_alone() {
    let (browser, tenant, other) = (browser(), of_person().await, of_person().await);
    let refused = |way, person: &str, more: Value, exit, words: &[&str]| {
        let mut desk = desk(&tenant, &[way, ("user", &tenant.user), ("external_browser_timeout", "2")]);
        sits_at(&mut desk, browser.path(), person, &more);
        run(&desk, &["init"]).refused(exit, words);
    };
    refused(SSO, &other.user, json!({}), 1, &["390191", "LOGIN_NAME of the user"]);
    refused(CODE, &other.user, json!({}), 1, &["390303", "DESC SECURITY INTEGRATION"]);
    refused(CODE, &tenant.user, json!({"denies": true}), 1, &["`access_denied`", "`oauth_scope`"]);
    for way in [SSO, CODE] {
        let words = ["no answer within 2 seconds", "SF_AUTH_SOCKET_PORT"];
        refused(way, &tenant.user, json!({"loses": true}), 1, &words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_key_or_a_challenge_that_was_changed_on_the_way_is_refused() {
    let browser = browser();
    let tenant = Tenant::with(json!({"sso": true, "password": null, "tampered": true})).await;
    for (way, words) in
        [(SSO, ["390192", "as the `user` of the connection"]), (CODE, ["invalid_grant", "run again"])]
    {
        let mut desk = desk(&tenant, &[way, ("user", &tenant.user)]);
        sits_at(&mut desk, browser.path(), &tenant.user, &json!({}));
        run(&desk, &["init"]).refused(1, &words);
    }
    let tenant = Tenant::new().await;
    let mut desk = desk(&tenant, &[SSO, ("user", &tenant.user)]);
    sits_at(&mut desk, browser.path(), &tenant.user, &json!({}));
    run(&desk, &["init"]).refused(1, &["390190", "OAUTH_AUTHORIZATION_CODE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_is_shown_where_no_browser_starts_even_when_the_log_is_quiet() {
    let tenant = of_person().await;
    for way in [SSO, CODE] {
        let mut desk = desk(&tenant, &[way, ("user", &tenant.user), ("external_browser_timeout", "1")]);
        desk.set("BROWSER", "/nonexistent/browser");
        let said = run(&desk, &["init", "--quiet"]);
        said.refused(1, &["no browser could be started", &format!("://127.0.0.1:{}/", port())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_browser_that_cannot_be_used_are_refused_at_once() {
    let tenant = of_person().await;
    for (key, value, words) in [
        ("oauth_redirect_uri", "http://example.com/callback", "`oauth_redirect_uri`"),
        ("oauth_redirect_uri", "https://127.0.0.1:1", "`oauth_redirect_uri`"),
        ("oauth_authorization_url", "http://idp.example/authorize", "`oauth_authorization_url`"),
        ("oauth_authorization_url", "https://idp.example/authorize", "no `oauth_client_id`"),
        ("oauth_client_id", "mine", "no `oauth_client_secret`"),
        ("external_browser_timeout", "soon", "`external_browser_timeout`"),
    ] {
        run(&desk(&tenant, &[CODE, (key, value)]), &["init"]).refused(2, &[words]);
    }
    let mut desk = desk(&tenant, &[SSO]);
    desk.set("SF_AUTH_SOCKET_PORT", "many");
    run(&desk, &["init"]).refused(2, &["`many` in SF_AUTH_SOCKET_PORT"]);
    assert!(tenant.log("pages").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_sent_back_to_the_address_of_the_settings() {
    let (browser, tenant) = (browser(), of_person().await);
    let client = json!({"id": "mine", "secret": "client-secret", "scope": ""});
    let user = json!({"name": tenant.user, "sso": true, "oauth_client": client});
    let tenant = tenant.replaced_by(user).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let redirect = format!("http://localhost:{free}/callback");
    let settings = [
        CODE,
        ("oauth_client_id", "mine"),
        ("oauth_client_secret", "client-secret"),
        ("oauth_redirect_uri", &redirect),
        ("oauth_scope", "session:role:PUBLIC"),
    ];
    let mut desk = desk(&tenant, &settings);
    sits_at(&mut desk, browser.path(), &tenant.user, &json!({}));
    run(&desk, &["init"]).exit_is(0);
    let taken = std::net::TcpListener::bind(("127.0.0.1", free)).unwrap();
    run(&desk, &["init"]).refused(1, &["no port", "`oauth_redirect_uri`"]);
    drop(taken);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_by_a_browser_sends_the_fields_that_snowflakes_own_client_sends() {
    let browser = browser();
    let path = format!("{}:{}", browser.path().display(), std::env::var("PATH").unwrap());
    let server = format!("127.0.0.1:{}", port());
    let authorize = format!("https://{server}/oauth/authorize");
    let token = format!("http://{server}/oauth/token-request");
    let of_client = [
        CODE,
        ("oauth_client_id", "mine"),
        ("oauth_client_secret", "client-secret"),
        ("oauth_authorization_url", &authorize),
        ("oauth_token_request_url", &token),
    ];
    for way in [&[SSO][..], &of_client] {
        let client = json!({"id": "mine", "secret": "client-secret"});
        let tenant = Tenant::with(json!({"sso": true, "password": null, "oauth_client": client})).await;
        let settings = [way, &[("user", tenant.user.as_str())]].concat();
        let variables = person(browser.path(), &tenant.user, &json!({}));
        let mut desk = desk(&tenant, &settings);
        sits_at(&mut desk, browser.path(), &tenant.user, &json!({}));
        run(&desk, &["init"]).exit_is(0);
        let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        variables.push(("PATH", &path));
        official_clients_sign_in(&settings, &variables);
        // What all send to be shown a page, and to exchange what it brings.
        for log in ["tokens", "pages"] {
            let mut asked = tenant.log(log).await;
            for one in &mut asked {
                keep_what_is_of_the_way(one);
            }
            asked.dedup();
            assert!(asked.len() <= 1, "{log}: {asked:?}");
        }
        let mut proofs: Vec<Value> =
            tenant.log("logins").await.iter().map(|login| login["proof"].clone()).collect();
        assert_eq!(proofs.len(), 3);
        for proof in &mut proofs {
            let proof = proof.as_object_mut().unwrap();
            proof.retain(|name, value| !value.is_null() && value != "" && !is_known_to_differ(name, value));
            for (name, value) in proof {
                // All different, as they should be.
                if ["TOKEN", "PROOF_KEY"].contains(&name.as_str()) {
                    *value = json!("random");
                }
            }
        }
        proofs.dedup();
        assert_eq!(proofs.len(), 1, "{proofs:?}");
    }
}

/// Leaves out what a client says about itself.
fn keep_what_is_of_the_way(asked: &mut Value) {
    let about_itself = ["CLIENT_CAPABILITIES", "CLIENT_ENVIRONMENT", "SVN_REVISION"];
    if let Some(sent) = asked.get_mut("sent").and_then(Value::as_array_mut) {
        sent.retain(|name| !about_itself.iter().any(|own| name == own));
    }
}
