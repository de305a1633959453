//! The Metadata API learns late: lag, ghosts, moves and renames.

use std::time::Duration;

use serde_json::{Value, json};
use tableau_simulator::{Generate, IndexMode, Kind, Options, Simulator};

use crate::support::{SITE, Session, simulator, start};

/// What the Metadata API says about a workbook: name and project.
async fn indexed(session: &Session, luid: &str) -> Option<(String, String)> {
    let query = "query($luid: String) { workbooks(filter: {luid: $luid}) { name projectName } }";
    let answer = session.query(query, json!({ "luid": luid })).await;
    let row = answer["data"]["workbooks"].get(0)?;
    let text = |field: &str| row[field].as_str().expect("a text").to_owned();
    Some((text("name"), text("projectName")))
}

fn pair(name: &str, project: &str) -> (String, String) {
    (name.to_owned(), project.to_owned())
}

fn exists(simulator: &Simulator, luid: &str) -> bool {
    simulator.resources(SITE).iter().any(|item| item.luid == luid)
}

#[tokio::test]
async fn an_index_that_does_not_lag_shows_every_change_at_once() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let luid = simulator.publish(SITE, Kind::Workbook, &["Finance", "EMEA"], "New");
    assert_eq!(indexed(&session, &luid).await, Some(pair("New", "EMEA")));
    simulator.rename(SITE, Kind::Workbook, &luid, "Newer");
    simulator.move_to(SITE, Kind::Workbook, &luid, &["Marketing"]);
    assert_eq!(indexed(&session, &luid).await, Some(pair("Newer", "Marketing")));
    simulator.rename_project(SITE, &["Marketing"], "Brand");
    assert_eq!(indexed(&session, &luid).await, Some(pair("Newer", "Brand")));
    let newest = simulator.republish(SITE, Kind::Workbook, &luid);
    assert_eq!(indexed(&session, &luid).await, None);
    assert_eq!(indexed(&session, &newest).await, Some(pair("Newer", "Brand")));
    simulator.delete(SITE, Kind::Workbook, &newest);
    assert_eq!(indexed(&session, &newest).await, None);
}

#[tokio::test]
async fn a_frozen_index_misses_new_resources_keeps_ghosts_and_shows_the_past() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let old = simulator.publish(SITE, Kind::Workbook, &["default"], "Old");
    let moved = simulator.publish(SITE, Kind::Workbook, &["default"], "Moved");
    let renamed = simulator.publish(SITE, Kind::Workbook, &["Finance"], "Before");

    simulator.set_index(IndexMode::Frozen);
    let new = simulator.republish(SITE, Kind::Workbook, &old);
    simulator.move_to(SITE, Kind::Workbook, &moved, &["Marketing"]);
    simulator.rename(SITE, Kind::Workbook, &renamed, "After");
    simulator.rename_project(SITE, &["Finance"], "Money");

    assert_eq!(indexed(&session, &old).await, Some(pair("Old", "default")), "a ghost");
    assert!(!exists(&simulator, &old));
    assert_eq!(session.get(&format!("workbooks/{old}")).await.code(), "404006", "REST knows better");
    assert_eq!(indexed(&session, &new).await, None, "not indexed yet");
    assert_eq!(session.get(&format!("workbooks/{new}")).await.status, 200);
    assert_eq!(indexed(&session, &moved).await, Some(pair("Moved", "default")));
    assert_eq!(indexed(&session, &renamed).await, Some(pair("Before", "Finance")));
    let status = session.call("GET", "/api/metadata/v1/control/eventing/status", "").await.json();
    let queue = status.as_array().expect("a list").iter().find(|it| it["contentType"] == "Workbook");
    assert!(queue.is_some_and(|queue| queue["queueSize"].as_u64() >= Some(4)), "{status}");

    simulator.settle_index(SITE);
    assert_eq!(indexed(&session, &old).await, None);
    assert_eq!(indexed(&session, &new).await, Some(pair("Old", "default")));
    assert_eq!(indexed(&session, &moved).await, Some(pair("Moved", "Marketing")));
    assert_eq!(indexed(&session, &renamed).await, Some(pair("After", "Money")));
}

#[tokio::test]
async fn settling_one_site_leaves_the_others_behind() {
    let simulator = simulator(&Generate { sites: 2, ..Generate::default() });
    simulator.set_index(IndexMode::Frozen);
    let first = simulator.publish(SITE, Kind::Workbook, &["default"], "New");
    let second = simulator.publish("Site2", Kind::Workbook, &["default"], "New");
    simulator.settle_index("Site2");
    let session = Session::start(&simulator, "Site2").await;
    assert!(indexed(&session, &second).await.is_some());
    let session = Session::start(&simulator, SITE).await;
    assert_eq!(indexed(&session, &first).await, None);
}

#[tokio::test]
async fn an_index_with_a_delay_catches_up_by_itself() {
    let simulator =
        start(Options { index: IndexMode::After(Duration::from_millis(1500)), ..Options::default() });
    let session = Session::start(&simulator, SITE).await;
    let luid = simulator.publish(SITE, Kind::Workbook, &["default"], "New");
    assert_eq!(indexed(&session, &luid).await, None);
    tokio::time::sleep(Duration::from_millis(1600)).await;
    assert_eq!(indexed(&session, &luid).await, Some(pair("New", "default")));
}

#[tokio::test]
async fn thawing_brings_everything_up_to_date() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.set_index(IndexMode::Frozen);
    let luid = simulator.publish(SITE, Kind::Workbook, &["default"], "New");
    simulator.set_index(IndexMode::Immediate);
    assert_eq!(indexed(&session, &luid).await, Some(pair("New", "default")));
}

#[tokio::test]
async fn a_republished_resource_gets_a_new_luid_and_number_and_metadata_id() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let ids = async |luid: &str| -> Value {
        let query = "query($luid: String) { publishedDatasources(filter: {luid: $luid}) { id luid vizportalUrlId name } }";
        session.query(query, json!({ "luid": luid })).await["data"]["publishedDatasources"][0].clone()
    };
    let old = simulator.publish(SITE, Kind::Datasource, &["default"], "Ledger");
    let before = ids(&old).await;
    let after = ids(&simulator.republish(SITE, Kind::Datasource, &old)).await;
    assert_eq!(before["name"], after["name"]);
    for field in ["id", "luid", "vizportalUrlId"] {
        assert_ne!(before[field], after[field], "{field}");
    }
}

#[tokio::test]
async fn empty_luids_stand_in_the_index_alone() {
    let simulator = simulator(&Generate { empty_luids: 3, ..Generate::default() });
    let session = Session::start(&simulator, SITE).await;
    let workbooks = session.nodes("workbooksConnection", "luid", 100).await;
    assert_eq!(workbooks.iter().filter(|node| node["luid"] == "").count(), 2);
    let datasources = session.nodes("publishedDatasourcesConnection", "luid", 100).await;
    assert_eq!(datasources.iter().filter(|node| node["luid"] == "").count(), 1);
    assert_eq!(simulator.resources(SITE).len(), 60);
}
