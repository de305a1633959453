//! Looking one resource up, on both stores.

use tabmap::resource::{Luid, ResourceKind};
use tabmap::store::Lookup;

use crate::ground::{
    Ground, RESOURCES, SERVER, SqliteGround, minute, resource, site, snapshot, snapshot_of, sync, workbook,
};
use test_support::emulator::Tenant;

on_both_stores! {
    one_resource_is_found_by_luid_number_and_name
    numbers_that_another_tool_wrote_as_numbers_are_found
}

const KIND: ResourceKind = ResourceKind::Workbook;

fn name(name: &str) -> Lookup {
    Lookup::Name { kind: KIND, name: name.to_owned() }
}

async fn one_resource_is_found_by_luid_number_and_name(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    let found = store.find(&name("Sales"), &[]).await.unwrap();
    assert_eq!((found.rows.len(), found.server), (0, None));
    let sales = workbook("P", "Sales", "luid-1");
    let cafe = workbook("P/it's $$", "Cafe\u{301}", "luid-22");
    let twin = resource("Other", ResourceKind::Workbook, "P", "Sales", "luid-1");
    sync(&*store, &snapshot(minute(0), vec![sales.clone(), cafe.clone()])).await.unwrap();
    sync(&*store, &snapshot_of("Other", SERVER, minute(0), vec![twin.clone()])).await.unwrap();
    let number = Lookup::Number { kind: KIND, number: cafe.details.vizportal_url_id.clone().unwrap() };
    let luid = Lookup::Luid { kind: None, luid: Luid::new("luid-1").unwrap() };
    for (lookup, on, expected) in [
        (luid, vec![], vec![&sales, &twin]),
        (name("Sales"), vec![], vec![&sales, &twin]),
        (name("Sales"), vec![site("other")], vec![&twin]),
        (name("Sales"), vec![site("Nowhere")], vec![]),
        (name("sales"), vec![], vec![]),
        (name("Caf\u{e9}"), vec![], vec![&cafe]),
        (number, vec![], vec![&cafe]),
    ] {
        let found = store.find(&lookup, &on).await.unwrap();
        let mut resources: Vec<_> = found.rows.iter().map(|row| &row.resource).collect();
        resources.sort();
        assert_eq!(resources, expected, "{lookup:?}");
        assert!(found.rows.iter().all(|row| row.changed_at == Some(minute(0))));
        assert!(expected.is_empty() || found.server.as_deref() == Some(SERVER));
    }
}

async fn numbers_that_another_tool_wrote_as_numbers_are_found(ground: &dyn Ground) {
    ground.prepare().await;
    let table = ground.table(RESOURCES);
    let columns = "RESOURCE_TYPE VARCHAR, SITE_ID VARCHAR, PROJECT_NAME VARCHAR, RESOURCE_NAME VARCHAR, \
                   RESOURCE_ID VARCHAR, VIZPORTAL_URL_ID NUMERIC";
    ground.sql(&format!("CREATE TABLE {table} ({columns})")).await;
    ground.sql(&format!("INSERT INTO {table} VALUES ('workbook', 'Main', 'P', 'Sales', 'luid-1', 7)")).await;
    let store = ground.store();
    store.migrate().await.unwrap();
    for text in ["7", "Sales"] {
        assert_eq!(store.find(&name(text), &[]).await.unwrap().rows.len(), 1, "{text}");
    }
}

#[tokio::test]
async fn one_bounded_statement_looks_a_resource_up_in_snowflake() {
    let tenant = Tenant::new().await;
    let store = Ground::store(&tenant);
    store.migrate().await.unwrap();
    sync(&*store, &snapshot(minute(0), vec![workbook("P", "Sales", "luid-1")])).await.unwrap();
    let before = tenant.statements().await.len();
    store.find(&name("Caf\u{e9}"), &[site("Main")]).await.unwrap();
    let statements = tenant.statements().await.split_off(before);
    let [statement] = &statements[..] else { panic!("{statements:?}") };
    assert!(statement.starts_with("SELECT R.SITE_ID") && statement.contains("WHERE R.RESOURCE_NAME"));
}
