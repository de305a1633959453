//! The ways to sign in of a person who sits at a terminal, through the `tabmap` binary.

use serde_json::json;
use tableau_simulator::Kind;
use test_support::desk::{Answer, Desk};
use test_support::emulator::Tenant;

use crate::ways::{but, desk, init, proofs, signs_in};

fn run(desk: &Desk, arguments: &[&str]) -> Answer {
    tokio::task::block_in_place(|| desk.run(arguments))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passcode_goes_with_the_password_or_at_its_end() {
    let tenant = Tenant::with(json!({"passcode": "123456"})).await;
    let both = format!("{}123456", tenant.password);
    let user = ("user", tenant.user.as_str());
    let mfa = ("authenticator", "username_password_mfa");
    let password = ("password", tenant.password.as_str());
    let proof =
        json!({"LOGIN_NAME": tenant.user, "PASSWORD": tenant.password, "EXT_AUTHN_DUO_METHOD": "passcode"});
    let beside = but(&proof, "PASSCODE", json!("123456"));
    signs_in(&desk(&tenant, &[user, mfa, password, ("passcode", "123456")]));
    signs_in(&desk(&tenant, &[user, password, ("passcode", "123456")]));
    assert_eq!(proofs(&tenant).await, std::slice::from_ref(&beside));
    signs_in(&desk(&tenant, &[user, mfa, ("password", &both), ("passcode_in_password", "true")]));
    assert_eq!(proofs(&tenant).await, [beside, but(&proof, "PASSWORD", json!(both))]);

    init(&desk(&tenant, &[user, mfa, password])).refused(2, &["no passcode", "`--passcode`"]);
    init(&desk(&tenant, &[user, password])).refused(1, &["394508", "`--passcode`", "key pair"]);
    let answer = init(&desk(&tenant, &[user, mfa, password, ("passcode", "654321")]));
    answer.refused(1, &["390129", "30 seconds"]);
    assert!(!answer.stderr.contains("654321"), "{}", answer.stderr);
}

/// A desk whose user has a second factor, and the tenant.
async fn with_second_factor() -> (Tenant, Desk) {
    let tenant = Tenant::with(json!({"passcode": "123456"})).await;
    let desk = desk(&tenant, &[("user", &tenant.user), ("password", &tenant.password)]);
    (tenant, desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passcode_of_the_command_line_wins_over_every_other_and_is_shown_nowhere() {
    let (tenant, mut desk) = with_second_factor().await;
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_PASSCODE", "654321");
    let said = run(&desk, &["init", "--passcode", "123456", "-vvv"]);
    said.exit_is(0);
    assert!(!said.stderr.contains("123456"), "{}", said.stderr);
    desk.unset("SNOWFLAKE_CONNECTIONS_TEST_PASSCODE").set("SNOWFLAKE_PASSCODE", "123456");
    signs_in(&desk);
    assert_eq!(proofs(&tenant).await.len(), 1, "both signed in alike");
    run(&desk, &["init", "--passcode", "654321"]).refused(1, &["390129", "30 seconds"]);
    desk.set("SNOWFLAKE_CONNECTIONS_TEST_AUTHENTICATOR", "oauth").set("SNOWFLAKE_TOKEN", "token");
    run(&desk, &["init", "--passcode", "123456"]).refused(2, &["goes with a password", "leave the flag out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passcode_is_refused_where_no_password_goes_with_it() {
    let (tenant, mut desk) = with_second_factor().await;
    desk.unset("SNOWFLAKE_CONNECTIONS_TEST_PASSWORD");
    desk.set("SNOWFLAKE_RUNNING_INSIDE_SPCS", "true");
    run(&desk, &["init", "--passcode", "123456"]).refused(2, &["not with the token of the container"]);
    for command in ["init", "list", "sync"] {
        let answer = run(&desk, &[command, "--store", "sqlite:map.db", "--passcode", "123456"]);
        answer.refused(2, &["--passcode", "`map.db`", "takes no sign-in", "--store snowflake:CONNECTION"]);
    }
    assert!(!desk.path("map.db").exists() && tenant.log("logins").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passcode_is_good_for_one_sign_in_after_which_the_session_is_renewed_without_it() {
    let (tenant, desk) = with_second_factor().await;
    desk.publish(Kind::Workbook, &["default"], "Sales");
    let with_code = |command| run(&desk, &[command, "--passcode", "123456"]);
    with_code("init").exit_is(0);
    tenant.arm(json!({"at": "statement", "match": "MERGE INTO", "action": {"expire": "session"}})).await;
    with_code("sync").exit_is(0);
    assert_eq!(tenant.log("logins").await.len(), 2, "the session that expired was renewed");

    desk.publish(Kind::Workbook, &["default"], "Costs");
    tenant.arm(json!({"at": "statement", "match": "MERGE INTO", "action": {"forget": true}})).await;
    with_code("sync").refused(1, &["good for the first sign-in", "current code", "key pair"]);
    assert_eq!(tenant.log("logins").await.len(), 3, "the code was not sent again");
}
