//! Whose certificates are believed, through the `tabmap` binary.

use test_support::desk::Desk;
use test_support::emulator::{Tenant, port};
use test_support::gateway::Gateway;

use crate::ways::{desk, init};

/// A desk whose connection leads through TLS of an authority that nobody knows.
fn behind_tls(tenant: &Tenant) -> (Desk, Gateway) {
    let gateway =
        tokio::task::block_in_place(|| Gateway::before(&format!("http://127.0.0.1:{}", port()), "localhost"));
    let port = gateway.address.port().to_string();
    let server = [("protocol", "https"), ("host", "localhost"), ("port", &port)];
    let user = [("user", tenant.user.as_str()), ("password", &tenant.password)];
    (desk(tenant, &[&server[..], &user[..]].concat()), gateway)
}

const UNKNOWN: [&str; 2] = ["this certificate is signed by an unknown authority", "SNOWFLAKE_CA_BUNDLE"];

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_believed_when_a_variable_names_it_and_only_then() {
    let tenant = Tenant::new().await;
    let (mut desk, gateway) = behind_tls(&tenant);
    init(&desk).refused(1, &UNKNOWN);
    assert!(tenant.log("logins").await.is_empty(), "nothing was said to a stranger");
    let theirs = desk.write("theirs.pem", &gateway.authority).display().to_string();
    let other = tokio::task::block_in_place(|| Gateway::before("http://127.0.0.1:1", "localhost"));
    let other = desk.write("other.pem", &other.authority).display().to_string();
    let variables = ["SNOWFLAKE_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"];
    for name in variables {
        desk.set(name, &theirs);
        init(&desk).exit_is(0);
        desk.unset(name);
    }
    // The first that is set counts.
    desk.set("SSL_CERT_FILE", "/nonexistent/bundle.pem");
    for first in ["REQUESTS_CA_BUNDLE", "SNOWFLAKE_CA_BUNDLE"] {
        desk.set(first, &theirs);
        init(&desk).exit_is(0);
        desk.set(first, &other);
        init(&desk).refused(1, &UNKNOWN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_of_the_connection_stand_in_the_place_of_all_others() {
    let tenant = Tenant::new().await;
    let (mut desk, gateway) = behind_tls(&tenant);
    let theirs = desk.write("theirs.pem", &gateway.authority).display().to_string();
    let other = tokio::task::block_in_place(|| Gateway::before("http://127.0.0.1:1", "localhost"));
    let other = desk.write("other.pem", &other.authority).display().to_string();
    for key in ["CUSTOM_ROOT_STORE_PATH", "TLS_CUSTOM_ROOT_STORE_PATH"] {
        let key = format!("SNOWFLAKE_CONNECTIONS_TEST_{key}");
        desk.set(&key, &theirs);
        init(&desk).exit_is(0);
        // What the operating system believes is asked for no more.
        desk.set(&key, &other).set("SSL_CERT_FILE", &theirs).set("SNOWFLAKE_CA_BUNDLE", &theirs);
        init(&desk).refused(1, &UNKNOWN);
        desk.unset(&key).unset("SSL_CERT_FILE").unset("SNOWFLAKE_CA_BUNDLE");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_authorities_that_cannot_be_used_is_named_with_what_names_it() {
    let tenant = Tenant::new().await;
    let (mut desk, _gateway) = behind_tls(&tenant);
    desk.set("REQUESTS_CA_BUNDLE", "/nonexistent/bundle.pem");
    init(&desk).refused(2, &["/nonexistent/bundle.pem", "REQUESTS_CA_BUNDLE", "PEM"]);
    let path = desk.write("empty.pem", "no certificate at all").display().to_string();
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_CUSTOM_ROOT_STORE_PATH", path);
    init(&desk).refused(2, &["empty.pem", "`custom_root_store_path`", "holds no certificate"]);
}
