//! A baseline: what was known before does not fail a check, what is new does, and what is gone is told.

use std::fs;

use serde_json::Value;

use super::{desk_with_map, document, offline};

const OLD: &str = "00000101-0000-4000-8000-000000000101";
const STALE: &str = "00000102-0000-4000-8000-000000000102";

/// Code and path of each finding.
fn found(document: &Value) -> Vec<(&str, &str)> {
    let findings = document["findings"].as_array().expect("findings").iter();
    findings.filter_map(|one| Some((one["code"].as_str()?, one["path"].as_str()?))).collect()
}

#[test]
fn known_findings_pass_new_ones_fail_and_lines_may_move() {
    let desk = desk_with_map();
    desk.write("dag.py", &format!("ID = '{OLD}'\nTOO = '{OLD}'\n"));
    let written = offline(&desk, &["--baseline", "known.json", "--write-baseline", "."]);
    assert!(written.exit == 0 && written.stdout.contains("known from the baseline"), "{}", written.stdout);
    let baseline = ["--baseline", "known.json", "."];
    let again = document(&desk, &baseline, 0);
    assert_eq!(found(&again), []);
    // The two in the file, and one about the map.
    assert_eq!(again["known"].as_u64(), Some(3));

    desk.write("dag.py", &format!("import os\n\n\nTOO = '{OLD}'\nID = '{OLD}'\n"));
    document(&desk, &baseline, 0);
    desk.write("dag.py", &format!("ID = '{OLD}'\nTOO = '{OLD}'\nAND = '{OLD}'\n"));
    assert_eq!(found(&document(&desk, &baseline, 3)), [("replaced-luid", "dag.py")]);
    desk.write("dag.py", &format!("ID = '{OLD}'\nTOO = '{OLD}'\nAND = '{STALE}'\n"));
    assert_eq!(found(&document(&desk, &baseline, 3)), [("stale-luid", "dag.py")]);
    desk.write("other.py", &format!("ID = '{OLD}'\n"));
    assert_eq!(
        found(&document(&desk, &["--baseline", "known.json", "other.py"], 3)),
        [("replaced-luid", "other.py")]
    );
}

#[test]
fn what_is_gone_is_told_where_it_was_looked_for() {
    let desk = desk_with_map();
    fs::create_dir(desk.path("a")).expect("make a folder");
    desk.write("a/dag.py", &format!("ID = '{OLD}'\n"));
    desk.write("b.py", &format!("ID = '{STALE}'\n"));
    offline(&desk, &["--baseline", "known.json", "--write-baseline", "."]);
    desk.write("a/dag.py", "ID = None\n");
    let baseline = ["--baseline", "known.json", "."];
    let gone = document(&desk, &baseline, 0);
    assert_eq!(found(&gone), [("unused-baseline", "known.json")]);
    let message = gone["findings"][0]["message"].as_str().expect("a message");
    assert_eq!(message, format!("`replaced-luid` of `{OLD}` in `a/dag.py` is no longer found"));
    assert_eq!(found(&document(&desk, &["--baseline", "known.json", "b.py"], 0)), []);
    fs::remove_file(desk.path("a/dag.py")).expect("remove the file");
    assert_eq!(found(&document(&desk, &baseline, 0)).len(), 1);
    offline(&desk, &["--baseline", "known.json", "--write-baseline", "."]);
    assert_eq!(found(&document(&desk, &baseline, 0)), []);
    let text = fs::read_to_string(desk.path("known.json")).expect("the baseline");
    assert!(!text.contains("dag.py") && text.contains("b.py"), "{text}");
}

#[test]
fn another_project_is_a_new_finding_and_entries_of_other_folders_stay() {
    let desk = desk_with_map();
    let line = "tabcmd refreshextracts --workbook Revenue --project PROJECT\n";
    desk.write("a.sh", &line.replace("PROJECT", "Old1"));
    desk.write("b.py", &format!("ID = '{STALE}'\n"));
    offline(&desk, &["--baseline", "known.json", "--write-baseline", "."]);
    desk.write("a.sh", &line.replace("PROJECT", "New1"));
    let codes = |document: &Value| -> Vec<String> {
        found(document).into_iter().map(|(code, _)| code.to_owned()).collect()
    };
    let again = document(&desk, &["--baseline", "known.json", "."], 3);
    assert_eq!(codes(&again), ["unknown-resource", "unused-baseline"]);
    offline(&desk, &["--baseline", "known.json", "--write-baseline", "a.sh"]);
    assert_eq!(codes(&document(&desk, &["--baseline", "known.json", "."], 0)), Vec::<String>::new());

    // What git makes of two branches that both wrote one.
    let text = fs::read_to_string(desk.path("known.json")).expect("the baseline");
    let mut merged: Value = serde_json::from_str(&text).expect("JSON");
    let entries = merged["findings"].as_array_mut().expect("entries");
    entries.extend(entries.clone());
    desk.write("known.json", &merged.to_string());
    desk.write("b.py", &format!("ID = '{STALE}'\nTOO = '{STALE}'\n"));
    let merged = document(&desk, &["--baseline", "known.json", "."], 0);
    assert!(!codes(&merged).contains(&"stale-luid".to_owned()), "{merged}");
}

#[test]
fn the_baseline_is_never_searched_or_corrected_whatever_path_leads_to_it() {
    let desk = desk_with_map();
    fs::create_dir(desk.path("sub")).expect("make a folder");
    desk.write("dag.py", &format!("ID = '{OLD}'\n"));
    offline(&desk, &["--baseline", "known.json", "--write-baseline", "."]);
    let before = fs::read_to_string(desk.path("known.json")).expect("the baseline");
    let baseline = desk.path("sub/../known.json").display().to_string();
    let answer = offline(&desk, &["--fix", "--baseline", &baseline, "."]);
    assert!(answer.stdout.contains("1 place in 1 file corrected"), "{}", answer.stdout);
    assert_eq!(fs::read_to_string(desk.path("known.json")).expect("the baseline"), before);
}

#[test]
fn a_baseline_that_is_not_there_or_no_baseline_is_refused_by_its_name() {
    let desk = desk_with_map();
    for (text, part) in [
        (None, "there is no baseline `known.json`"),
        (Some("{"), "`known.json` is not a baseline of this version"),
        (Some(r#"{"format_version": 2, "findings": []}"#), "`known.json` is not a baseline of this version"),
    ] {
        if let Some(text) = text {
            desk.write("known.json", text);
        }
        let answer = offline(&desk, &["--baseline", "known.json"]);
        assert!(answer.exit == 1 && answer.stderr.contains(part), "{}", answer.stderr);
        assert!(answer.stderr.contains("--write-baseline"), "{}", answer.stderr);
    }
    assert_eq!(offline(&desk, &["--write-baseline"]).exit, 2);
}

#[test]
fn baseline_holds_from_whatever_folder_the_check_is_called() {
    let desk = desk_with_map();
    for folder in ["jobs", "models", "ci"] {
        fs::create_dir(desk.path(folder)).expect("make a folder");
    }
    desk.write("jobs/dag.py", &format!("ID = '{OLD}'\n"));
    desk.write("models/hook.py", &format!("ID = '{STALE}'\n"));
    let check = |folder: &str, arguments: &[&str]| {
        let fixed = ["check", "--offline", "--references-only", "--format", "json", "--baseline"];
        let mut command = desk.command(&[&fixed, arguments].concat());
        let output = command.current_dir(desk.path(folder)).output().expect("start tabmap");
        let errors = String::from_utf8_lossy(&output.stderr);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
        let found = found(&document).iter().map(|(code, path)| format!("{code} {path}")).collect::<Vec<_>>();
        (output.status.code(), document["known"].as_u64(), found)
    };
    let good = |known| (Some(0), Some(known), vec![]);
    assert_eq!(check(".", &["ci/known.json", "--write-baseline"]), good(2));
    let text = fs::read_to_string(desk.path("ci/known.json")).expect("the baseline");
    assert!(text.contains(r#""path": "../jobs/dag.py""#), "{text}");
    assert_eq!(check("jobs", &["../ci/known.json"]), good(1));
    assert_eq!(check("ci", &["known.json", "../models", ".."]), good(2));
    let absolute = desk.path("ci/known.json").display().to_string();
    assert_eq!(check("models", &[&absolute, &desk.path("jobs").display().to_string()]), good(1));

    desk.write("jobs/dag.py", "ID = None\n");
    assert_eq!(check("models", &["../ci/known.json"]), good(1));
    let gone = vec!["unused-baseline ../ci/known.json".to_owned()];
    assert_eq!(check("jobs", &["../ci/known.json"]), (Some(0), Some(0), gone));
    assert_eq!(check("jobs", &["../ci/known.json", "--write-baseline", ".."]), good(1));
    assert_eq!(check(".", &["ci/known.json"]), good(1));
}
