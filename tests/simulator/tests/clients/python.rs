//! What Tableau's own clients see. They are installed from PyPI, at pinned versions, and run unchanged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};
use tableau_simulator::{Generate, Item, JobPlan, Kind, Options, Outcome, Simulator};

use crate::support::{SITE, claims, jwt, simulator, start};
use test_support::venv;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}

/// Runs a script under tableauserverclient and answers what it printed.
fn python(script_name: &str, arguments: &Value) -> Value {
    let python = venv::python("tableauserverclient-0.42", &["tableauserverclient==0.42"]);
    let output = Command::new(python)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(script(script_name))
        .arg(arguments.to_string())
        .output()
        .expect("run Python");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Arguments for a sign-in by token, and more.
fn by_token(simulator: &Simulator, more: Value) -> Value {
    let (name, secret) = simulator.pat();
    let mut arguments =
        json!({ "url": simulator.url(), "site": SITE, "pat_name": name, "pat_secret": secret });
    let more: BTreeMap<String, Value> = serde_json::from_value(more).expect("an object");
    arguments.as_object_mut().expect("an object").extend(more);
    arguments
}

/// What `list_everything.py` must print of these.
fn expected(items: &[Item], kind: Kind) -> Vec<Value> {
    let of_kind = items.iter().filter(|item| item.kind == kind);
    of_kind
        .map(|item| {
            json!({
                "luid": item.luid,
                "name": item.name,
                "project_luid": item.project_luid,
                "project": item.project_path.last(),
                "webpage_url": item.webpage_url,
                "updated_at": item.updated_at,
            })
        })
        .collect()
}

fn assert_everything_was_listed(simulator: &Simulator, listed: &Value) {
    let truth = simulator.resources(SITE);
    assert_eq!(listed["workbooks"], json!(expected(&truth, Kind::Workbook)));
    assert_eq!(listed["datasources"], json!(expected(&truth, Kind::Datasource)));
    assert_eq!(listed["by_id"]["workbook"], listed["workbooks"][0]);
    assert_eq!(listed["by_id"]["datasource"], listed["datasources"][0]);
    let projects = listed["projects"].as_array().expect("a list");
    let projects: Vec<(&str, &str)> =
        projects.iter().map(|it| (it[0].as_str().expect("an id"), it[1].as_str().expect("a name"))).collect();
    let truth = simulator.projects(SITE);
    let truth: Vec<(&str, &str)> =
        truth.iter().map(|(path, luid)| (luid.as_str(), path.last().expect("a name").as_str())).collect();
    assert_eq!(projects, truth);
}

#[test]
fn tableaus_client_signs_in_by_token_and_lists_everything_byte_for_byte() {
    let simulator = simulator(&Generate {
        sites: 2,
        projects: 30,
        workbooks: 230,
        datasources: 120,
        ..Generate::default()
    });
    let listed = python("list_everything.py", &by_token(&simulator, json!({})));
    assert_everything_was_listed(&simulator, &listed);
    assert_eq!(listed["version"], "3.29");
    assert_eq!(listed["site"], SITE);
    assert_eq!(listed["sites"], json!(simulator.sites()));
    assert_eq!(simulator.live_sessions(), 0, "it signed out");
}

#[test]
fn tableaus_client_signs_in_at_version_2_4_before_it_knows_the_servers_version() {
    let simulator = simulator(&Generate::default());
    let listed = python("list_everything.py", &by_token(&simulator, json!({ "version_first": false })));
    assert_everything_was_listed(&simulator, &listed);
}

#[test]
fn tableaus_client_signs_in_by_password() {
    let simulator = simulator(&Generate::default());
    let Options { username, password, .. } = simulator.options();
    let arguments =
        json!({ "url": simulator.url(), "site": SITE, "username": username, "password": password });
    assert_everything_was_listed(&simulator, &python("list_everything.py", &arguments));
}

#[test]
fn tableaus_client_signs_in_to_the_cloud_by_jwt() {
    let simulator = start(Options { cloud: true, ..Options::default() });
    let jwt = jwt(&simulator, &claims(&simulator));
    let arguments = json!({ "url": simulator.url(), "site": SITE, "jwt": jwt, "cloud": true });
    assert_everything_was_listed(&simulator, &python("list_everything.py", &arguments));
}

#[test]
fn tableaus_client_lists_a_site_that_holds_nothing() {
    let simulator = simulator(&Generate { workbooks: 0, datasources: 0, projects: 1, ..Generate::default() });
    let listed = python("list_everything.py", &by_token(&simulator, json!({})));
    assert_eq!((&listed["workbooks"], &listed["datasources"]), (&json!([]), &json!([])));
    assert_eq!(listed["projects"].as_array().map(Vec::len), Some(1));
}

#[test]
fn tableaus_client_filters_by_name_and_project() {
    let simulator = simulator(&Generate::default());
    let truth = simulator.resources(SITE);
    let wanted = truth.iter().find(|item| item.name == "$foo and ${bar}").expect("a nasty name");
    let project = wanted.project_path.last().expect("a project");
    let found =
        python("filters.py", &by_token(&simulator, json!({ "name": wanted.name, "project": project })));
    assert_eq!(found["both"], json!([wanted.luid]));
    assert_eq!(found["default"], json!(["default"]), "`Default` means the project `default`");
    assert_eq!(found["none"], json!([]));
}

#[test]
fn tableaus_client_reads_the_metadata_api_page_by_page() {
    let simulator = simulator(&Generate::default());
    let truth: BTreeMap<String, Item> = simulator
        .resources(SITE)
        .into_iter()
        .filter(|item| item.kind == Kind::Workbook)
        .map(|item| (item.luid.clone(), item))
        .collect();
    let answer = python("metadata.py", &by_token(&simulator, json!({})));
    assert_eq!(answer["pages"], truth.len().div_ceil(7));
    let nodes = answer["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), truth.len());
    for node in nodes {
        let item = &truth[node["luid"].as_str().expect("a LUID")];
        assert_eq!(node["name"], item.name.as_str());
        assert_eq!(node["projectLuid"], json!(item.project_luid));
        assert_eq!(node["vizportalUrlId"], item.vizportal_url_id.as_str());
        assert!(item.webpage_url.ends_with(&format!("/{}", item.vizportal_url_id)));
        assert_eq!(node["uri"], format!("sites/1/workbooks/{}", item.vizportal_url_id));
    }
    assert_eq!(answer["one"].as_array().map(Vec::len), Some(1));
}

fn refreshable(simulator: &Simulator, kind: Kind, has_extract: bool) -> String {
    let truth = simulator.resources(SITE);
    let found = truth.into_iter().find(|item| item.kind == kind && item.has_extract == has_extract);
    found.expect("generated content has both").luid
}

#[test]
fn tableaus_client_refreshes_and_waits_and_meets_the_conflicts() {
    let simulator = simulator(&Generate::default());
    simulator.plan_jobs(JobPlan { running: Duration::from_secs(2), ..JobPlan::default() });
    let datasource = refreshable(&simulator, Kind::Datasource, true);
    let more = json!({
        "workbook": refreshable(&simulator, Kind::Workbook, true),
        "datasource": datasource,
        "without_extract": refreshable(&simulator, Kind::Workbook, false),
    });
    let answer = python("refresh.py", &by_token(&simulator, more));
    assert_eq!(answer["conflict"], Value::Null, "409093 makes `refresh` return None");
    assert_eq!(answer["finish_code"], 0);
    assert_eq!(answer["datasource_finish_code"], 0);
    assert_eq!(answer["datasource_of_job"], datasource);
    assert_eq!(answer["listed"], json!(["Success", "Success"]));
    assert_eq!(answer["cancelled"], 2);
    assert_eq!(answer["without_extract"], "409090");
    assert_eq!(answer["missing"], "404006");
}

#[test]
fn tableaus_client_learns_why_a_refresh_failed() {
    let simulator = simulator(&Generate::default());
    let outcome = Outcome::Failure("The table \"ORDERS\" was not found.".to_owned());
    simulator.plan_jobs(JobPlan { outcome, ..JobPlan::default() });
    let more = json!({ "workbook": refreshable(&simulator, Kind::Workbook, true) });
    let answer = python("failing_refresh.py", &by_token(&simulator, more));
    assert_eq!(answer["finish_code"], 1);
    assert_eq!(answer["notes"], json!(["The table \"ORDERS\" was not found."]));
}

#[test]
fn tableaus_client_switches_to_another_site() {
    let simulator = simulator(&Generate { sites: 2, ..Generate::default() });
    let answer = python("switch_site.py", &by_token(&simulator, json!({ "other": "Site2" })));
    assert_eq!(answer["site"], simulator.site_luid("Site2"));
    assert_eq!(answer["new_token"], true);
    let truth = simulator.resources("Site2");
    let workbooks: Vec<&str> =
        truth.iter().filter(|item| item.kind == Kind::Workbook).map(|item| item.luid.as_str()).collect();
    assert_eq!(answer["workbooks"], json!(workbooks));
    assert_eq!(simulator.live_sessions(), 1, "the old token died");
}

#[test]
fn tableaus_client_loses_its_session_when_the_token_signs_in_elsewhere() {
    let simulator = simulator(&Generate::default());
    let answer = python("two_sessions.py", &by_token(&simulator, json!({})));
    assert_eq!(answer["first"], "401002");
    assert_eq!(answer["second"], 40);
}

/// Runs tabcmd with a sign-in by token; it must succeed.
fn tabcmd(simulator: &Simulator, arguments: &[&str]) -> String {
    let python = venv::python("tabcmd-2.0.21", &["tabcmd==2.0.21"]);
    let (name, secret) = simulator.pat();
    let home = home_of_tabcmd();
    let output: Output = Command::new(python)
        .args(["-m", "tabcmd"])
        .args(arguments)
        .args(["--server", simulator.url(), "--site", SITE, "--token-name", name, "--token-value", secret])
        // It keeps a session file in the one and a log in the other.
        .env("HOME", &home)
        .current_dir(&home)
        .output()
        .expect("run tabcmd");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    text
}

fn home_of_tabcmd() -> PathBuf {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tabcmd-home");
    std::fs::create_dir_all(&home).expect("create a home for tabcmd");
    home
}

#[test]
fn tabcmd_refreshes_extracts_and_waits_for_the_job() {
    let simulator = simulator(&Generate::default());
    simulator.publish(SITE, Kind::Workbook, &["default"], "Nightly");
    simulator.publish(SITE, Kind::Datasource, &["default"], "Ledger");
    let text = tabcmd(&simulator, &["refreshextracts", "--workbook", "Nightly", "--synchronous"]);
    assert!(simulator.requests().iter().any(|request| request.path.contains("/jobs/")), "{text}");
    tabcmd(&simulator, &["refreshextracts", "--datasource", "Ledger", "--project", "default"]);
    let refreshes = simulator.requests().into_iter().filter(|request| request.path.ends_with("/refresh"));
    assert_eq!(refreshes.count(), 2);
}

#[test]
fn tabcmd_lists_sites() {
    let simulator = simulator(&Generate { sites: 3, ..Generate::default() });
    let text = tabcmd(&simulator, &["listsites"]);
    for site in simulator.sites() {
        assert!(text.contains(&site), "{text}");
    }
}

#[test]
fn a_client_reads_the_rules_of_a_resource_and_its_owner() {
    let rules = Some(vec![("Read".to_owned(), "Allow".to_owned()), ("Write".to_owned(), "Deny".to_owned())]);
    let owner = Some("5c1f2a90-7d34-4be0-8a8e-3f6d0a9b4c21".to_owned());
    let simulator =
        start(Options { rules, owner: owner.clone(), administrator: false, ..Options::default() });
    let read = python("permissions.py", &by_token(&simulator, json!({})));
    assert_eq!(read["owner"], json!(owner));
    assert_eq!(read["rules"], json!([[read["user"], "user", { "Read": "Allow", "Write": "Deny" }]]));
}
