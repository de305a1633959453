//! `check`: what is stale in the map and in a repository is found where it stands, and nothing else is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::desk::Desk;

mod addresses;
mod any_text;
mod baseline;
mod calls;
mod clients;
mod command_lines;
mod exposures;
mod fixing;
mod formats;
mod left_open;
mod live;
mod names;
mod page;
mod pieces;
mod rights;
mod settings;
mod snippets;
mod tools;
mod trees;

/// As long as the recorded days are ago.
const ANY_AGE: [&str; 2] = ["--max-age", "5000 weeks"];

/// A recorded day, or a file of the repository that is searched.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/check").join(name)
}

/// A desk without access to Tableau, with an empty map.
fn desk_without_tableau() -> Desk {
    let mut desk = Desk::empty();
    for variable in ["TABLEAU_SERVER", "TABLEAU_SITE", "TABLEAU_PAT_NAME", "TABLEAU_PAT_SECRET"] {
        desk.unset(variable);
    }
    desk.set("TABMAP_STORE", format!("sqlite:{}", desk.path("map.db").display()));
    desk.done(&["init"]);
    desk
}

/// Syncs from a recording of this text, which does not stay.
fn sync_from(desk: &Desk, recording: &Value) {
    let path = desk.write("recording.json", &recording.to_string());
    desk.done(&["sync", "--max-removed", "100%", "--from", path.to_str().expect("a path of text")]);
    fs::remove_file(path).expect("remove the recording");
}

/// The same with a map that saw three days.
pub fn desk_with_map() -> Desk {
    let desk = desk_without_tableau();
    for day in ["monday.json", "tuesday.json", "wednesday.json"] {
        let recording = fixture(day);
        desk.done(&["sync", "--from", recording.to_str().expect("a path of text")]);
    }
    desk
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make a folder");
    for entry in fs::read_dir(from).expect("list a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind of file").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy a file");
        }
    }
}

/// The same, in a repository with every kind of reference, and with files that are not to be searched.
fn desk_with_repository() -> Desk {
    let desk = desk_with_map();
    copy_folder(&fixture("repository"), desk.folder.path());
    fs::create_dir_all(desk.path("target")).expect("make a folder");
    fs::copy(fixture("manifest.json"), desk.path("target/manifest.json")).expect("copy the manifest");
    desk.write(".gitignore", "target/\n/ignored.sql\n");
    let stale = "'00000101-0000-4000-8000-000000000101'\n";
    desk.write("ignored.sql", stale);
    desk.write("target/compiled.sql", stale);
    desk.write("picture.png", &format!("\u{0}{stale}"));
    desk.write("export.csv", &stale.repeat(300_000));
    desk
}

/// Runs a check of the map alone, whatever its age.
pub fn offline(desk: &Desk, more: &[&str]) -> test_support::desk::Answer {
    let arguments: Vec<&str> = ["check", "--offline"].iter().chain(&ANY_AGE).chain(more).copied().collect();
    desk.run(&arguments)
}

#[track_caller]
fn document(desk: &Desk, more: &[&str], exit: i32) -> Value {
    let answer = offline(desk, &[&["--format", "json"], more].concat());
    assert_eq!(answer.exit, exit, "{}{}", answer.stdout, answer.stderr);
    serde_json::from_str(&answer.stdout).expect("a JSON document")
}

/// Path, line and code of the findings about files.
fn places(document: &Value) -> BTreeSet<(String, u64, String)> {
    let findings = document["findings"].as_array().expect("findings").iter();
    let place = |finding: &Value| {
        let path = finding["path"].as_str()?.to_owned();
        let line = finding["position"]["line"].as_u64().unwrap_or_default();
        Some((path, line, finding["code"].as_str().expect("a code").to_owned()))
    };
    findings.filter_map(place).collect()
}

/// Line and code of what is found in one file of this text.
fn found_in(desk: &Desk, name: &str, text: &str) -> Vec<(u64, String)> {
    desk.write(name, text);
    let answer = offline(desk, &["--format", "json", "--no-exit-code", name]);
    let document: Value = serde_json::from_str(&answer.stdout).expect("a JSON document");
    places(&document).into_iter().map(|(_, line, code)| (line, code)).collect()
}

/// Whether exactly these are found in it.
#[track_caller]
fn finds(desk: &Desk, name: &str, text: &str, expect: &[(u64, &str)]) {
    let found = found_in(desk, name, text);
    let found: Vec<_> = found.iter().map(|(line, code)| (*line, code.as_str())).collect();
    assert_eq!(found, expect, "{text}");
}

/// The lines of the repository that say `expect: CODE`.
fn expected(folder: &Path, below: &str, found: &mut BTreeSet<(String, u64, String)>) {
    for entry in fs::read_dir(folder).expect("list a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{below}{}", entry.file_name().into_string().expect("text"));
        if entry.file_type().expect("a kind of file").is_dir() {
            expected(&entry.path(), &format!("{name}/"), found);
            continue;
        }
        for (number, line) in (1..).zip(fs::read_to_string(entry.path()).expect("a text").lines()) {
            if let Some((_, code)) = line.split_once("expect: ") {
                let code = code.split([' ', '#', '*']).next().expect("a word").to_owned();
                found.insert((name.clone(), number, code));
            }
        }
    }
}

#[test]
fn every_bad_reference_is_found_on_its_line_and_no_good_one_is_reported() {
    let desk = desk_with_repository();
    let document = document(&desk, &[], 3);
    let mut expect = BTreeSet::new();
    expected(&fixture("repository"), "", &mut expect);
    assert!(expect.len() > 30, "{expect:?}");
    // Of what dbt alone can render: where its exposure is named, and of an exposure of a package in the manifest.
    for (path, line, code) in [
        ("models/schema.yml", 50, "stale-url"),
        ("models/schema.yml", 50, "replaced-luid"),
        ("models/schema.yml", 50, "unknown-resource"),
        ("target/manifest.json", 22, "replaced-luid"),
    ] {
        expect.insert((path.to_owned(), line, code.to_owned()));
    }
    assert_eq!(places(&document), expect);
    assert_eq!(document["files"]["binary"], 2, "the picture and the map");
    assert_eq!(document["files"]["huge"], 1);
    assert_eq!(document["references"]["ignored"], 2);
    assert_eq!(document["references"]["foreign"], 1);
}

#[test]
fn text_report_shows_each_finding_with_its_line_the_part_and_the_remedy() {
    let answer = offline(&desk_with_repository(), &[]);
    insta::assert_snapshot!(format!("{}\nexit: {}", answer.stdout, answer.exit));
}

#[test]
fn only_the_named_paths_are_searched_and_no_file_twice() {
    let desk = desk_with_repository();
    let found = places(&document(&desk, &["docs", "docs/dashboards.md", "dags"], 3));
    assert!(
        found.iter().all(|(path, ..)| path == "docs/dashboards.md" || path == "dags/refresh.py"),
        "{found:?}"
    );
    let once = document(&desk, &["docs"], 3)["findings"].as_array().expect("findings").len();
    assert_eq!(
        document(&desk, &["docs", "docs/dashboards.md", "./docs"], 3)["findings"].as_array().map(Vec::len),
        Some(once)
    );
    let whole = desk.path("docs");
    let whole = document(&desk, &[whole.to_str().expect("text")], 3);
    assert!(places(&whole).iter().all(|(path, ..)| path == "docs/dashboards.md"));
    offline(&desk, &["nowhere"]).refused(1, &["no file or folder `nowhere`"]);
}

#[test]
fn repository_with_nothing_bad_is_done_and_warnings_alone_do_not_fail() {
    let desk = desk_with_map();
    desk.write("good.py", "ID = '00000202-0000-4000-8000-000000000202'\n");
    let answer = offline(&desk, &["good.py"]);
    assert_eq!((answer.exit, answer.stdout.contains("0 errors, 1 warning")), (0, true), "{}", answer.stdout);
    assert!(answer.stdout.contains("warning[ambiguous-key]"), "{}", answer.stdout);
    desk.write("bad.py", "ID = '00000102-0000-4000-8000-000000000102'\n");
    assert_eq!(offline(&desk, &["bad.py"]).exit, 3);
    assert_eq!(offline(&desk, &["bad.py", "--no-exit-code"]).exit, 0);
}

#[test]
fn map_whose_last_complete_sync_is_too_old_is_a_finding_of_each_site() {
    let desk = desk_with_map();
    let answer = desk.run(&["check", "--offline", "--format", "json", "map.db"]);
    let document: Value = serde_json::from_str(&answer.stdout).expect("a JSON document");
    let old: Vec<_> = document["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|one| one["code"] == "map-too-old")
        .collect();
    let sites: Vec<_> = old.iter().map(|one| one["site"].as_str().expect("a site")).collect();
    assert_eq!((answer.exit, sites), (3, vec!["", "MySite"]));
    let one = desk.run(&["check", "--offline", "--format", "json", "--site", "mysite", "map.db"]);
    assert_eq!(one.stdout.matches("map-too-old").count(), 1);
    assert_eq!(desk.run(&["check", "--offline", "map.db", "--max-age", "5000 weeks"]).exit, 0);
    desk.run(&["check", "--offline", "--max-age", "soon"]).exit_is(2);
}

#[test]
fn incomplete_sync_does_not_make_the_map_any_younger() {
    let desk = desk_with_map();
    let recording = fs::read_to_string(fixture("wednesday.json")).expect("a recording");
    let partial = recording
        .replace("2026-11-18T05", "2026-11-19T05")
        .replace("\"workbook\",\n    \"datasource\"", "\"workbook\"");
    desk.write("partial.json", &partial);
    desk.run(&["sync", "--from", "partial.json"]).exit_is(4);
    let answer = desk.run(&["check", "--offline", "map.db"]);
    assert!(answer.stdout.contains("at 2026-11-18T05:00:00Z"), "{}", answer.stdout);
}

#[test]
fn what_cannot_be_checked_is_not_called_good() {
    let mut desk = desk_with_map();
    desk.run(&["check"]).refused(2, &["TABLEAU_PAT_NAME"]);
    desk.set("TABMAP_STORE", "sqlite:none.db");
    desk.run(&["check", "--offline"]).refused(1, &["no map yet", "tabmap init"]);
    desk.done(&["init"]);
    desk.run(&["check", "--offline"]).refused(1, &["is empty", "tabmap sync"]);
    desk.run(&["check", "--offline", "--live"]).exit_is(2);
    desk.run(&["check", "--offline", "--dry-run"]).exit_is(2);
}

#[test]
fn files_that_should_hold_references_and_cannot_be_read_are_reported() {
    let desk = desk_with_map();
    fs::create_dir(desk.path("in")).expect("make a folder");
    desk.write("in/schema.yml", "exposures:\n  - name: x\n    meta: {tableau_luid: [\n");
    desk.write("in/tabmap-refs.toml", "[[reference]]\nkind = \"workbook\"\n");
    let found = places(&document(&desk, &["in"], 3));
    let codes: Vec<_> = found.iter().map(|(path, _, code)| (path.as_str(), code.as_str())).collect();
    assert_eq!(codes, [("in/schema.yml", "unreadable-file"), ("in/tabmap-refs.toml", "invalid-reference")]);
}

#[test]
fn texts_in_other_encodings_are_searched_too() {
    let desk = desk_with_map();
    let latin = b"# Gr\xf6\xdfe\nID = '00000102-0000-4000-8000-000000000102' # \xe4\n".as_slice();
    fs::write(desk.path("latin.py"), latin).expect("write a file");
    let expect = ("latin.py".to_owned(), 2, "stale-luid".to_owned());
    assert_eq!(places(&document(&desk, &["latin.py"], 3)), BTreeSet::from([expect]));
}
