//! The `tabmap` binary with the map of several sites in Snowflake, at the same time.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use test_support::desk::Desk;
use test_support::emulator::Tenant;

use crate::command::{desk, done, kill_sync_at, mapped};

const SIZES: [usize; 6] = [30, 3, 12, 21, 6, 9];

async fn check_maps(tenant: &Tenant, desk: &Desk) {
    for site in desk.tableau.sites() {
        assert_eq!(mapped(tenant, &site).await, desk.present(&site), "{site}");
    }
}

/// The sites whose runs have this status, once for each run.
async fn runs(tenant: &Tenant, status: &str) -> Vec<String> {
    let sql = format!(
        "SELECT SITE_ID FROM \"{}\".\"MAPPING_TABLES\".\"API__TABLEAU__SYNC_RUNS\" WHERE STATUS = '{status}' ORDER BY 1",
        tenant.database
    );
    tenant.sql(&[&sql]).await.into_iter().map(|row| row[0].clone().unwrap_or_default()).collect()
}

/// Publishes a third of all resources again.
fn republish(desk: &Desk) {
    for site in desk.tableau.sites() {
        for item in desk.tableau.resources(&site).iter().step_by(3) {
            desk.tableau.republish(&site, item.kind, &item.luid);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn site_that_is_held_up_at_its_merge_keeps_no_other_from_the_map() {
    let tenant = Tenant::new().await;
    let mut desk = desk(&tenant, Desk::sized(&SIZES));
    desk.sign_in_as_app();
    done(&desk, &["init"]);
    let fault = tenant
        .arm(json!({"at": "statement", "match": "MERGE INTO", "times": 1, "action": {"hold": true}}))
        .await;
    let sync = desk.command(&["sync", "--parallel", "3"]).stdout(Stdio::null()).spawn().unwrap();
    fault.reached().await;
    let begun = Instant::now();
    while runs(&tenant, "complete").await.len() < SIZES.len() - 1 {
        assert!(begun.elapsed() < Duration::from_secs(240), "{:?}", runs(&tenant, "complete").await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let held = runs(&tenant, "applying").await;
    assert_eq!(held.len(), 1);
    assert_eq!(mapped(&tenant, &held[0]).await, Vec::<[String; 5]>::new());
    fault.release().await;
    let mut sync = sync;
    assert!(tokio::task::block_in_place(|| sync.wait()).unwrap().success());
    check_maps(&tenant, &desk).await;
    assert_eq!(runs(&tenant, "complete").await, desk.tableau.sites());
    let sessions = tenant.log("sessions").await;
    assert!((3..=4).contains(&sessions.len()), "{} sessions, one of them of `init`", sessions.len());
    assert!(sessions.iter().all(|session| session["closed"] == true), "{sessions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn process_killed_with_several_sites_at_work_leaves_each_old_or_new_and_the_next_one_finishes() {
    for when in ["before", "after"] {
        let tenant = Tenant::new().await;
        let mut desk = desk(&tenant, Desk::sized(&SIZES));
        desk.sign_in_as_app();
        done(&desk, &["backfill"]);
        let mut old = Vec::new();
        for site in desk.tableau.sites() {
            old.push(mapped(&tenant, &site).await);
        }
        republish(&desk);
        let hold = json!({"at": "statement", "match": "MERGE INTO", "when": when, "skip": 1, "times": 3, "action": {"hold": true}});
        kill_sync_at(hold, &tenant, &desk).await;
        for (site, old) in desk.tableau.sites().iter().zip(old) {
            let now = mapped(&tenant, site).await;
            assert!(now == old || now == desk.present(site), "{when}: {site} is a mix");
        }
        done(&desk, &["sync"]);
        check_maps(&tenant, &desk).await;
        assert_eq!(runs(&tenant, "applying").await, Vec::<String>::new(), "{when}");
    }
}
