//! What every store promises about tables that are there already: of another tool, of an earlier version, of somebody
//! else.

use tabmap::diff::Counts;
use tabmap::mapping::Version;
use tabmap::resource::ResourceKind;
use tabmap::store::StoreError;
use test_support::emulator::Tenant;

use crate::ground::{
    CHANGES, Ground, RESOURCES, RUNS, SqliteGround, mapped, minute, resource, site, snapshot, sorted, sync,
    workbook,
};

on_both_stores! {
    a_map_of_another_tool_is_adopted_with_its_rows
    rows_that_share_a_luid_become_one
    rows_of_another_type_are_left_alone
    a_table_that_is_not_a_map_is_refused
    a_table_that_needs_more_than_we_write_is_refused
    other_tables_in_the_place_of_runs_and_changes_are_refused
    migrating_again_changes_nothing
    a_map_that_is_not_there_is_reported_as_such
    a_change_log_of_an_earlier_version_is_upgraded_with_its_rows
}

/// A map as the tool before this one wrote it: five columns.
async fn write_old_map(ground: &dyn Ground, rows: &[[&str; 5]]) {
    ground.prepare().await;
    let table = ground.table(RESOURCES);
    let columns = "RESOURCE_TYPE VARCHAR, SITE_ID VARCHAR, PROJECT_NAME VARCHAR, RESOURCE_NAME VARCHAR, RESOURCE_ID VARCHAR";
    ground.sql(&format!("CREATE TABLE {table} ({columns})")).await;
    for row in rows {
        ground.sql(&format!("INSERT INTO {table} VALUES ('{}')", row.join("', '"))).await;
    }
}

/// The tables of ours that are there.
async fn tables(ground: &dyn Ground) -> Vec<String> {
    let query = if ground.table("x") == "x" {
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1"
    } else {
        "SELECT TABLE_NAME AS N FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'MAPPING_TABLES' ORDER BY 1"
    };
    ground.sql(query).await.into_iter().flatten().flatten().collect()
}

async fn a_map_of_another_tool_is_adopted_with_its_rows(ground: &dyn Ground) {
    let old = [
        ["workbook", "Main", "Sales", "Revenue", "wb-1"],
        ["workbook", "Main", "Sales", "Gone", "wb-2"],
        ["datasource", "Main", "Sales", "Orders", "ds-old"],
        ["workbook", "Other", "Sales", "Untouched", "wb-9"],
    ];
    write_old_map(ground, &old).await;
    let store = ground.store();
    let migration = store.migrate().await.unwrap();
    assert!(migration.steps.iter().any(|step| step.contains("PROJECT_PATH")), "{:?}", migration.steps);
    let mapping = store.load(&site("Main")).await.unwrap();
    assert_eq!(mapping.rows.len(), 3, "no row is lost");
    assert_eq!((mapping.version, mapping.server), (Version(0), None));
    assert!(mapping.rows.iter().all(|row| !row.resource.key.project.is_rooted() && row.changed_at.is_none()));

    let now = vec![
        workbook("Europe/Sales", "Revenue", "wb-1"),
        resource("Main", ResourceKind::Datasource, "Europe/Sales", "Orders", "ds-new"),
    ];
    let (plan, _) = sync(&*store, &snapshot(minute(0), now.clone())).await.unwrap();
    assert_eq!(
        plan.changes().counts(),
        Counts { replaced: 1, removed: 1, corrected: 1, ..Counts::default() }
    );
    assert_eq!(mapped(&*store, "Main").await, sorted(now));
    assert_eq!(mapped(&*store, "Other").await.len(), 1);
}

async fn rows_that_share_a_luid_become_one(ground: &dyn Ground) {
    let old = [
        ["workbook", "Main", "Sales", "Revenue", "wb-1"],
        ["workbook", "Main", "Sales", "Revenue", "wb-1"],
        ["workbook", "Main", "Attic", "Old name", "wb-1"],
        ["workbook", "Other", "Sales", "Revenue", "wb-1"],
        ["flow", "Main", "Sales", "A flow", "wb-1"],
        ["flow", "Main", "Sales", "A flow", "wb-1"],
    ];
    write_old_map(ground, &old).await;
    for _ in 0..2 {
        let row = "(RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME, RESOURCE_ID) \
                   VALUES ('workbook', NULL, 'Sales', 'Nowhere', 'wb-1')";
        ground.sql(&format!("INSERT INTO {} {row}", ground.table(RESOURCES))).await;
    }
    let store = ground.store();
    store.migrate().await.unwrap();
    let now = vec![workbook("Europe/Sales", "Revenue", "wb-1")];
    sync(&*store, &snapshot(minute(0), now.clone())).await.unwrap();
    assert_eq!(mapped(&*store, "Main").await, now);
    assert_eq!(mapped(&*store, "Other").await.len(), 1);
    let flows = format!("SELECT COUNT(*) AS N FROM {} WHERE RESOURCE_TYPE = 'flow'", ground.table(RESOURCES));
    assert_eq!(ground.sql(&flows).await, [[Some("2".to_owned())]], "rows of others stay, even equal ones");
    let nowhere = format!("SELECT COUNT(*) AS N FROM {} WHERE SITE_ID IS NULL", ground.table(RESOURCES));
    assert_eq!(ground.sql(&nowhere).await, [[Some("2".to_owned())]], "and those of no site");
    let (plan, _) = sync(&*store, &snapshot(minute(1), now)).await.unwrap();
    assert!(plan.changes().is_empty());
}

async fn rows_of_another_type_are_left_alone(ground: &dyn Ground) {
    write_old_map(
        ground,
        &[["flow", "Main", "Sales", "A flow", "f-1"], ["Workbook", "Main", "Sales", "Revenue", "wb-1"]],
    )
    .await;
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "A", "1")])).await.unwrap();
    let mapping = store.load(&site("Main")).await.unwrap();
    assert_eq!((mapping.rows.len(), mapping.misspelt_rows), (1, 1));
}

async fn a_table_that_is_not_a_map_is_refused(ground: &dyn Ground) {
    ground.prepare().await;
    let table = ground.table(RESOURCES);
    ground
        .sql(&format!("CREATE TABLE {table} (RESOURCE_TYPE VARCHAR, SITE_ID VARCHAR, PRICE VARCHAR)"))
        .await;
    let Err(StoreError::ForeignTable { reason, .. }) = ground.store().migrate().await else {
        panic!("a table without PROJECT_NAME was taken for a map")
    };
    assert_eq!(reason, "it has no column PROJECT_NAME");
    assert!(tables(ground).await.iter().all(|name| name == RESOURCES), "nothing was created");
}

async fn a_table_that_needs_more_than_we_write_is_refused(ground: &dyn Ground) {
    ground.prepare().await;
    let columns = "RESOURCE_TYPE VARCHAR, SITE_ID VARCHAR, PROJECT_NAME VARCHAR, RESOURCE_NAME VARCHAR, RESOURCE_ID VARCHAR";
    ground
        .sql(&format!("CREATE TABLE {} ({columns}, OWNER VARCHAR NOT NULL)", ground.table(RESOURCES)))
        .await;
    let error = ground.store().migrate().await.unwrap_err();
    assert!(matches!(&error, StoreError::ForeignTable { reason, .. } if reason.contains("OWNER")), "{error}");
    assert!(tables(ground).await.iter().all(|name| name == RESOURCES), "nothing was created");
}

async fn other_tables_in_the_place_of_runs_and_changes_are_refused(ground: &dyn Ground) {
    ground.prepare().await;
    for (table, missing) in [(CHANGES, "RESOURCE_TYPE"), (RUNS, "SERVER_URL")] {
        let columns = "RUN_ID VARCHAR, CHANGED_AT VARCHAR, SITE_ID VARCHAR, CHANGE VARCHAR";
        ground.sql(&format!("CREATE TABLE {} ({columns})", ground.table(table))).await;
        let Err(StoreError::ForeignTable { table: refused, reason, .. }) = ground.store().migrate().await
        else {
            panic!("{table} of somebody else was taken for ours")
        };
        assert_eq!((refused, reason), (ground.table(table), format!("it has no column {missing}")));
    }
    assert_eq!(tables(ground).await, [CHANGES, RUNS], "nothing was created");
}

async fn migrating_again_changes_nothing(ground: &dyn Ground) {
    let store = ground.store();
    assert!(!store.migrate().await.unwrap().steps.is_empty());
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "A", "1")])).await.unwrap();
    assert_eq!(store.migrate().await.unwrap().steps, Vec::<String>::new());
    assert_eq!(mapped(&*store, "Main").await.len(), 1);
    assert_eq!(tables(ground).await, [RESOURCES, CHANGES, RUNS]);
}

async fn a_map_that_is_not_there_is_reported_as_such(ground: &dyn Ground) {
    let error = ground.store().load(&site("Main")).await.unwrap_err();
    assert!(matches!(error, StoreError::NotInitialised { .. }), "{error}");
    write_old_map(ground, &[["workbook", "Main", "Sales", "Revenue", "wb-1"]]).await;
    let error = ground.store().load(&site("Main")).await.unwrap_err();
    // Snowflake does not say whether it is a table that it does not know, or a column.
    let is_told = matches!(error, StoreError::NotInitialised { .. } | StoreError::Outdated { .. });
    let help = miette::Diagnostic::help(&error).expect("a remedy").to_string();
    assert!(is_told && help.contains("tabmap init"), "{error}: {help}");
}

async fn a_change_log_of_an_earlier_version_is_upgraded_with_its_rows(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "A", "old")])).await.unwrap();
    sync(&*store, &snapshot(minute(1), vec![workbook("P", "A", "new")])).await.unwrap();
    for column in ["VIZPORTAL_URL_ID_BEFORE", "VIZPORTAL_URL_ID_AFTER"] {
        ground.sql(&format!("ALTER TABLE {} DROP COLUMN {column}", ground.table(CHANGES))).await;
    }
    let past = store.past().await;
    assert!(matches!(past, Err(StoreError::NotInitialised { .. } | StoreError::Outdated { .. })), "{past:?}");
    assert!(!store.migrate().await.unwrap().steps.is_empty());
    let past = store.past().await.unwrap();
    let before = past.changes[0].before.as_ref().unwrap();
    assert_eq!((before.luid.as_str(), &before.details.vizportal_url_id), ("old", &None));
    assert_eq!(store.migrate().await.unwrap().steps, Vec::<String>::new());
}
