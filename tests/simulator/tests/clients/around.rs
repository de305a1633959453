//! What published clients list besides workbooks and data sources, asked by REST.

use serde_json::{Value, json};
use tableau_simulator::{Content, Generate, Item, Kind, Options, Simulator};

use crate::support::{SITE, Session, simulator, start};

fn of_kind(simulator: &Simulator, kind: Kind) -> Vec<Item> {
    simulator.resources(SITE).into_iter().filter(|one| one.kind == kind).collect()
}

/// The members of a listing, such as `views` of `view`.
fn members(listing: &Value, plural: &str, word: &str) -> Vec<Value> {
    listing[plural][word].as_array().unwrap_or_else(|| panic!("no {word}: {listing}")).clone()
}

#[tokio::test]
async fn an_empty_filter_filters_nothing() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    for listing in ["workbooks", "datasources", "projects", "views", "jobs"] {
        let empty = session.get(&format!("{listing}?filter=&pageSize=3")).await;
        assert_eq!(empty.status, 200, "{listing}: {}", empty.text);
        assert_eq!(empty.json(), session.get(&format!("{listing}?pageSize=3")).await.json());
    }
}

#[tokio::test]
async fn a_workbook_has_views_which_are_listed_and_found_by_id() {
    let simulator = simulator(&Generate { workbooks: 3, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let all = session.get("views?includeUsageStatistics=true").await.json();
    assert_eq!(all["pagination"]["totalAvailable"], "6");
    let all = members(&all, "views", "view");
    for workbook in of_kind(&simulator, Kind::Workbook) {
        let whole = session.get(&format!("workbooks/{}", workbook.luid)).await.json()["workbook"].clone();
        let own = session.get(&format!("workbooks/{}/views", workbook.luid)).await.json();
        let own = members(&own, "views", "view");
        assert_eq!(own[0]["id"], whole["defaultViewId"]);
        let prefix = whole["contentUrl"].as_str().expect("a content URL");
        for (view, end) in own.iter().zip(["Sheet1", "Dashboard1"]) {
            assert_eq!(view["contentUrl"], format!("{prefix}/sheets/{end}"));
            let listed = all.iter().find(|one| one["id"] == view["id"]).expect("the listing has it");
            assert_eq!(listed["workbook"]["id"], workbook.luid.as_str());
            assert_eq!(listed["project"]["id"], json!(workbook.project_luid));
            assert!(listed["usage"]["totalViewCount"].is_string());
            let one = session.get(&format!("views/{}", view["id"].as_str().expect("an id"))).await.json();
            assert_eq!(one["view"]["name"], view["name"]);
            assert_eq!(one["view"].get("usage"), None, "nobody asked for it");
        }
    }
    let found = session.get("views?filter=name:eq:Sheet+1&sort=contentUrl:desc").await.json();
    assert_eq!(members(&found, "views", "view").len(), 3);
}

#[tokio::test]
async fn fields_choose_what_is_answered_of_views_and_users_and_groups() {
    let simulator = simulator(&Generate { workbooks: 1, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let workbook = of_kind(&simulator, Kind::Workbook)[0].luid.clone();
    let cases = [
        (
            "views",
            "view",
            "view.name,workbook.id",
            json!({ "name": "Sheet 1", "workbook": { "id": workbook } }),
        ),
        ("users", "user", "name", json!({ "name": "analyst" })),
        (
            "groups",
            "group",
            "group.name,domain.name",
            json!({ "name": "All Users", "domain": { "name": "local" } }),
        ),
    ];
    for (plural, word, fields, expected) in cases {
        let listing = session.get(&format!("{plural}?fields={fields}")).await.json();
        assert_eq!(members(&listing, plural, word)[0], expected, "{fields}");
    }
}

#[tokio::test]
async fn a_second_workbook_of_a_name_has_digits_in_its_content_url() {
    let twice = r#"{"sites":[{"content_url":"MySite","workbooks":[
        {"name":"Superstore","project":["a"]},{"name":"Superstore","project":["b"]}]}]}"#;
    let content = Content::from_json(twice).expect("content");
    let simulator = start(Options { content, ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    let workbooks = members(&session.get("workbooks").await.json(), "workbooks", "workbook");
    assert_eq!(workbooks[0]["contentUrl"], "Superstore");
    let second = workbooks[1]["contentUrl"].as_str().and_then(|url| url.strip_prefix("Superstore_"));
    let second = second.unwrap_or_else(|| panic!("{workbooks:?}"));
    assert!(second.len() == 14 && second.bytes().all(|byte| byte.is_ascii_digit()), "{second}");
}

#[tokio::test]
async fn connections_name_the_data_sources_that_are_read() {
    let content = r#"{"sites":[{"content_url":"MySite",
        "workbooks":[{"name":"Sales","project":["a"]},{"name":"Alone","project":["b"]}],
        "datasources":[{"name":"Orders","project":["a"]}]}]}"#;
    let content = Content::from_json(content).expect("content");
    let simulator = start(Options { content, ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    let orders = of_kind(&simulator, Kind::Datasource)[0].luid.clone();
    let mut read = Vec::new();
    for workbook in of_kind(&simulator, Kind::Workbook) {
        let listing = session.get(&format!("workbooks/{}/connections", workbook.luid)).await.json();
        for connection in members(&listing, "connections", "connection") {
            read.push(json!([workbook.name, connection["type"], connection["datasource"]["name"]]));
        }
    }
    let expected = json!([
        ["Sales", "snowflake", "Sales (data)"],
        ["Sales", "sqlproxy", "Orders"],
        ["Alone", "snowflake", "Alone (data)"]
    ]);
    assert_eq!(json!(read), expected);
    let listing = session.get(&format!("datasources/{orders}/connections")).await.json();
    assert_eq!(members(&listing, "connections", "connection")[0]["datasource"]["id"], orders.as_str());
    assert_eq!(session.get("workbooks/none/connections").await.code(), "404006");
}

#[tokio::test]
async fn people_flows_and_what_runs_by_itself_are_listed() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let cases = [
        ("users", "user", "name", "analyst"),
        ("groups", "group", "name", "All Users"),
        ("flows", "flow", "name", "Prepare"),
        ("webhooks", "webhook", "name", "Refreshed"),
    ];
    for (plural, word, key, value) in cases {
        let listing = members(&session.get(plural).await.json(), plural, word);
        assert_eq!(listing.iter().map(|one| &one[key]).collect::<Vec<_>>(), [value], "{plural}");
    }
    let group = members(&session.get("groups").await.json(), "groups", "group")[0]["id"].clone();
    let within = session.get(&format!("groups/{}/users", group.as_str().expect("an id"))).await.json();
    assert_eq!(members(&within, "users", "user")[0]["id"], session.user.as_str());
    let groups = session.get(&format!("users/{}/groups", session.user)).await.json();
    assert_eq!(members(&groups, "groups", "group")[0]["id"], group);
    let subscription = session.get("subscriptions").await.json();
    let subscription = members(&subscription, "subscriptions", "subscription")[0].clone();
    assert_eq!(subscription["content"]["id"], of_kind(&simulator, Kind::Workbook)[0].luid.as_str());

    let schedules = session.call("GET", "/api/3.29/schedules", "").await.json();
    let schedule = members(&schedules, "schedules", "schedule")[0]["id"].clone();
    let tasks = members(&session.get("tasks/extractRefreshes").await.json(), "tasks", "task");
    let extracts = simulator.resources(SITE).into_iter().filter(|one| one.has_extract);
    for (task, resource) in tasks.iter().zip(extracts) {
        let refresh = &task["extractRefresh"];
        assert_eq!(refresh[resource.kind.word()]["id"], resource.luid.as_str());
        assert_eq!(refresh["schedule"]["id"], schedule);
    }
    assert_eq!(tasks.len(), simulator.resources(SITE).iter().filter(|one| one.has_extract).count());
}

#[tokio::test]
async fn the_cloud_has_no_schedules_of_a_server() {
    let simulator = start(Options { cloud: true, ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    assert_eq!(session.call("GET", "/api/3.29/schedules", "").await.code(), "403004");
}
