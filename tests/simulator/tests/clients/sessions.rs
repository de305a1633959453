//! Signing in, and how sessions end.

use std::time::Duration;

use serde_json::{Value, json};
use tableau_simulator::{Content, Generate, Language, Options};

use crate::support::{SITE, Session, claims, jwt, post, sign_in, signed, simulator, start};

#[tokio::test]
async fn a_second_sign_in_with_the_same_token_kills_the_first_session() {
    let simulator = simulator(&Generate { sites: 2, ..Generate::default() });
    let first = Session::start(&simulator, SITE).await;
    assert_eq!(first.get("workbooks").await.status, 200);
    let second = Session::start(&simulator, "Site2").await;
    assert_eq!(first.get("workbooks").await.code(), "401002");
    let metadata = first.call("POST", "/api/metadata/graphql", r#"{"query":"{tableauSites{name}}"}"#).await;
    assert_eq!(metadata.status, 401);
    assert_eq!(second.get("workbooks").await.status, 200);
    assert_eq!(simulator.live_sessions(), 1);
}

#[tokio::test]
async fn sessions_by_password_and_by_jwt_live_side_by_side() {
    let simulator = simulator(&Generate::default());
    let Options { username, password, .. } = simulator.options();
    let site = json!({ "contentUrl": SITE });
    let by_password = json!({ "name": username, "password": password, "site": site });
    let by_jwt = json!({ "jwt": jwt(&simulator, &claims(&simulator)), "site": site });
    for credentials in [&by_password, &by_password, &by_jwt, &by_jwt] {
        assert_eq!(sign_in(&simulator, credentials.clone()).await.status, 200);
    }
    assert_eq!(simulator.live_sessions(), 4);
}

#[tokio::test]
async fn a_token_is_good_for_its_site_only() {
    let simulator = simulator(&Generate { sites: 2, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let other = simulator.site_luid("Site2");
    let answer = session.call("GET", &format!("/api/3.29/sites/{other}/workbooks"), "").await;
    assert_eq!(answer.code(), "403010");
    let answer = session.call("GET", "/api/3.29/sites/no-such-site/workbooks", "").await;
    assert_eq!(answer.code(), "404000");
}

#[tokio::test]
async fn an_unused_session_dies() {
    let simulator = start(Options { idle_timeout: Duration::from_millis(1500), ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(session.get("projects").await.status, 200, "every use keeps it alive");
    }
    tokio::time::sleep(Duration::from_millis(1800)).await;
    assert_eq!(session.get("projects").await.code(), "401002");
    assert_eq!(simulator.live_sessions(), 0);
}

#[tokio::test]
async fn a_signed_out_token_is_dead() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let answer = session.call("POST", "/api/3.29/auth/signout", "").await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(session.get("workbooks").await.code(), "401002");
}

#[tokio::test]
async fn sites_are_found_whatever_the_case_and_answered_in_their_own() {
    let simulator = simulator(&Generate::default());
    let (name, secret) = simulator.pat();
    let answer = sign_in(
        &simulator,
        json!({ "personalAccessTokenName": name, "personalAccessTokenSecret": secret, "site": { "contentUrl": "mYsItE" } }),
    )
    .await;
    assert_eq!(answer.json()["credentials"]["site"]["contentUrl"], "MySite");
    assert_eq!(answer.json()["credentials"]["estimatedTimeToExpiration"], "361:30:30");
}

#[tokio::test]
async fn bad_sign_ins_are_told_apart_by_code() {
    let simulator = simulator(&Generate::default());
    let signin = "/api/3.29/auth/signin";
    assert_eq!(post(&simulator, signin, "").await.code(), "401009");
    assert_eq!(post(&simulator, signin, "{").await.code(), "400000");
    assert_eq!(post(&simulator, signin, "<tsRequest><site/></tsRequest>").await.code(), "400000");
    let wrong = sign_in(
        &simulator,
        json!({ "personalAccessTokenName": "simulator", "personalAccessTokenSecret": "no" }),
    );
    let wrong = wrong.await;
    assert_eq!(wrong.code(), "401001");
    assert_eq!(wrong.json()["error"]["summary"], "Signin Error");
    assert_eq!(wrong.json()["error"]["detail"], "Error signing in to Tableau Server");
    let (name, secret) = simulator.pat();
    let nowhere = json!({
        "personalAccessTokenName": name, "personalAccessTokenSecret": secret, "site": { "contentUrl": "nowhere" }
    });
    assert_eq!(sign_in(&simulator, nowhere).await.code(), "401001");
    assert_eq!(post(&simulator, "/api/3.99/auth/signin", "").await.code(), "404001");
}

#[tokio::test]
async fn a_jwt_is_refused_with_the_number_that_says_why() {
    let simulator = simulator(&Generate::default());
    let good = claims(&simulator);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        jwt(&simulator, &claims)
    };
    let app = &simulator.options().connected_app;
    let header = |kid: &str, iss: &str, alg: &str| json!({ "alg": alg, "kid": kid, "iss": iss });
    let cases = [
        (with("sub", json!("nobody")), "(5)"),
        (with("exp", json!(1_000_000)), "(16)"),
        (with("exp", json!(good["exp"].as_u64().expect("a number") + 3600)), "(16)"),
        (with("aud", json!("somebody else")), "(10084)"),
        (with("iss", json!("another app")), "(10084)"),
        (with("jti", Value::Null), "(10084)"),
        (with("scp", Value::Null), "(10099)"),
        (signed(&header(&app.secret_id, "another app", "HS256"), &good, &app.secret), "(126)"),
        (signed(&header("another key", &app.client_id, "HS256"), &good, &app.secret), "(127)"),
        (signed(&header(&app.secret_id, &app.client_id, "HS256"), &good, "another secret"), "(127)"),
        (signed(&header(&app.secret_id, &app.client_id, "none"), &good, &app.secret), "(10083)"),
        ("nonsense".to_owned(), "(10084)"),
    ];
    for (jwt, number) in cases {
        let answer = sign_in(&simulator, json!({ "jwt": jwt, "site": { "contentUrl": SITE } })).await;
        assert_eq!(answer.code(), "401001");
        assert!(
            answer.text.contains(&format!("Error signing in to Tableau Server {number}")),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn a_jwt_may_do_what_its_scopes_say_and_no_more() {
    let simulator = simulator(&Generate::default());
    let mut claims = claims(&simulator);
    claims["scp"] = json!(["tableau:jobs:*"]);
    let credentials = json!({ "jwt": jwt(&simulator, &claims), "site": { "contentUrl": SITE } });
    let session = Session::of(&simulator, &sign_in(&simulator, credentials).await);
    assert_eq!(session.get("jobs").await.status, 200);
    assert_eq!(session.get("workbooks").await.code(), "401002", "as if the token were wrong");
    let metadata = session.call("POST", "/api/metadata/graphql", r#"{"query":"{tableauSites{name}}"}"#).await;
    assert_eq!(metadata.status, 401);
}

#[tokio::test]
async fn the_cloud_lists_no_sites_and_switches_none_and_must_be_told_the_site() {
    let content = Content::generate(&Generate { sites: 2, default_site: true, ..Generate::default() });
    let simulator = start(Options { cloud: true, content, ..Options::default() });
    let (name, secret) = simulator.pat();
    let nameless = json!({
        "personalAccessTokenName": name, "personalAccessTokenSecret": secret, "site": { "contentUrl": "" }
    });
    let refused = sign_in(&simulator, nameless).await;
    assert_eq!(refused.code(), "401001");
    assert!(refused.text.contains("Tableau Cloud"), "{}", refused.text);
    let session = Session::start(&simulator, "Site2").await;
    assert_eq!(session.call("GET", "/api/3.29/sites", "").await.status, 403);
    let switch = session.call("POST", "/api/3.29/auth/switchSite", r#"{"site":{"contentUrl":""}}"#).await;
    assert_eq!(switch.status, 403);
    assert_eq!(session.get("").await.json()["site"]["contentUrl"], "Site2");
}

#[tokio::test]
async fn the_default_site_has_an_empty_content_url() {
    let simulator = simulator(&Generate { default_site: true, sites: 2, ..Generate::default() });
    assert_eq!(simulator.sites(), ["", "Site2"]);
    let session = Session::start(&simulator, "").await;
    let current = session.call("GET", "/api/3.29/sessions/current", "").await.json();
    assert_eq!(current["session"]["site"]["contentUrl"], "");
    assert_eq!(current["session"]["site"]["name"], "Default");
    let item = &simulator.resources("")[0];
    assert_eq!(item.webpage_url, format!("{}/#/workbooks/{}", simulator.url(), item.vizportal_url_id));
}

#[tokio::test]
async fn switching_sites_ends_the_old_token() {
    let simulator = simulator(&Generate { sites: 2, ..Generate::default() });
    let Options { username, password, .. } = simulator.options();
    // By password: the one session of a token would end the old one anyway.
    let credentials = json!({ "name": username, "password": password, "site": { "contentUrl": SITE } });
    let session = Session::of(&simulator, &sign_in(&simulator, credentials).await);
    let to = |site: &str| format!("<tsRequest><site contentUrl=\"{site}\"/></tsRequest>");
    let same = session.call("POST", "/api/3.29/auth/switchSite", &to(SITE)).await;
    assert_eq!(same.code(), "403070");
    let other = session.call("POST", "/api/3.29/auth/switchSite", &to("site2")).await;
    assert_eq!(other.json()["credentials"]["site"]["contentUrl"], "Site2");
    assert_eq!(session.get("workbooks").await.code(), "401002");
    assert_eq!(Session::of(&simulator, &other).get("workbooks").await.status, 200);
}

#[tokio::test]
async fn summaries_speak_german_and_codes_stay() {
    let simulator = start(Options { language: Language::German, ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    let answer = session.get("workbooks?pageSize=2000").await;
    assert_eq!(answer.code(), "403014");
    assert_eq!(answer.json()["error"]["summary"], "Maximale Seitengröße überschritten");
}
