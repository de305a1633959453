//! Names as people write them come back byte for byte.
use test_support::emulator::Tenant;

use crate::ground::{Ground, SqliteGround, mapped, minute, snapshot, sorted, sync, workbook};

fn nasty_names() -> Vec<String> {
    let names = [
        "It's",
        "say \"hello\"",
        "back\\slash",
        "\\",
        "\\'",
        "\\n is not a newline",
        "a\nb",
        "a\r\nb",
        "tab\there",
        "$$",
        "$foo",
        "$1",
        "a$$b$$c",
        "-- comment",
        "/* comment */",
        "a; DROP TABLE x;",
        "?",
        "??",
        ":name",
        "%s",
        "{}",
        "{{}}",
        "{site}",
        "{resources}",
        "NULL",
        "null",
        "''",
        " ",
        " leading and trailing ",
        "日本語のレポート",
        "Ünïcödé",
        "👩\u{200d}💻 report",
        "\u{1f1e9}\u{1f1ea}",
        "line\u{2028}separator",
        "\u{feff}bom",
        "rtl \u{202e}txet",
        "e\u{301} is not \u{e9}",
        "\u{e9} is not e\u{301}",
        "\u{1}control",
        "<b>&amp;</b>",
        "Case",
        "case",
        "CASE",
        "123",
        "1e5",
        "true",
        "[1, 2]",
        "{\"a\": 1}",
        "a/b",
        "a\\/b",
        "\\u0041",
        "\\u0000",
    ];
    let mut names: Vec<_> = names.map(str::to_owned).to_vec();
    names.push("x".repeat(255));
    names.push("\u{1f600}".repeat(255));
    names
}

async fn every_name_comes_back_byte_for_byte(ground: &dyn Ground) {
    let store = ground.store();
    store.migrate().await.unwrap();
    let resources: Vec<_> = nasty_names()
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let project =
                tabmap::resource::ProjectPath::from_root(vec!["Root".to_owned(), name.clone()]).unwrap();
            workbook(&project.to_string(), name, &format!("luid-{number}"))
        })
        .collect();
    sync(&*store, &snapshot(minute(0), resources.clone())).await.unwrap();
    assert_eq!(mapped(&*store, "Main").await, sorted(resources.clone()));
    // And they are recognised: nothing has changed.
    let (plan, applied) = sync(&*store, &snapshot(minute(1), resources.clone())).await.unwrap();
    assert_eq!((plan.changes().is_empty(), applied.rows_written), (true, 0));
    // Each of them survives a rename into the next.
    let names = nasty_names();
    let renamed: Vec<_> = resources
        .into_iter()
        .enumerate()
        .map(|(number, mut resource)| {
            resource.key.name.clone_from(&names[(number + 1) % names.len()]);
            resource
        })
        .collect();
    sync(&*store, &snapshot(minute(2), renamed.clone())).await.unwrap();
    assert_eq!(mapped(&*store, "Main").await, sorted(renamed));
    let luid = tabmap::resource::Luid::new("luid-0").unwrap();
    let history = store.changes(&tabmap::store::ChangeFilter::of_luid(&luid)).await.unwrap();
    let moved = history.last().unwrap();
    assert_eq!(moved.before.as_ref().unwrap().name, names[0]);
    assert_eq!(moved.after.as_ref().unwrap().name, names[1]);
}

#[tokio::test]
async fn every_name_comes_back_byte_for_byte_from_sqlite() {
    every_name_comes_back_byte_for_byte(&SqliteGround::new()).await;
}

#[tokio::test]
async fn every_name_comes_back_byte_for_byte_from_snowflake() {
    every_name_comes_back_byte_for_byte(&Tenant::new().await).await;
}

#[tokio::test]
async fn a_site_whose_name_needs_quoting_is_kept_apart_from_others() {
    let tenant = Tenant::new().await;
    let store = Ground::store(&tenant);
    store.migrate().await.unwrap();
    for name in ["it's", "a$$b", "日本"] {
        let kind = tabmap::resource::ResourceKind::Workbook;
        let resources = vec![crate::ground::resource(name, kind, "P", "R", name)];
        let snapshot = crate::ground::snapshot_of(name, crate::ground::SERVER, minute(0), resources.clone());
        sync(&*store, &snapshot).await.unwrap();
        assert_eq!(mapped(&*store, name).await, resources);
    }
    assert_eq!(store.sites().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_plan_too_long_for_one_statement_is_staged_in_several() {
    let tenant = Tenant::new().await;
    let store = Ground::store(&tenant);
    store.migrate().await.unwrap();
    let long = "long name ".repeat(25);
    let resources: Vec<_> = (0..3_000)
        .map(|number| workbook("P/Q", &format!("{long}{number}"), &format!("luid-{number}")))
        .collect();
    let (_, applied) = sync(&*store, &snapshot(minute(0), resources.clone())).await.unwrap();
    assert_eq!(applied.rows_written, 3_000);
    assert_eq!(mapped(&*store, "Main").await, sorted(resources), "also read in several chunks");
    let statements = tenant.statements().await;
    assert!(statements.iter().all(|sql| sql.len() < 1_000_000));
    let is_staging = |sql: &&String| sql.starts_with("INSERT INTO") && sql.contains("TABMAP_STAGED_ROWS\" (");
    let staged = statements.iter().filter(is_staging).count();
    assert!(staged > 1, "{staged}");
}
