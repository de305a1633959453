//! Ways to sign in that need no password and no key, through the `tabmap` binary.

use serde_json::{Value, json};
use test_support::desk::{Answer, Desk};
use test_support::emulator::Tenant;

/// A desk whose connection has these settings beside account and server, and no user.
fn desk(tenant: &Tenant, settings: &[(&str, &str)]) -> Desk {
    let mut desk = Desk::empty();
    for (name, value) in tenant.environment(&[&[("user", ""), ("password", "")], settings].concat()) {
        desk.set(&name, value);
    }
    desk.set("TABMAP_STORE", "snowflake:test");
    desk.write("tabmap.toml", &format!("[snowflake]\ndatabase = \"{}\"\n", tenant.database));
    desk
}

fn init(desk: &Desk) -> Answer {
    tokio::task::block_in_place(|| desk.run(&["init"]))
}

fn signs_in(desk: &Desk) {
    init(desk).exit_is(0);
}

/// What a login request said about who signs in.
async fn proofs(tenant: &Tenant) -> Vec<Value> {
    let mut proofs: Vec<Value> =
        tenant.log("logins").await.iter().map(|login| login["proof"].clone()).collect();
    proofs.dedup();
    proofs
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
