//! The control API and the program around the server.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tableau_simulator::{Content, Endpoint, Generate, Kind, Options};

use crate::support::{Answer, SITE, Session, answer, simulator, start};

async fn ask(url: &str, method: &str, path: &str, body: Value) -> Answer {
    let method = method.parse().expect("a method");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    answer(reqwest::Client::new().request(method, format!("{url}/simulator/{path}")).body(body)).await
}

#[tokio::test]
async fn content_changes_through_the_control_api() {
    let simulator = simulator(&Generate::default());
    let url = simulator.url();
    let publish = json!({ "change": "publish", "site": SITE, "kind": "workbook", "project": ["Finance", "EMEA"], "name": "New" });
    let luid =
        ask(url, "POST", "changes", publish).await.json()["luids"][0].as_str().expect("a LUID").to_owned();
    let changes = json!([
        { "change": "create_project", "site": SITE, "project": ["Deep", "Deeper"] },
        { "change": "move", "site": SITE, "kind": "workbook", "luid": luid, "project": ["Deep", "Deeper"] },
        { "change": "rename", "site": SITE, "kind": "workbook", "luid": luid, "name": "Newer" },
        { "change": "rename_project", "site": SITE, "project": ["Deep"], "name": "Deepest" },
        { "change": "republish", "site": SITE, "kind": "workbook", "luid": luid },
    ]);
    let done = ask(url, "POST", "changes", changes).await.json();
    let newer = done["luids"][4].as_str().expect("a LUID");
    let item = simulator.resources(SITE).into_iter().find(|item| item.luid == newer).expect("it is there");
    assert_eq!(
        (item.name.as_str(), item.project_path),
        ("Newer", vec!["Deepest".to_owned(), "Deeper".to_owned()])
    );
    let truth = ask(url, "GET", &format!("truth?site={SITE}"), Value::Null).await.json();
    assert_eq!(truth[0]["resources"], json!(simulator.resources(SITE)));
    let delete = json!({ "change": "delete", "site": SITE, "kind": "workbook", "luid": newer });
    assert_eq!(ask(url, "POST", "changes", delete.clone()).await.status, 200);
    assert_eq!(simulator.resources(SITE).len(), 60);
    let gone = ask(url, "POST", "changes", delete).await;
    assert_eq!(gone.status, 404);
    assert!(gone.json()["error"].as_str().is_some_and(|text| text.contains(newer)), "{}", gone.text);
    let nameless = json!({ "change": "rename_project", "site": SITE, "project": [], "name": "Mine" });
    assert_eq!(ask(url, "POST", "changes", nameless).await.status, 404);
    assert_eq!(ask(url, "POST", "changes", json!({ "change": "explode" })).await.status, 400);
}

#[tokio::test]
async fn index_faults_jobs_and_sessions_obey_the_control_api() {
    let simulator = simulator(&Generate::default());
    let url = simulator.url();
    let session = Session::start(&simulator, SITE).await;
    ask(url, "POST", "index", json!({ "mode": "frozen" })).await;
    simulator.publish(SITE, Kind::Workbook, &["default"], "New");
    let count = async || {
        let answer = session.query("{ workbooksConnection { totalCount } }", json!(null)).await;
        answer["data"]["workbooksConnection"]["totalCount"].clone()
    };
    assert_eq!(count().await, 40);
    assert_eq!(ask(url, "POST", "index/settle", Value::Null).await.status, 200);
    assert_eq!(count().await, 41);

    let fault =
        json!({ "endpoint": "projects", "times": 1, "effect": { "rest_error": { "code": 403_004 } } });
    let endless = json!({ "endpoint": "any", "effect": "gateway_page" });
    ask(url, "POST", "faults", json!([fault, endless])).await;
    assert_eq!(session.get("projects").await.code(), "403004");
    assert_eq!(session.get("projects").await.status, 502);
    let armed = ask(url, "GET", "faults", Value::Null).await.json();
    assert_eq!(armed.as_array().map(Vec::len), Some(1));
    ask(url, "DELETE", "faults", Value::Null).await;
    assert_eq!(session.get("projects").await.status, 200);

    ask(url, "POST", "jobs", json!({ "outcome": { "failure": "no" } })).await;
    let luid = simulator.publish(SITE, Kind::Workbook, &["default"], "Nightly");
    let started = session.post(&format!("workbooks/{luid}/refresh"), "").await.json();
    let job = started["job"]["id"].as_str().expect("an id");
    assert_eq!(session.get(&format!("jobs/{job}")).await.json()["job"]["finishCode"], "1");

    assert_eq!(ask(url, "GET", "sessions", Value::Null).await.json()["live"], 1);
    ask(url, "DELETE", "sessions", Value::Null).await;
    assert_eq!(session.get("projects").await.code(), "401002");
    assert_eq!(ask(url, "GET", "nothing", Value::Null).await.status, 404);
    assert_eq!(ask(url, "GET", "", Value::Null).await.json()["sites"], json!([SITE]));
}

#[tokio::test]
async fn a_mistaken_fault_or_change_is_answered_with_what_is_wrong_about_it() {
    let simulator = simulator(&Generate::default());
    let fault = json!({ "endpoint": "workbooks", "effect": { "rest_eror": { "code": 429_000 } } });
    let change = json!({ "change": "delete", "site": SITE, "kind": "workbok", "luid": "x" });
    let cases = [("faults", fault, "rest_eror"), ("changes", change, "workbok")];
    for (path, mistaken, wrong) in cases {
        for body in [mistaken.clone(), json!([mistaken])] {
            let answer = ask(simulator.url(), "POST", path, body).await;
            assert_eq!(answer.status, 400);
            let reason = format!("unknown variant `{wrong}`, expected");
            assert!(answer.text.contains(&reason), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn every_request_that_the_server_tells_of_is_one_that_it_answers() {
    let simulator = simulator(&Generate::default());
    let told = ask(simulator.url(), "GET", "", Value::Null).await.json();
    let requests = told["requests"].as_array().expect("a list");
    assert!(requests.len() > 10, "{told}");
    for request in requests {
        let text = |member: &str| request[member].as_str().expect("a text");
        let path = text("path").strip_prefix("/simulator/").expect("it is below /simulator");
        let body = request.get("body").cloned().unwrap_or_default();
        assert_eq!(
            body.is_null(),
            !matches!((text("method"), path), ("POST", path) if !path.ends_with("settle"))
        );
        let answer = ask(simulator.url(), text("method"), path, body).await;
        assert_eq!(answer.status, 200, "{request}: {}", answer.text);
    }
}

#[tokio::test]
async fn requests_are_recorded_and_the_control_apis_own_are_not() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.clear_requests();
    session.get("workbooks?pageSize=3").await;
    session.query("{ tableauSites { name } }", json!(null)).await;
    let recorded = ask(simulator.url(), "GET", "requests", Value::Null).await.json();
    assert_eq!(recorded.as_array().map(Vec::len), Some(2));
    let requests = simulator.requests();
    assert_eq!(requests[0].endpoint, Endpoint::Workbooks);
    assert_eq!((requests[0].method.as_str(), requests[0].query.as_str()), ("GET", "pageSize=3"));
    assert_eq!(requests[0].headers["x-tableau-auth"], session.token);
    assert_eq!(requests[1].endpoint, Endpoint::Metadata);
    assert!(requests[1].body.contains("tableauSites"));
    ask(simulator.url(), "DELETE", "requests", Value::Null).await;
    assert_eq!(simulator.requests(), []);
}

const FILE: &str = r#"{
  "seed": 7,
  "sites": [{
    "content_url": "Sales",
    "projects": [["Finance", "EMEA"], ["Empty"]],
    "workbooks": [
      { "name": "Sales", "project": ["Finance", "EMEA"], "vizportal_url_id": 4711 },
      { "name": "Draft" }
    ],
    "datasources": [{ "name": "Orders", "project": ["default"], "luid": "9dbd2263-16b5-46e1-9c43-a76bb8ab65fb" }]
  }]
}"#;

#[tokio::test]
async fn content_comes_from_a_file() {
    let content = Content::from_json(FILE).expect("the file is good");
    let simulator = start(Options { content, ..Options::default() });
    let resources = simulator.resources("Sales");
    let names: Vec<&str> = resources.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["Draft", "Sales", "Orders"], "in the order of their numbers");
    assert_eq!(resources[0].project_luid, None);
    assert_eq!(resources[1].vizportal_url_id, "4711");
    assert_eq!(resources[2].luid, "9dbd2263-16b5-46e1-9c43-a76bb8ab65fb");
    let projects: Vec<String> =
        simulator.projects("Sales").into_iter().map(|(path, _)| path.join("/")).collect();
    assert_eq!(projects, ["default", "Finance", "Finance/EMEA", "Empty"]);
    let again =
        start(Options { content: Content::from_json(FILE).expect("the file is good"), ..Options::default() });
    let luids = |simulator: &tableau_simulator::Simulator| -> Vec<String> {
        simulator.resources("Sales").into_iter().map(|item| item.luid).collect()
    };
    assert_eq!(luids(&simulator), luids(&again));
    assert!(
        Content::from_json(r#"{ "sites": [{ "workbook": [] }] }"#).is_err(),
        "unknown members are errors"
    );
}

/// The program, killed when the test is over.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the program and answers its URL.
fn run(arguments: &[&str]) -> (Program, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tableau-simulator"));
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("start the program");
    let mut url = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut url).expect("a line");
    (Program(child), url.trim().to_owned())
}

#[tokio::test]
async fn the_program_prints_its_url_once_it_answers() {
    let (_program, url) =
        run(&["--sites", "2", "--workbooks", "5", "--datasources", "3", "--default-site", "--cloud"]);
    let truth = ask(&url, "GET", "truth", Value::Null).await.json();
    let sites: Vec<&str> =
        truth.as_array().expect("a list").iter().map(|it| it["site"].as_str().expect("a name")).collect();
    assert_eq!(sites, ["", "Site2"]);
    assert_eq!(truth[0]["resources"].as_array().map(Vec::len), Some(8));
}

#[tokio::test]
async fn the_program_reads_its_content_from_a_file() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("content.json");
    std::fs::write(&file, FILE).expect("write the file");
    let (_program, url) =
        run(&["--content", file.to_str().expect("a path"), "--pat-name", "me", "--pat-secret", "x"]);
    let credentials = json!({ "credentials": {
        "personalAccessTokenName": "me", "personalAccessTokenSecret": "x", "site": { "contentUrl": "sales" }
    } });
    let request =
        reqwest::Client::new().post(format!("{url}/api/3.29/auth/signin")).body(credentials.to_string());
    assert_eq!(answer(request).await.status, 200);
}
