//! How many statements a sync sends to Snowflake, and how long they are.

use tabmap::resource::{Resource, ResourceKind};
use test_support::emulator::Tenant;
use uuid::Uuid;

use crate::ground::{Ground, minute, resource, snapshot, sync};

/// As long as real ones.
fn resources(count: u32, suffix: &str) -> Vec<Resource> {
    (0..count)
        .map(|number| {
            let project = format!("Finance/EMEA {}", number % 50);
            let name = format!("Weekly Sales {number:05}{suffix}");
            let luid = Uuid::from_u128(0x3f25_04e0_4f89_41d3_9a0c_0000_0000_0000 + u128::from(number));
            resource("Main", ResourceKind::Workbook, &project, &name, &luid.to_string())
        })
        .collect()
}

/// What was sent since so many statements.
async fn since(tenant: &Tenant, before: usize) -> Vec<String> {
    tenant.statements().await.split_off(before)
}

#[tokio::test]
async fn unchanged_site_takes_three_statements_of_one_length_whatever_its_size() {
    let mut lengths = Vec::new();
    for count in [20, 1_500] {
        let tenant = Tenant::new().await;
        let store = Ground::store(&tenant);
        store.migrate().await.unwrap();
        sync(&*store, &snapshot(minute(0), resources(count, ""))).await.unwrap();
        let mut loads = Vec::new();
        for step in 1..3 {
            let before = tenant.statements().await.len();
            let (plan, _) = sync(&*store, &snapshot(minute(step), resources(count, ""))).await.unwrap();
            assert!(plan.changes().is_empty());
            let sent = since(&tenant, before).await;
            assert_eq!(sent.len(), 3, "{sent:#?}");
            assert!(!sent.iter().any(|sql| sql.starts_with("USE")), "{sent:#?}");
            lengths.push(sent.iter().map(|sql| sql.len() / 100).collect::<Vec<_>>());
            loads.push(sent.into_iter().next());
        }
        assert_eq!(loads[0], loads[1], "the same text is answered from the result cache");
    }
    assert!(lengths.windows(2).all(|two| two[0] == two[1]), "{lengths:?}");
}

#[tokio::test]
async fn changes_take_five_statements_more_and_one_for_four_thousand_of_them() {
    let tenant = Tenant::new().await;
    let store = Ground::store(&tenant);
    store.migrate().await.unwrap();
    let all = resources(5_000, "");
    sync(&*store, &snapshot(minute(0), all.clone())).await.unwrap();
    for (step, count) in [(1, 1), (2, 900), (3, 5_000)] {
        let renamed = resources(count, &format!(" {step}"));
        let now = renamed.into_iter().chain(all.iter().skip(count as usize).cloned()).collect();
        let before = tenant.statements().await.len();
        let (plan, applied) = sync(&*store, &snapshot(minute(step), now)).await.unwrap();
        assert_eq!((plan.changes().counts().moved, applied.rows_written), (count.into(), count.into()));
        let sent = since(&tenant, before).await;
        let most = 3 + 5 + count as usize / 4_000;
        assert!(sent.len() <= most, "{count} changes: {} statements, not {most}", sent.len());
        assert!(sent.iter().all(|sql| sql.len() < 1_000_000));
    }
}
