//! What every store promises, written once.

use std::collections::BTreeMap;

use tabmap::diff::Counts;
use tabmap::mapping::Version;
use tabmap::resource::{Luid, Resource, ResourceKind};
use tabmap::store::{ChangeFilter, Lookup, RecordedChange, Run, Side, StoreError};
use test_support::emulator::Tenant;

use crate::ground::{
    CHANGES, Ground, RESOURCES, RUNS, SERVER, SqliteGround, mapped, minute, plan, resource, site, snapshot,
    snapshot_of, sorted, sync, workbook,
};
use crate::opens::Opens;

on_both_stores! {
    a_first_sync_fills_the_map_and_a_second_writes_no_row
    sites_do_not_touch_each_other
    a_workbook_published_again_gets_its_new_luid
    a_rename_and_a_move_keep_the_luid_and_the_time_of_first_sight
    what_is_deleted_leaves_the_map
    projects_of_one_name_under_different_parents_stay_apart
    what_an_incomplete_listing_misses_stays
    a_map_of_another_server_is_refused_until_that_one_was_renamed
    of_two_plans_from_one_mapping_the_second_is_refused
    an_older_snapshot_is_not_planned_over_a_newer_one
    the_change_log_replayed_gives_the_map
    the_history_of_a_luid_names_what_replaced_it
    changes_are_found_by_a_former_name_by_their_time_and_by_their_run
    the_past_names_what_left_its_place_and_the_last_complete_sync_of_each_site
    callers_resolve_by_the_first_four_columns
    the_run_row_counts_what_was_done
}

/// 600 resources of a site: data sources and workbooks in nested projects.
fn many(site_name: &str) -> Vec<Resource> {
    let kinds = [ResourceKind::Workbook, ResourceKind::Datasource];
    (0..600)
        .map(|number| {
            let project = format!("Department {}/Team {}", number % 7, number % 3);
            resource(
                site_name,
                kinds[number % 2],
                &project,
                &format!("Report {number}"),
                &format!("luid-{number}"),
            )
        })
        .collect()
}

async fn a_first_sync_fills_the_map_and_a_second_writes_no_row(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    for name in ["Main", ""] {
        let (plan, applied) = sync(&*store, &snapshot_of(name, SERVER, minute(0), many(name))).await.unwrap();
        assert_eq!(applied.rows_written, 600);
        assert_eq!(plan.changes().counts().added, 600);
    }
    assert_eq!(store.sites().await.unwrap(), [site(""), site("Main")]);
    assert_eq!(mapped(&*store, "Main").await, sorted(many("Main")));
    assert_eq!(mapped(&*store, "").await, sorted(many("")));

    let rows =
        format!("SELECT * FROM {} ORDER BY SITE_ID, RESOURCE_TYPE, RESOURCE_ID", ground.table(RESOURCES));
    let before = ground.sql(&rows).await;
    let store = ground.store();
    let (plan, applied) = sync(&*store, &snapshot(minute(1), many("Main"))).await.unwrap();
    assert!(plan.changes().is_empty());
    assert_eq!(applied.rows_written, 0);
    assert_eq!(ground.sql(&rows).await, before, "times of change included");
    let mapping = store.load(&site("Main")).await.unwrap();
    assert_eq!(mapping.version, Version(2), "the second run has its row");
    assert_eq!(mapping.newest_snapshot_at, Some(minute(1)));
    assert_eq!(mapping.server.as_deref(), Some(SERVER));
    store.close().await.unwrap();
}

async fn sites_do_not_touch_each_other(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    // Tableau promises that a LUID is unique within a site and a kind, and no more.
    let on = |name: &str, kind| resource(name, kind, "P", "R", "same-luid");
    for name in ["A", "B"] {
        let both = ResourceKind::ALL.map(|kind| on(name, kind)).to_vec();
        sync(&*store, &snapshot_of(name, SERVER, minute(0), both)).await.unwrap();
    }
    let left = vec![on("A", ResourceKind::Workbook)];
    sync(&*store, &snapshot_of("A", SERVER, minute(1), left.clone())).await.unwrap();
    assert_eq!(mapped(&*store, "A").await, left);
    assert_eq!(mapped(&*store, "B").await.len(), 2);
}

async fn a_workbook_published_again_gets_its_new_luid(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "Sales", "old"), workbook("P", "Other", "o")]))
        .await
        .unwrap();
    let after = vec![workbook("P", "Sales", "new"), workbook("P", "Other", "o")];
    let (plan, applied) = sync(&*store, &snapshot(minute(1), after.clone())).await.unwrap();
    assert_eq!(plan.changes().counts(), Counts { replaced: 1, ..Counts::default() });
    assert_eq!(applied.rows_written, 2, "the old row goes, the new one comes");
    assert_eq!(mapped(&*store, "Main").await, sorted(after));
}

async fn a_rename_and_a_move_keep_the_luid_and_the_time_of_first_sight(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    let before = vec![workbook("P", "Sales", "1"), workbook("P", "Costs", "2"), workbook("P", "Same", "3")];
    sync(&*store, &snapshot(minute(0), before)).await.unwrap();
    let after =
        vec![workbook("P", "Revenue", "1"), workbook("P/Q", "Costs", "2"), workbook("P", "Same", "3")];
    let (plan, applied) = sync(&*store, &snapshot(minute(1), after.clone())).await.unwrap();
    assert_eq!(plan.changes().counts(), Counts { moved: 2, ..Counts::default() });
    assert_eq!(applied.rows_written, 2);
    assert_eq!(mapped(&*store, "Main").await, sorted(after));
    for row in store.load(&site("Main")).await.unwrap().rows {
        assert_eq!(row.first_seen_at, Some(minute(0)));
        let changed = if row.resource.key.name == "Same" { minute(0) } else { minute(1) };
        assert_eq!(row.changed_at, Some(changed), "{}", row.resource.key);
    }
}

async fn what_is_deleted_leaves_the_map(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "A", "1"), workbook("P", "B", "2")]))
        .await
        .unwrap();
    let (plan, applied) = sync(&*store, &snapshot(minute(1), vec![workbook("P", "A", "1")])).await.unwrap();
    assert_eq!(plan.changes().counts(), Counts { removed: 1, ..Counts::default() });
    assert_eq!(applied.rows_written, 1);
    assert_eq!(mapped(&*store, "Main").await, [workbook("P", "A", "1")]);
}

async fn projects_of_one_name_under_different_parents_stay_apart(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    let both = vec![workbook("East/Sales", "Report", "1"), workbook("West/Sales", "Report", "2")];
    let (plan, _) = sync(&*store, &snapshot(minute(0), both.clone())).await.unwrap();
    assert_eq!(plan.changes().ambiguous.len(), 1);
    assert_eq!(mapped(&*store, "Main").await, sorted(both));
    let replaced = vec![workbook("East/Sales", "Report", "1"), workbook("West/Sales", "Report", "3")];
    let (plan, _) = sync(&*store, &snapshot(minute(1), replaced.clone())).await.unwrap();
    assert_eq!(plan.changes().counts(), Counts { replaced: 1, ..Counts::default() });
    assert_eq!(mapped(&*store, "Main").await, sorted(replaced));
}

async fn what_an_incomplete_listing_misses_stays(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "A", "1"), workbook("P", "B", "2")]))
        .await
        .unwrap();
    let mut partial = snapshot(minute(1), vec![workbook("P", "A", "1"), workbook("P", "C", "3")]);
    partial.header.complete.clear();
    sync(&*store, &partial).await.unwrap();
    assert_eq!(mapped(&*store, "Main").await.len(), 3);
    let status = format!("SELECT STATUS FROM {} ORDER BY SNAPSHOT_AT", ground.table(RUNS));
    let statuses: Vec<_> = ground.sql(&status).await.into_iter().flatten().flatten().collect();
    assert_eq!(statuses, ["complete", "incomplete"]);
}

async fn a_map_of_another_server_is_refused_until_that_one_was_renamed(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "A", "1")])).await.unwrap();
    let other = "https://other.example.com";
    for (name, resources) in
        [("Main", vec![]), ("Elsewhere", vec![resource("Elsewhere", ResourceKind::Workbook, "P", "B", "2")])]
    {
        let error = sync(&*store, &snapshot_of(name, other, minute(1), resources)).await.unwrap_err();
        let StoreError::OtherServer { map, run } = error else { panic!("{error}") };
        assert_eq!((map.as_str(), run.as_str()), (SERVER, other));
    }
    assert_eq!(mapped(&*store, "Main").await.len(), 1);
    assert_eq!(mapped(&*store, "Elsewhere").await.len(), 0);
    assert_eq!(store.rename_server(SERVER, other).await.unwrap(), 1);
    assert_eq!(store.rename_server(SERVER, other).await.unwrap(), 0);
    sync(&*store, &snapshot_of("Main", other, minute(2), vec![workbook("P", "A", "1")])).await.unwrap();
    let error = sync(&*store, &snapshot(minute(3), vec![])).await.unwrap_err();
    assert!(matches!(error, StoreError::OtherServer { .. }), "{error}");
}

async fn of_two_plans_from_one_mapping_the_second_is_refused(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    let first = plan(&*store, &snapshot(minute(1), vec![workbook("P", "A", "1")])).await;
    let second = plan(&*store, &snapshot(minute(0), vec![workbook("P", "B", "2")])).await;
    store.apply(&Run::begin(), &first).await.unwrap();
    let error = ground.store().apply(&Run::begin(), &second).await.unwrap_err();
    assert!(matches!(error, StoreError::MappingChanged), "{error}");
    assert_eq!(mapped(&*store, "Main").await, [workbook("P", "A", "1")]);
    // A plan without changes is refused as well: it is a statement about a mapping that is no more.
    let empty = plan(&*store, &snapshot(minute(2), vec![workbook("P", "A", "1")])).await;
    sync(&*store, &snapshot(minute(3), vec![workbook("P", "A", "1")])).await.unwrap();
    assert!(matches!(store.apply(&Run::begin(), &empty).await, Err(StoreError::MappingChanged)));
}

async fn an_older_snapshot_is_not_planned_over_a_newer_one(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(5), vec![workbook("P", "A", "1")])).await.unwrap();
    let older = snapshot(minute(4), vec![workbook("P", "A", "0")]);
    let changes = tabmap::diff::diff(&older, &store.load(&site("Main")).await.unwrap());
    let refused = tabmap::plan::Plan::approve(changes, tabmap::plan::Limits::default()).unwrap_err();
    assert!(matches!(refused, tabmap::plan::Refused::Superseded { .. }), "{refused}");
}

async fn the_change_log_replayed_gives_the_map(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    let steps = [
        vec![workbook("P", "A", "1"), workbook("P", "B", "2"), workbook("Q", "C", "3")],
        vec![workbook("P", "A", "4"), workbook("P/Q", "B", "2"), workbook("Q", "C", "3")],
        vec![workbook("P", "A again", "4"), workbook("Q", "D", "5")],
        vec![workbook("P", "A again", "4"), workbook("Q", "D", "6"), workbook("Q", "C", "3")],
    ];
    for (number, resources) in steps.into_iter().enumerate() {
        sync(&*store, &snapshot(minute(i64::try_from(number).unwrap()), resources)).await.unwrap();
    }
    let mut replayed = BTreeMap::new();
    let log = format!(
        "SELECT C.RESOURCE_ID_BEFORE, C.RESOURCE_ID_AFTER, C.PROJECT_PATH_AFTER, C.PROJECT_NAME_AFTER, C.RESOURCE_NAME_AFTER \
         FROM {} AS C JOIN {} AS R ON R.RUN_ID = C.RUN_ID WHERE R.STATUS = 'complete' ORDER BY C.CHANGED_AT",
        ground.table(CHANGES),
        ground.table(RUNS)
    );
    for row in ground.sql(&log).await {
        let [before, after, key @ ..] = &row[..] else { panic!("{row:?}") };
        before.as_ref().map(|luid| replayed.remove(luid));
        after.as_ref().map(|luid| replayed.insert(luid.clone(), key.to_vec()));
    }
    let map = format!(
        "SELECT RESOURCE_ID, PROJECT_PATH, PROJECT_NAME, RESOURCE_NAME FROM {}",
        ground.table(RESOURCES)
    );
    let map: BTreeMap<_, _> =
        ground.sql(&map).await.into_iter().map(|row| (row[0].clone().unwrap(), row[1..].to_vec())).collect();
    assert_eq!(replayed, map);
    assert_eq!(map.len(), 3);
}

async fn the_history_of_a_luid_names_what_replaced_it(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    for (number, luid) in [(0, "a"), (1, "b"), (2, "c")] {
        sync(&*store, &snapshot(minute(number), vec![workbook("P/Q", "It's", luid)])).await.unwrap();
    }
    let of = |luid| ChangeFilter::of_luid(&Luid::new(luid).unwrap());
    let history = store.changes(&of("b")).await.unwrap();
    assert_eq!(
        history.iter().map(|change| change.change.as_str()).collect::<Vec<_>>(),
        ["replaced", "replaced"]
    );
    let last = &history[1];
    assert_eq!((last.changed_at, &last.site, last.kind), (minute(2), &site("Main"), ResourceKind::Workbook));
    let (before, after) = (last.before.as_ref().unwrap(), last.after.as_ref().unwrap());
    assert_eq!((before.luid.as_str(), after.luid.as_str()), ("b", "c"));
    assert_eq!((after.project.to_string().as_str(), after.name.as_str()), ("P/Q", "It's"));
    assert_eq!(store.changes(&of("unknown")).await.unwrap(), []);
}

async fn changes_are_found_by_a_former_name_by_their_time_and_by_their_run(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    for (number, name) in [(0, "It's"), (1, "Was"), (2, "Is")] {
        let other = workbook("P", "Other", &format!("other-{number}"));
        sync(&*store, &snapshot(minute(number), vec![workbook("P", name, "a"), other])).await.unwrap();
    }
    let changes = async |filter: ChangeFilter| store.changes(&filter).await.unwrap();
    let words =
        |changes: &[_]| changes.iter().map(|one: &RecordedChange| one.change.clone()).collect::<Vec<_>>();
    let named = |name: &str| ChangeFilter {
        lookup: Some(Lookup::Name { kind: ResourceKind::Workbook, name: name.to_owned() }),
        ..ChangeFilter::default()
    };
    assert_eq!(words(&changes(named("It's")).await), ["added", "moved"]);
    assert_eq!(words(&changes(named("Was")).await), ["moved", "moved"]);
    assert_eq!(words(&changes(named("is")).await), [""; 0]);
    let all = changes(ChangeFilter::default()).await;
    assert_eq!(all.len(), 6);
    let late = changes(ChangeFilter { since: Some(minute(1)), ..ChangeFilter::default() }).await;
    assert_eq!(late, all[2..]);
    let since = ChangeFilter { since: Some(minute(2)), ..named("Was") };
    assert_eq!(words(&changes(since).await), ["moved"]);
    let run_id = Some(all[5].run_id.clone());
    let of_run = changes(ChangeFilter { run_id, ..ChangeFilter::default() }).await;
    assert_eq!(of_run, all[4..]);
}

async fn the_past_names_what_left_its_place_and_the_last_complete_sync_of_each_site(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    let other = resource("Other", ResourceKind::Datasource, "P", "X", "x");
    sync(&*store, &snapshot_of("Other", SERVER, minute(0), vec![other])).await.unwrap();
    for (number, project, luid) in [(1, "P", "first"), (2, "P", "second!"), (3, "Q", "second!")] {
        sync(&*store, &snapshot(minute(number), vec![workbook(project, "A", luid)])).await.unwrap();
    }
    let mut partial = snapshot(minute(4), vec![]);
    partial.header.complete.clear();
    sync(&*store, &partial).await.unwrap();

    let past = store.past().await.unwrap();
    let complete_at: Vec<_> = past.complete_at.iter().map(|(site, at)| (site.as_str(), *at)).collect();
    assert_eq!(complete_at, [("Main", minute(3)), ("Other", minute(0))]);
    let changes: Vec<_> = past
        .changes
        .iter()
        .map(|change| {
            let (before, after) = (change.before.as_ref().unwrap(), change.after.as_ref().unwrap());
            let number = |side: &Side| side.details.vizportal_url_id.clone().unwrap();
            (change.change.as_str(), number(before), number(after), after.project.to_string())
        })
        .collect();
    let expected = [("replaced", "6", "8", "P"), ("moved", "8", "8", "Q")];
    assert_eq!(changes, expected.map(|(word, a, b, p)| (word, a.to_owned(), b.to_owned(), p.to_owned())));
}

async fn callers_resolve_by_the_first_four_columns(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("Finance/EMEA", "Revenue", "old")])).await.unwrap();
    sync(&*store, &snapshot(minute(1), vec![workbook("Finance/EMEA", "Revenue", "new")])).await.unwrap();
    let query = format!(
        "SELECT RESOURCE_ID FROM {} WHERE RESOURCE_TYPE = 'workbook' AND SITE_ID = 'Main' \
         AND PROJECT_NAME = 'EMEA' AND RESOURCE_NAME = 'Revenue'",
        ground.table(RESOURCES)
    );
    assert_eq!(ground.sql(&query).await, [[Some("new".to_owned())]]);
}

async fn the_run_row_counts_what_was_done(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "A", "1"), workbook("P", "B", "2")]))
        .await
        .unwrap();
    let mut second = snapshot(minute(1), vec![workbook("P", "A", "3"), workbook("P", "New", "4")]);
    second.header.notes.lagging = 5;
    sync(&*store, &second).await.unwrap();
    let columns = "STATUS, SERVER_URL, SITE_ID, SOURCE, WORKBOOKS, DATASOURCES, ADDED, REPLACED, MOVED, REMOVED, LAGGING, WARNINGS";
    let runs = format!("SELECT {columns} FROM {} ORDER BY SNAPSHOT_AT", ground.table(RUNS));
    let rows = ground.sql(&runs).await;
    let second: Vec<_> = rows[1].iter().map(|value| value.as_deref().unwrap()).collect();
    assert_eq!(second[..4], ["complete", SERVER, "Main", "metadata"]);
    assert_eq!(second[4..11], ["2", "0", "1", "1", "0", "1", "5"]);
    let warnings: Vec<String> = serde_json::from_str(second[11]).unwrap();
    assert_eq!(warnings, ["it's a warning, with `$$` in it"]);
    let unfinished = format!("SELECT COUNT(*) AS N FROM {} WHERE FINISHED_AT IS NULL", ground.table(RUNS));
    assert_eq!(ground.sql(&unfinished).await, [[Some("0".to_owned())]]);
}

#[tokio::test]
async fn a_database_that_is_missing_is_named_with_its_remedy() {
    let tenant = Tenant::new().await;
    let tables = tabmap::store::snowflake::TableNames { database: "NOWHERE".to_owned(), ..tenant.tables() };
    let options = tabmap::store::snowflake::SessionOptions::default();
    let store = tabmap::store::snowflake::SnowflakeStore::new(tenant.connection(&[]), tables, options);
    let error = tabmap::store::Store::migrate(&store).await.unwrap_err();
    let help = miette::Diagnostic::help(&error).expect("a remedy").to_string();
    assert!(help.contains("the database must exist"), "{help}");
    let StoreError::Snowflake(error) = error else { panic!("{error:?}") };
    assert!(error.fault.to_string().contains("NOWHERE"), "{:?}", error.fault);
}

#[tokio::test]
async fn other_names_of_the_tables_are_taken_as_they_are() {
    let tenant = Tenant::new().await;
    let tables = tabmap::store::snowflake::TableNames {
        schema: "my schema".to_owned(),
        resources: "the \"map\"".to_owned(),
        runs: "runs; --".to_owned(),
        ..tenant.tables()
    };
    let options = tabmap::store::snowflake::SessionOptions::default();
    let store = tabmap::store::snowflake::SnowflakeStore::new(tenant.connection(&[]), tables, options);
    tabmap::store::Store::migrate(&store).await.unwrap();
    sync(&store, &snapshot(minute(0), vec![workbook("P", "A", "1")])).await.unwrap();
    assert_eq!(mapped(&store, "Main").await, [workbook("P", "A", "1")]);
}
