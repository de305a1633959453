//! The way to Tableau: private certificate authorities, proxies, redirects, ways to sign in.

use std::collections::BTreeMap;

use tableau_simulator::{Content, Effect, Endpoint, Fault, Kind, Options, Simulator, UnifiedAccess};
use test_support::desk::Desk;
use test_support::gateway::Gateway;

use crate::faults::changed_desk;
use crate::sources::by_each_source;

#[test]
fn private_certificate_authority_is_trusted_when_it_is_named_and_only_then() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let gateway = Gateway::before(desk.tableau.url(), "localhost");
    desk.set("TABLEAU_SERVER", format!("https://localhost:{}", gateway.address.port()));
    desk.run(&["sync"]).refused(1, &["did not answer", "certificate", "TABLEAU_CA_BUNDLE"]);
    assert!(desk.tableau.requests().is_empty(), "nothing was said to a stranger");

    let bundle = desk.write("ca.pem", &gateway.authority);
    desk.set("TABLEAU_CA_BUNDLE", bundle.display().to_string());
    desk.done(&["sync"]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));

    desk.write("ca.pem", "no certificate at all");
    desk.run(&["sync"]).refused(2, &["ca.pem", "holds no certificate", "PEM"]);
}

#[test]
fn certificate_for_another_name_is_refused() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let gateway = Gateway::before(desk.tableau.url(), "somebody-else.example");
    let bundle = desk.write("ca.pem", &gateway.authority);
    desk.set("TABLEAU_CA_BUNDLE", bundle.display().to_string());
    desk.set("TABLEAU_SERVER", format!("https://localhost:{}", gateway.address.port()));
    desk.run(&["sync"]).refused(1, &["did not answer", "certificate"]);
    assert!(desk.tableau.requests().is_empty());
}

#[test]
fn https_proxy_is_used_and_no_proxy_goes_around_it() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let gateway = Gateway::before(desk.tableau.url(), "tableau.example.invalid");
    let bundle = desk.write("ca.pem", &gateway.authority);
    let (proxy, asked) = gateway.proxy();
    desk.set("TABLEAU_CA_BUNDLE", bundle.display().to_string());
    desk.set("TABLEAU_SERVER", "https://tableau.example.invalid")
        .set("HTTPS_PROXY", format!("http://{proxy}"));
    desk.done(&["sync"]);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    let asked = asked.lock().expect("the log").clone();
    assert!(
        !asked.is_empty() && asked.iter().all(|line| line == "CONNECT tableau.example.invalid:443 HTTP/1.1"),
        "{asked:?}"
    );

    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let gateway = Gateway::before(desk.tableau.url(), "localhost");
    let bundle = desk.write("ca.pem", &gateway.authority);
    let (proxy, asked) = gateway.proxy();
    desk.set("TABLEAU_CA_BUNDLE", bundle.display().to_string());
    desk.set("TABLEAU_SERVER", format!("https://localhost:{}", gateway.address.port()));
    desk.set("HTTPS_PROXY", format!("http://{proxy}")).set("NO_PROXY", "localhost");
    desk.done(&["sync"]);
    assert!(asked.lock().expect("the log").is_empty(), "the proxy was not asked");
}

#[test]
fn answer_that_does_not_end_is_given_up_at_a_limit() {
    let desk = changed_desk();
    let before = desk.mapped("MySite");
    for endpoint in [Endpoint::ServerInfo, Endpoint::SignIn, Endpoint::Metadata] {
        desk.tableau.clear_faults();
        desk.tableau.arm(Fault::on(endpoint, Effect::EndlessBody));
        desk.run(&["sync"]).refused(1, &["larger than 64 MiB", "proxy or gateway"]);
    }
    assert_eq!(desk.mapped("MySite"), before);
    // Without its witness, the run goes by the Metadata API.
    desk.tableau.clear_faults();
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::EndlessBody));
    let report = desk.report(&["sync", "--format", "json"], 0);
    assert!(report["warnings"][0].as_str().expect("a warning").contains("larger than 64 MiB"), "{report:#}");
}

#[test]
fn answer_that_drips_is_given_up_when_the_time_of_its_call_is_over() {
    let desk = changed_desk();
    desk.write("tabmap.toml", "[tableau]\ntimeout_seconds = 1\n");
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::DrippingBody));
    desk.run(&["sync"]).refused(1, &["could not list the workbooks"]);
    desk.tableau.clear_faults();
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::DrippingBody).once());
    desk.run(&["sync"]).exit_is(0);
}

#[test]
fn redirect_is_reported_and_the_token_stays_at_home() {
    let desk = Desk::generated(1, 3, 0);
    let stranger = Desk::empty();
    desk.done(&["init"]);
    let host = stranger.tableau.url().to_owned();
    let elsewhere = format!("{host}/saml?SAMLRequest=jZFBT4QwEIX");
    for (endpoint, code) in [(Endpoint::Metadata, 307), (Endpoint::SignIn, 302), (Endpoint::ServerInfo, 301)]
    {
        desk.tableau.clear_faults();
        let headers = [("Location".to_owned(), elsewhere.clone())].into();
        desk.tableau.arm(Fault::on(endpoint, Effect::Status { status: code, body: String::new(), headers }));
        let answer = desk.run(&["sync"]);
        answer.refused(1, &[&format!("redirects to `{host}`"), "set TABLEAU_SERVER", "login page"]);
        assert!(!answer.stderr.contains("SAMLRequest"), "{}", answer.stderr);
    }
    assert!(stranger.tableau.requests().is_empty(), "nothing followed the redirect");
}

#[test]
fn session_of_a_connected_app_that_was_refused_is_ended_before_the_next_and_no_token_is_blamed() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let options = desk.tableau.options().clone();
    desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
    let app = options.connected_app;
    desk.set("TABLEAU_JWT_CLIENT_ID", &app.client_id).set("TABLEAU_JWT_SECRET_ID", &app.secret_id);
    desk.set("TABLEAU_JWT_SECRET", &app.secret).set("TABLEAU_JWT_USERNAME", &options.username);
    let gateway =
        Effect::Status { status: 401, body: "<html>who?</html>".to_owned(), headers: BTreeMap::new() };
    desk.tableau.arm(Fault::on(Endpoint::Metadata, gateway.clone()).once());
    desk.done(&["sync"]);
    assert_eq!(desk.tableau.live_sessions(), 0);
    desk.tableau.arm(Fault::on(Endpoint::Metadata, gateway));
    let answer = desk.run(&["sync"]);
    answer.refused(1, &["refused, also after a new sign-in", "who?", "X-Tableau-Auth"]);
    assert!(!answer.stderr.contains("personal access token"), "{}", answer.stderr);
    assert_eq!(desk.tableau.live_sessions(), 0);
}

#[test]
fn connected_app_and_password_sign_in_like_a_token() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let options = desk.tableau.options().clone();
    desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
    desk.set("TABLEAU_USERNAME", &options.username).set("TABLEAU_PASSWORD", &options.password);
    desk.done(&["sync"]);
    desk.set("TABLEAU_PASSWORD", "wrong");
    desk.run(&["sync"]).refused(1, &["401001"]);
    desk.unset("TABLEAU_USERNAME").unset("TABLEAU_PASSWORD");

    let app = options.connected_app;
    desk.set("TABLEAU_JWT_CLIENT_ID", &app.client_id).set("TABLEAU_JWT_SECRET_ID", &app.secret_id);
    desk.set("TABLEAU_JWT_SECRET", &app.secret).set("TABLEAU_JWT_USERNAME", &options.username);
    assert_eq!(desk.sync()["outcome"], "unchanged");
    desk.set("TABLEAU_JWT_SECRET", "wrong");
    desk.run(&["sync"]).refused(1, &["refused to sign in"]);
    desk.unset("TABLEAU_JWT_SECRET_ID");
    desk.run(&["sync"]).refused(2, &["TABLEAU_JWT_SECRET_ID is not set"]);
    assert_eq!(desk.tableau.live_sessions(), 0);
}

#[test]
fn unified_access_token_signs_in_to_tableau_cloud_and_what_is_wrong_with_it_is_explained() {
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    let cloud = |cloud| {
        let options = Options { content: content.clone(), cloud, ..Options::default() };
        let mut desk = Desk::at(Simulator::start(options).expect("start the simulator"));
        desk.done(&["init"]);
        let options = desk.tableau.options().clone();
        let key = desk.write("uat.pem", UnifiedAccess::PRIVATE_KEY).display().to_string();
        desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
        desk.set("TABLEAU_UAT_TENANT_ID", options.unified_access.tenant_id);
        desk.set("TABLEAU_UAT_ISSUER", options.unified_access.issuer);
        desk.set("TABLEAU_UAT_USERNAME", options.username).set("TABLEAU_UAT_PRIVATE_KEY_FILE", key);
        desk
    };
    let mut desk = cloud(true);
    desk.publish(Kind::Workbook, &["default"], "Sales");
    let said = desk.run(&["sync", "-vvv"]);
    said.exit_is(0);
    assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    let line = UnifiedAccess::PRIVATE_KEY.lines().nth(1).expect("a line of the key");
    assert!(!said.stderr.contains(line), "{}", said.stderr);
    desk.set("TABLEAU_UAT_TENANT_ID", "of-somebody-else");
    desk.run(&["sync"]).refused(1, &["401001", "TABLEAU_UAT_TENANT_ID", "Manager"]);
    desk.write("uat.pem", "no key");
    desk.run(&["sync"]).refused(2, &["TABLEAU_UAT_PRIVATE_KEY", "RSA"]);
    desk.unset("TABLEAU_UAT_TENANT_ID");
    desk.run(&["sync"]).refused(2, &["TABLEAU_UAT_TENANT_ID is not set"]);
    // In one line, as CI systems hold it.
    let mut desk = cloud(true);
    desk.unset("TABLEAU_UAT_PRIVATE_KEY_FILE");
    desk.set("TABLEAU_UAT_PRIVATE_KEY", UnifiedAccess::PRIVATE_KEY.trim_end().replace('\n', "\\n"));
    desk.done(&["sync"]);
    cloud(false).run(&["sync"]).refused(1, &["401001", "TABLEAU_UAT_ISSUER"]);
}

#[test]
fn call_that_is_not_answered_in_time_is_given_up_and_tried_again() {
    for desk in by_each_source(|| Desk::generated(1, 3, 0)) {
        desk.done(&["init"]);
        desk.write("tabmap.toml", "[tableau]\ntimeout_seconds = 1\n");
        for endpoint in [Endpoint::SignIn, Endpoint::Metadata, Endpoint::Workbooks] {
            desk.tableau.arm(Fault::on(endpoint, Effect::Delay { milliseconds: 20_000 }).once());
            desk.done(&["sync"]);
            assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
        }
    }
}

#[test]
fn server_that_accepts_and_never_answers_does_not_hold_the_run() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.write("tabmap.toml", "[tableau]\ntimeout_seconds = 1\n");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    desk.set("TABLEAU_SERVER", format!("http://{}", silent.local_addr().expect("an address")));
    desk.run(&["sync"]).refused(1, &["did not answer"]);
}
