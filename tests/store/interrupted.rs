//! Syncs that die, lose their session, their token or an answer, at every statement there is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tabmap::diff::diff;
use tabmap::plan::Plan;
use tabmap::resource::Resource;
use tabmap::snapshot::Snapshot;
use tabmap::store::snowflake::SnowflakeError;
use tabmap::store::{Run, Store, StoreError};
use test_support::emulator::{Fault, Tenant};

use crate::ground::{NO_LIMITS, mapped, minute, plan, site, snapshot, sorted, sync, workbook};
use crate::opens::Opens;

/// More than the statements of one sync; the loops end when a fault is not reached any more.
const ENOUGH: u64 = 40;

/// A site that changes in every way with each `step`: replaced, renamed, moved, added, removed.
fn resources(step: u64) -> Vec<Resource> {
    vec![
        workbook("P", "Replaced", &format!("replaced-{step}")),
        workbook("P", &format!("Renamed {step}"), "renamed"),
        workbook(&format!("P/Q {}", step % 2), "Moved", "moved"),
        workbook("P", &format!("New and gone {step}"), &format!("gone-{step}")),
    ]
}

fn snapshot_of_step(step: u64) -> Snapshot {
    snapshot(minute(i64::try_from(step).unwrap()), resources(step))
}

async fn mapped_by(tenant: &Tenant) -> Vec<Resource> {
    mapped(&tenant.store(), "Main").await
}

/// The map is right, every run has ended, and the change log of those that count, replayed, gives the map.
async fn check_all_is_settled(tenant: &Tenant, expected: Vec<Resource>, context: &str) {
    assert_eq!(mapped_by(tenant).await, sorted(expected), "{context}");
    let (runs, changes) =
        (table(tenant, "API__TABLEAU__SYNC_RUNS"), table(tenant, "API__TABLEAU__RESOURCE_CHANGES"));
    let open = tenant.sql(&[&format!("SELECT RUN_ID FROM {runs} WHERE STATUS = 'applying'")]).await;
    assert!(open.is_empty(), "{context}: {open:?} is still applying");
    let doubled =
        tenant.sql(&[&format!("SELECT RUN_ID FROM {runs} GROUP BY RUN_ID HAVING COUNT(*) > 1")]).await;
    assert!(doubled.is_empty(), "{context}: {doubled:?} has two rows");
    let log = format!(
        "SELECT C.RESOURCE_ID_BEFORE, C.RESOURCE_ID_AFTER, C.PROJECT_PATH_AFTER, C.RESOURCE_NAME_AFTER, C.RUN_ID \
         FROM {changes} AS C JOIN {runs} AS R ON R.RUN_ID = C.RUN_ID \
         WHERE R.STATUS IN ('complete', 'incomplete') ORDER BY C.CHANGED_AT"
    );
    let log = tenant.sql(&[&log]).await;
    let mut seen = log.clone();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), log.len(), "{context}: a change is logged twice");
    let mut replayed = BTreeMap::new();
    for row in log {
        row[0].as_ref().map(|luid| replayed.remove(luid));
        row[1].as_ref().map(|luid| replayed.insert(luid.clone(), (row[2].clone(), row[3].clone())));
    }
    let map: BTreeMap<_, _> = mapped_by(tenant)
        .await
        .into_iter()
        .map(|r| (r.luid.to_string(), (r.key.project.full(), Some(r.key.name))))
        .collect();
    assert_eq!(replayed, map, "{context}");
}

fn table(tenant: &Tenant, name: &str) -> String {
    format!("\"{}\".\"MAPPING_TABLES\".\"{name}\"", tenant.database)
}

async fn first_sync(tenant: &Tenant) {
    let store = tenant.store();
    store.migrate().await.unwrap();
    sync(&store, &snapshot_of_step(0)).await.unwrap();
    store.close().await.unwrap();
}

/// How a sync comes to its end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// The future is dropped, as by Ctrl-C or a timeout.
    Dropped,
    /// The process is gone: not even an abort is sent.
    Killed,
    /// The process is gone, and its last statement is executed only after the next sync.
    KilledWithStatementDelayed,
}

/// Runs one sync up to where `fault` holds it, and ends it there. False when it never got there.
fn run_until(tenant: &Tenant, snapshot: &Snapshot, fault: &Fault, end: End) -> bool {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = tenant.store();
    let snapshot = snapshot.clone();
    let sync = runtime.spawn(async move { sync(&store, &snapshot).await.map(drop) });
    let held = runtime.block_on(async {
        tokio::select! {
            () = fault.reached() => true,
            result = sync => { result.unwrap().unwrap(); false }
        }
    });
    if end == End::Dropped {
        // Leaves the store's tasks time to tell Snowflake.
        runtime.shutdown_timeout(Duration::from_millis(1));
    } else {
        runtime.shutdown_background();
    }
    held
}

/// Ends a sync at each of its statements in turn; the next sync must find order, and leave it.
async fn end_at_every_statement(when: &str, end: End) {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    let mut ends = 0;
    for number in 0..ENOUGH {
        let (before, after) = (number * 2, number * 2 + 1);
        let context = format!("{end:?} {when} statement {number}");
        let fault = tenant
            .arm(json!({"at": "statement", "when": when, "skip": number, "action": {"hold": true}}))
            .await;
        let (sync_tenant, fault) = (&tenant, &fault);
        let held =
            tokio::task::block_in_place(|| run_until(sync_tenant, &snapshot_of_step(after), fault, end));
        if !held {
            break;
        }
        ends += 1;
        if end != End::KilledWithStatementDelayed {
            fault.release().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let found = mapped_by(&tenant).await;
        let is_old = found == sorted(resources(before));
        assert!(is_old || found == sorted(resources(after)), "{context}: {found:#?}");
        // One round later: the same sync again if it failed, then the next.
        sync(&tenant.store(), &snapshot_of_step(after + 1)).await.unwrap();
        if end == End::KilledWithStatementDelayed {
            fault.release().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            sync(&tenant.store(), &snapshot_of_step(after + 1)).await.unwrap();
        }
        check_all_is_settled(&tenant, resources(after + 1), &context).await;
    }
    assert!((8..ENOUGH).contains(&ends), "{ends} statements");
    if end == End::Killed {
        assert_eq!(tenant.log("aborts").await.len(), 0, "a dead process sends nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_dropped_at_any_statement_leaves_old_or_new_and_the_next_settles_it() {
    end_at_every_statement("before", End::Dropped).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_killed_after_any_statement_leaves_old_or_new_and_the_next_settles_it() {
    end_at_every_statement("after", End::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_syncs_statement_that_is_executed_late_does_no_harm() {
    end_at_every_statement("before", End::KilledWithStatementDelayed).await;
}

/// Strikes each statement of a sync in turn with `fault`; every sync must get through all the same.
async fn survive_at_every_statement(fault: Value) -> Tenant {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    for number in 0..ENOUGH {
        let step = number + 1;
        let mut fault = fault.clone();
        fault["at"] = json!("statement");
        fault["skip"] = json!(number);
        tenant.arm(fault.clone()).await;
        let before = tenant.log("statements").await.len();
        let store = tenant.store();
        sync(&store, &snapshot_of_step(step)).await.unwrap_or_else(|error| panic!("{fault}: {error:?}"));
        let entries = tenant.log("statements").await;
        let struck = entries[before..].iter().any(|entry| entry["outcome"] == struck_outcome(&fault));
        check_all_is_settled(&tenant, resources(step), &format!("{fault}")).await;
        if !struck && (entries.len() - before) as u64 <= number {
            return tenant;
        }
        store.close().await.unwrap();
    }
    panic!("a sync has more than {ENOUGH} statements");
}

fn struck_outcome(fault: &Value) -> Value {
    let action = fault["action"].as_object().unwrap();
    let name = action.keys().next().unwrap();
    if ["code", "http"].contains(&name.as_str()) { json!(action[name].to_string()) } else { json!(name) }
}

#[tokio::test]
async fn an_answer_that_is_lost_after_any_statement_is_found_out_and_nothing_is_done_twice() {
    let tenant = survive_at_every_statement(json!({"when": "after", "action": {"drop": true}})).await;
    let merges = tenant.log("statements").await;
    let lost =
        merges.iter().filter(|s| s["sql"].as_str().unwrap().contains("MERGE INTO") && s["outcome"] == "drop");
    assert_eq!(lost.count(), 1, "the MERGE was among them");
}

#[tokio::test]
async fn a_session_that_ends_at_any_statement_is_opened_again_and_staging_starts_over() {
    survive_at_every_statement(json!({"when": "before", "action": {"forget": true}})).await;
}

/// One statement of each sort: a read, temporary tables, a row that stays, the map, the end.
const SORTS: [&str; 5] = [
    "^-- All that a sync reads",
    "INSERT INTO .*TABMAP_STAGED_ROWS",
    "INSERT INTO .*SYNC_RUNS",
    "MERGE INTO",
    "SET STATUS",
];

/// Strikes a statement of each sort with `action`; every sync must get through all the same.
async fn survive_at_every_sort_of_statement(action: Value) -> Tenant {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    for (step, sort) in (1..).zip(SORTS) {
        let fault = tenant.arm(json!({"at": "statement", "match": sort, "action": action})).await;
        let store = tenant.store();
        sync(&store, &snapshot_of_step(step)).await.unwrap_or_else(|error| panic!("{sort}: {error:?}"));
        store.close().await.unwrap();
        fault.reached().await;
        check_all_is_settled(&tenant, resources(step), &format!("{action} at {sort}")).await;
    }
    tenant
}

#[tokio::test]
async fn a_connection_that_breaks_before_a_statement_is_survived() {
    survive_at_every_sort_of_statement(json!({"drop": true})).await;
}

#[tokio::test]
async fn a_503_is_survived() {
    survive_at_every_sort_of_statement(json!({"http": 503})).await;
}

#[tokio::test]
async fn a_token_that_expires_is_renewed_within_the_session() {
    let tenant = survive_at_every_sort_of_statement(json!({"expire": "session"})).await;
    let sessions = tenant.log("sessions").await.len();
    assert_eq!(tenant.log("logins").await.len(), sessions, "nobody signed in a second time");
}

#[tokio::test]
async fn a_master_token_that_expires_leads_to_a_new_sign_in() {
    survive_at_every_sort_of_statement(json!({"expire": "both"})).await;
}

#[tokio::test]
async fn the_merge_is_not_sent_again_when_its_answer_is_lost() {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    tenant
        .arm(json!({"at": "statement", "match": "MERGE INTO", "when": "after", "action": {"drop": true}}))
        .await;
    let (_, applied) = sync(&tenant.store(), &snapshot_of_step(1)).await.unwrap();
    assert_eq!(applied.rows_written, 6, "two out, two in, two moved");
    let merges = tenant.statements().await.into_iter().filter(|sql| sql.starts_with("MERGE")).count();
    assert_eq!(merges, 2, "one for each of the two syncs");
    check_all_is_settled(&tenant, resources(1), "lost answer").await;
}

#[tokio::test]
async fn a_merge_that_waits_too_long_for_others_says_so_and_the_next_sync_does_it() {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    let fault = json!({"at": "statement", "match": "MERGE INTO", "action": {"code": "000625", "message": "too many waiters"}});
    tenant.arm(fault).await;
    let error = sync(&tenant.store(), &snapshot_of_step(1)).await.unwrap_err();
    let StoreError::Snowflake(SnowflakeError { doing, fault }) = &error else { panic!("{error:?}") };
    assert_eq!((*doing, fault.code()), ("write the map", Some("000625")));
    let help = miette::Diagnostic::help(&error).expect("a remedy").to_string();
    assert!(help.contains("other statements wait"), "{help}");
    assert_eq!(mapped_by(&tenant).await, sorted(resources(0)));
    sync(&tenant.store(), &snapshot_of_step(1)).await.unwrap();
    check_all_is_settled(&tenant, resources(1), "after waiting").await;
}

#[tokio::test]
async fn two_syncs_at_once_end_in_the_state_of_the_newer_one() {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    for round in 0..4 {
        let (older, newer) = (round * 2 + 1, round * 2 + 2);
        let (first, second) = (tenant.store(), tenant.store());
        tokio::join!(sync_unless_superseded(&first, older), sync_unless_superseded(&second, newer));
        check_all_is_settled(&tenant, resources(newer), &format!("round {round}")).await;
    }
}

#[tokio::test]
async fn a_run_that_is_abandoned_in_the_moment_of_its_merge_counts_all_the_same() {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    let hold = |text: &str| json!({"at": "statement", "match": text, "action": {"hold": true}});
    let merge = tenant.arm(hold("MERGE INTO")).await;
    let finish = tenant.arm(hold("SET STATUS = 'complete'")).await;
    let abandon = tenant.arm(hold("SET STATUS = 'abandoned'")).await;
    let (first, second) = (tenant.store(), tenant.store());
    let (run, snapshot_of_first) = (Run::begin(), snapshot_of_step(1));
    let plan_of_second = plan(&second, &snapshot_of_step(2)).await;
    let (first_result, second_result) = tokio::join!(sync(&first, &snapshot_of_first), async {
        merge.reached().await;
        // The second finds the first before its MERGE, and abandons it after.
        let (result, ()) = tokio::join!(second.apply(&run, &plan_of_second), async {
            abandon.reached().await;
            merge.release().await;
            finish.reached().await;
            abandon.release().await;
        });
        finish.release().await;
        result
    });
    first_result.unwrap();
    let error = second_result.unwrap_err();
    assert!(
        matches!(error, StoreError::MappingChanged),
        "{error}: it was planned before the MERGE of the first"
    );
    check_all_is_settled(&tenant, resources(1), "the first alone").await;
    sync(&second, &snapshot_of_step(2)).await.unwrap();
    check_all_is_settled(&tenant, resources(2), "then the second").await;
}

#[tokio::test]
async fn a_run_that_is_abandoned_before_its_merge_wrote_nothing_and_says_so() {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    let hold = |text: &str| json!({"at": "statement", "match": text, "action": {"hold": true}});
    let merge = tenant.arm(hold("MERGE INTO")).await;
    let (first, second) = (tenant.store(), tenant.store());
    let (run_of_first, run_of_second) = (Run::begin(), Run::begin());
    let plan_of_first = plan(&first, &snapshot_of_step(1)).await;
    let plan_of_second = plan(&second, &snapshot_of_step(2)).await;
    let (first_result, second_result) = tokio::join!(first.apply(&run_of_first, &plan_of_first), async {
        merge.reached().await;
        // The second abandons the first, and stops on its way before anything of it can be seen.
        let staging = tenant.arm(hold("TEMPORARY TABLE")).await;
        let (result, ()) = tokio::join!(second.apply(&run_of_second, &plan_of_second), async {
            staging.reached().await;
            merge.release().await;
            tokio::time::sleep(Duration::from_millis(1500)).await;
            staging.release().await;
        });
        result
    });
    let error = first_result.unwrap_err();
    assert!(matches!(error, StoreError::MappingChanged), "{error}: its MERGE was refused");
    second_result.unwrap();
    check_all_is_settled(&tenant, resources(2), "the second alone").await;
}

/// As the command does: load, diff, approve, apply, and again when the map changed meanwhile.
async fn sync_unless_superseded(store: &dyn Store, step: u64) {
    let snapshot = snapshot_of_step(step);
    for _ in 0..10 {
        let changes = diff(&snapshot, &store.load(&site("Main")).await.unwrap());
        let Ok(plan) = Plan::approve(changes, NO_LIMITS) else {
            return;
        };
        match store.apply(&Run::begin(), &plan).await {
            Err(StoreError::MappingChanged) => tokio::time::sleep(Duration::from_millis(50 * step)).await,
            result => {
                result.unwrap();
                return;
            }
        }
    }
    panic!("step {step} never got through");
}

#[tokio::test]
async fn a_plan_that_is_not_staged_whole_and_once_is_not_applied() {
    let tenant = Tenant::new().await;
    first_sync(&tenant).await;
    let row = "('upsert', 'workbook', 'x', 'P', 'X')";
    let staged_rows = table(&tenant, "TABMAP_STAGED_ROWS");
    let twice = format!(
        "INSERT INTO {staged_rows} (ACTION, RESOURCE_TYPE, RESOURCE_ID, PROJECT_NAME, RESOURCE_NAME) VALUES {row}, {row}"
    );
    for stand_in in ["SELECT 'nothing' AS X", &twice] {
        let action = json!({"sql": stand_in});
        tenant
            .arm(json!({"at": "statement", "match": "INSERT INTO .*TABMAP_STAGED_ROWS", "action": action}))
            .await;
        let store = tenant.store();
        let plan = plan(&store, &snapshot_of_step(1)).await;
        let error = store.apply(&Run::begin(), &plan).await.unwrap_err();
        assert!(matches!(error, StoreError::MappingChanged), "{error}");
        check_all_is_settled(&tenant, resources(0), stand_in).await;
        store.close().await.unwrap();
    }
    sync(&tenant.store(), &snapshot_of_step(1)).await.unwrap();
    check_all_is_settled(&tenant, resources(1), "staged as it should be").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_died_before_its_merge_does_not_count_because_another_removed_the_same() {
    for adds in [true, false] {
        let tenant = Tenant::new().await;
        first_sync(&tenant).await;
        let hold = |text: &str| json!({"at": "statement", "match": text, "action": {"hold": true}});
        // The second has settled what is open before the first has begun its run.
        let second = tenant.store();
        let without_gone = |step: i64, more: Option<&str>| {
            let kept = resources(0).into_iter().filter(|one| !one.luid.as_str().starts_with("gone"));
            snapshot(minute(step), kept.chain(more.map(|luid| workbook("P", "Added", luid))).collect())
        };
        let snapshot_of_second = without_gone(2, None);
        let plan_of_second = plan(&second, &snapshot_of_second).await;
        let staging = tenant.arm(hold("CREATE OR REPLACE TEMPORARY TABLE .*TABMAP_STAGED_ROWS")).await;
        let run_of_second = Run::begin();
        let first_of_both = async {
            staging.reached().await;
            let snapshot_of_first = without_gone(1, adds.then_some("added"));
            let merge = tenant.arm(hold("MERGE INTO")).await;
            let (tenant, snapshot_of_first) = (&tenant, &snapshot_of_first);
            tokio::task::block_in_place(|| {
                assert!(run_until(tenant, snapshot_of_first, &merge, End::Killed), "it got to its MERGE");
            });
            merge.disarm().await;
            staging.release().await;
        };
        let (applied, ()) = tokio::join!(second.apply(&run_of_second, &plan_of_second), first_of_both);
        applied.unwrap();
        sync(&tenant.store(), &without_gone(3, None)).await.unwrap();
        let kept = resources(0).into_iter().filter(|one| !one.luid.as_str().starts_with("gone")).collect();
        check_all_is_settled(&tenant, kept, &format!("the dead run adds: {adds}")).await;
        let counting = format!(
            "SELECT COUNT(*) AS N FROM {} WHERE STATUS IN ('complete', 'incomplete')",
            table(&tenant, "API__TABLEAU__SYNC_RUNS")
        );
        assert_eq!(
            tenant.sql(&[&counting]).await,
            [[Some("3".to_owned())]],
            "the first, the second, the last"
        );
    }
}
