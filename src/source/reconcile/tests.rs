//! Tables of what the two listings and single looks make together, in a line for each resource and note.

use serde_json::json;

use super::*;
use crate::resource::sample::{line, site};
use crate::tableau::content::Unreadable;

const WORKBOOK: ResourceKind = ResourceKind::Workbook;

fn luid(text: &str) -> Luid {
    Luid::new(text).expect("a LUID")
}

/// Reads `PROJECT::NAME[=LUID][#NUMBER]`; what is written `?` is withheld.
fn node(line: &str) -> Node {
    let (line, number) = line.split_once('#').map_or((line, None), |(line, number)| (line, Some(number)));
    let (place, luid) = line.split_once('=').map_or((line, None), |(place, luid)| (place, Some(luid)));
    let (project, name) = place.split_once("::").expect("a project");
    let known = |text: &str| (text != "?").then(|| text.to_owned());
    Node {
        luid: luid.and_then(Luid::new),
        name: known(name),
        vizportal_url_id: number.map(ToOwned::to_owned),
        project_name: known(project),
        project_luid: None,
    }
}

/// Reads `PROJECT::NAME=LUID`; one without a project is in a Personal Space.
fn entry(line: &str) -> RestResource {
    let (place, luid) = line.split_once('=').expect("a LUID");
    let (project, name) = place.split_once("::").expect("a project");
    let project = (!project.is_empty()).then(|| json!({ "name": project }));
    serde_json::from_value(json!({ "id": luid, "name": name, "project": project }))
        .expect("a resource of REST")
}

/// All that the Metadata API announced.
fn metadata(lines: &[&str]) -> Listed {
    let nodes: Vec<_> = lines.iter().map(|line| node(line)).collect();
    let announced = Some(nodes.len());
    Listed { nodes, evidence: Evidence { announced, ..Evidence::default() } }
}

/// All that REST announced.
fn rest(lines: &[&str]) -> Listing<RestResource> {
    let entries: Vec<_> = lines.iter().map(|line| entry(line)).collect();
    Listing { announced: Some(entries.len()), entries, unreadable: Vec::new(), is_complete: true }
}

fn cut_short(lines: &[&str]) -> Listing<RestResource> {
    Listing { is_complete: false, announced: None, ..rest(lines) }
}

/// What single looks brought: those that are there, and the LUIDs of those that are gone, or that nobody answered for.
fn looks(found: &[&str], gone: &[&str], open: &[&str]) -> Lookups {
    let ids = |luids: &[&str]| luids.iter().map(|text| (WORKBOOK, luid(text))).collect();
    Lookups {
        found: BTreeMap::from([(WORKBOOK, found.iter().map(|line| entry(line)).collect())]),
        gone: ids(gone),
        open: ids(open),
        ..Lookups::default()
    }
}

fn together(listed: Option<Listed>, listing: Option<Listing<RestResource>>, lookups: Lookups) -> Found {
    let listed = listed.map(|listed| (WORKBOOK, listed)).into_iter().collect();
    let listings = listing.map(|listing| (WORKBOOK, listing)).into_iter().collect();
    reconcile(&site(), listed, Witness { listings, ..Witness::default() }, lookups)
}

/// The resources, whether nothing of the kind is missing, what is gone, and the counts that are not 0.
fn lines(found: &Found) -> Vec<String> {
    let mut lines: Vec<_> = found.resources.iter().map(line).collect();
    lines.extend(found.complete.contains(&WORKBOOK).then(|| "complete".to_owned()));
    lines.extend(found.gone.iter().map(|(_, luid)| format!("gone {luid}")));
    let Notes { lagging, ghosts, skipped, .. } = found.notes;
    let counts = [("lagging", lagging), ("ghosts", ghosts), ("skipped", skipped)];
    lines
        .extend(counts.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{word} {count}")));
    lines
}

#[track_caller]
fn check(
    listed: Option<Listed>,
    listing: Option<Listing<RestResource>>,
    lookups: Lookups,
    expected: &[&str],
) -> Vec<String> {
    let found = together(listed, listing, lookups);
    assert_eq!(lines(&found), expected);
    found.notes.warnings
}

fn nothing() -> Lookups {
    Lookups::default()
}

#[test]
fn rest_decides_what_exists_and_the_metadata_api_adds_the_number() {
    let quiet = |listed: &[&str], listing: &[&str], expected: &[&str]| {
        let warnings = check(Some(metadata(listed)), Some(rest(listing)), nothing(), expected);
        assert!(warnings.is_empty(), "{warnings:?}");
    };
    quiet(&[], &[], &["complete"]);
    quiet(&["A::x=1#7"], &["A::x=1"], &["~A::x=1#7", "complete"]);
    // Not known there yet, renamed or moved meanwhile: REST is right.
    quiet(&[], &["A::x=1"], &["~A::x=1", "complete", "lagging 1"]);
    quiet(&["A::y=1#7"], &["A::x=1"], &["~A::x=1#7", "complete", "lagging 1"]);
    quiet(&["B::x=1#7"], &["A::x=1"], &["~A::x=1#7", "complete", "lagging 1"]);
    // What is withheld is no contradiction.
    quiet(&["?::?=1#7"], &["A::x=1"], &["~A::x=1#7", "complete"]);
    // Gone for REST: the Metadata API shows a ghost.
    quiet(&["A::x=1", "A::y=2"], &["A::x=1"], &["~A::x=1", "complete", "ghosts 1"]);
    quiet(&["A::x=1", "A::y"], &["A::x=1"], &["~A::x=1", "complete", "skipped 1"]);
}

#[test]
fn what_is_in_a_personal_space_has_no_place_in_the_map() {
    let expected = ["~A::y=2", "complete", "gone 1", "lagging 1", "skipped 1"];
    check(Some(metadata(&["Personal Space::x=1"])), Some(rest(&["::x=1", "A::y=2"])), nothing(), &expected);
    // Where the listing may lack some, it is not certain that it was moved there.
    let warnings = check(
        Some(metadata(&["Personal Space::x=1"])),
        Some(cut_short(&["::x=1"])),
        nothing(),
        &["skipped 1"],
    );
    assert_eq!(warnings, ["the REST listing of workbooks changed while it was read"]);
}

#[test]
fn a_listing_of_rest_that_may_lack_some_makes_no_ghosts() {
    let listed = || Some(metadata(&["A::x=1", "A::y=2", "A::z=3"]));
    check(listed(), Some(cut_short(&["A::x=1"])), nothing(), &["~A::x=1"]);
    // What it lacks comes from a single look, or is gone when REST says so.
    let expected = ["~A::x=1", "~A::y=2", "gone 3", "ghosts 1"];
    check(listed(), Some(cut_short(&["A::x=1"])), looks(&["A::y=2"], &["3"], &[]), &expected);
}

#[test]
fn rest_is_complete_only_when_every_look_was_answered() {
    let listed = || Some(metadata(&["A::x=1"]));
    let warnings = check(listed(), Some(rest(&["A::x=1"])), looks(&[], &[], &["2"]), &["~A::x=1"]);
    assert_eq!(warnings, ["the REST listing of workbooks could not be checked"]);
    // Counts that never agree are told, with the way out.
    let more = Listing { announced: Some(3), is_complete: false, ..rest(&["A::x=1"]) };
    let warnings = check(listed(), Some(more), nothing(), &["~A::x=1"]);
    assert!(
        warnings[0].starts_with("the REST listing of workbooks announced 3 and held 1: if"),
        "{warnings:?}"
    );
    let told = Listing { announced: Some(3), ..rest(&["A::x=1"]) };
    let warnings = check(listed(), Some(told), nothing(), &["~A::x=1", "complete"]);
    assert_eq!(warnings, ["the REST listing of workbooks announced 3 and held 1"]);
}

#[test]
fn an_entry_that_cannot_be_read_costs_that_entry_alone() {
    let unreadable = Unreadable { luid: Some(luid("2")), reason: "entry 2 of page 1".to_owned() };
    let listing = Listing { unreadable: vec![unreadable], announced: Some(2), ..rest(&["A::x=1"]) };
    let expected = ["~A::x=1", "complete", "skipped 1"];
    let warnings = check(Some(metadata(&["A::x=1", "A::y=2"])), Some(listing), nothing(), &expected);
    assert_eq!(warnings, ["REST lists 1 workbook(s) that cannot be read, the first is entry 2 of page 1"]);
}

#[test]
fn without_rest_the_metadata_api_is_believed_where_nothing_speaks_against_it() {
    check(Some(metadata(&["A::x=1#7"])), None, nothing(), &["~A::x=1#7", "complete"]);
    check(Some(metadata(&["Personal Space::x=1"])), None, nothing(), &["complete", "skipped 1"]);
    let doubted = |listed: Listed, lookups: Lookups, expected: &[&str], why: &str| {
        let warnings = check(Some(listed), None, lookups, expected);
        assert_eq!(warnings, [format!("the Metadata API's listing of workbooks may be incomplete ({why})")]);
    };
    let mut fewer = metadata(&["A::x=1"]);
    fewer.evidence.announced = Some(2);
    doubted(fewer, nothing(), &["~A::x=1"], "1 of 2 listed");
    let mut limited = metadata(&["A::x=1"]);
    limited.evidence.codes.insert("NODE_LIMIT_EXCEEDED".to_owned());
    doubted(limited, nothing(), &["~A::x=1"], "NODE_LIMIT_EXCEEDED");
    doubted(metadata(&["A::?=1"]), nothing(), &["skipped 1"], "withheld names");
    // The row of one that nobody confirmed stays as it is.
    let open = "REST could not confirm 1 that differ from the map";
    doubted(metadata(&["A::x=1"]), looks(&[], &[], &["1"]), &[], open);
    // A new one that nobody confirmed is in nobody's place.
    let new = Lookups { unproven: BTreeSet::from([(WORKBOOK, luid("1"))]), ..nothing() };
    doubted(metadata(&["A::x=1"]), new, &["~A::x=1"], open);
}

#[test]
fn project_of_a_resource_that_the_metadata_api_alone_lists_keeps_its_luid() {
    let listed = Listed {
        nodes: vec![Node { project_luid: Some(luid("p-1")), ..node("A::Sales=1") }],
        ..metadata(&[])
    };
    let found = together(Some(listed), None, nothing());
    assert_eq!(found.resources[0].details.project_luid, Some(luid("p-1")));
}

#[test]
fn single_looks_correct_the_metadata_api_where_rest_lists_nothing() {
    let listed = || Some(metadata(&["A::x=1#7", "A::y=2"]));
    let expected = ["~A::z=1#7", "complete", "gone 2", "lagging 1", "ghosts 1"];
    check(listed(), None, looks(&["A::z=1"], &["2"], &[]), &expected);
    // One that only the map knew, and that is still there.
    let expected = ["~A::x=1#7", "~A::y=2", "~B::w=3", "complete", "lagging 1"];
    check(listed(), None, looks(&["B::w=3"], &[], &[]), &expected);
}

#[test]
fn of_a_kind_that_nobody_lists_single_looks_are_all_there_is() {
    let warnings = check(None, None, looks(&["A::x=1"], &["2"], &["3"]), &["~A::x=1", "gone 2"]);
    assert_eq!(
        warnings,
        ["1 workbook(s) of the map could not be looked up by LUID either: their rows stay as they are"]
    );
    check(None, None, nothing(), &[]);
}

#[test]
fn rest_alone_lags_behind_nothing() {
    check(None, Some(rest(&["A::x=1"])), nothing(), &["~A::x=1", "complete"]);
    check(None, Some(cut_short(&["A::x=1"])), nothing(), &["~A::x=1"]);
}
