//! A repository that is another server's: nothing in its tables says so, and the map does.

use tableau_simulator::Content;
use test_support::desk::{Desk, sized};
use test_support::workgroup::{Version, Workgroup};

use super::{mapped_desk, refused_by};

const WORDS: [&str; 3] =
    ["it is another server's", "nothing was changed", "`host` under `[tableau.repository]`"];

/// A repository with two sites that the map knows nothing of, and none of the map's.
fn elsewhere() -> Workgroup {
    let mut content = Content { seed: 99, ..sized(&[6, 9]) };
    content.sites[0].content_url = String::new();
    let other = Workgroup::new(Version::New);
    other.fill(&Desk::with(content).tableau);
    other
}

#[test]
fn repository_that_knows_nothing_of_the_map_is_refused_for_any_site_and_whatever_is_asked_of_it() {
    let (mut desk, workgroup) = mapped_desk(Version::New);
    elsewhere().enter(&mut desk);
    for command in [
        &["sync", "--site", "Site2"][..],
        &["sync", "--site", "Site2", "--dry-run"],
        &["sync", "--all-sites"],
        &["backfill", "--all-sites"],
        &["sync", "--remove-site", "MySite"],
        &["check", "--site", "MySite"],
    ] {
        refused_by(&desk, command, 1, &WORDS);
    }
    workgroup.enter(&mut desk);
    desk.done(&["sync"]);
    desk.done(&["check"]);
}

#[test]
fn site_of_the_same_name_and_content_on_another_server_is_refused_where_no_row_names_its_project() {
    let (desk, workgroup) = mapped_desk(Version::New);
    desk.map()
        .execute_batch("UPDATE API__TABLEAU__RESOURCES SET PROJECT_ID = NULL")
        .expect("rows of a table");
    for table in ["workbooks", "datasources", "projects"] {
        workgroup.sql(&format!("UPDATE {table} SET luid = gen_random_uuid()"));
    }
    refused_by(&desk, &["sync"], 1, &WORDS);
}

#[test]
fn one_resource_of_any_site_proves_the_server_and_a_map_without_rows_takes_any() {
    let mut desk = Desk::with(sized(&[3, 6, 3]));
    let workgroup = Workgroup::new(Version::New);
    workgroup.enter_alone(&mut desk);
    workgroup.fill(&desk.tableau);
    desk.done(&["init"]);
    desk.done(&["sync"]);
    // Site1 and Site3 were deleted, and all that Site2 held but one.
    let tables = ["datasources", "projects_contents", "projects"];
    workgroup.sql(&tables.map(|table| format!("DELETE FROM {table};")).concat());
    workgroup.sql("DELETE FROM workbooks WHERE site_id <> 2; DELETE FROM sites WHERE id <> 2");
    workgroup.sql("DELETE FROM workbooks WHERE id <> (SELECT min(id) FROM workbooks)");
    let removed = desk.done(&["sync", "--remove-site", "Site3"]);
    assert!(removed.contains("3 removed"), "{removed}");
    assert_eq!(desk.mapped("Site3").len(), 0);
}
