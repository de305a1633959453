//! The schedules of `docs/scheduling.md`: what they start is taken, and each treats an incomplete sync as done and a failed
//! one as failed.

use std::fs;
use std::process::Command;

use saphyr_parser::{Event, Parser};
use tableau_simulator::GraphqlProblem;
use tempfile::TempDir;
use test_support::desk::Desk;
use test_support::pages::{Block, blocks};
use test_support::{repository, tabmap};

use super::commands::{Stage, commands_of_cron, is_taken};
use crate::faults::warning;
use crate::witness::desk_without_witness;

/// What a schedule makes of the codes of `sync`.
const ENDS: [(i32, i32); 4] = [(0, 0), (4, 0), (1, 1), (2, 2)];

fn marked(mark: &str, language: &str) -> Block {
    let mut found: Vec<_> =
        blocks(&[language]).into_iter().filter(|block| block.mark.starts_with(mark)).collect();
    assert_eq!(found.len(), 1, "{mark} {language}");
    found.remove(0)
}

fn units() -> Vec<(String, String)> {
    let unit = |block: Block| Some((block.mark.strip_prefix("unit: ")?.to_owned(), block.text));
    blocks(&["ini"]).into_iter().filter_map(unit).collect()
}

/// The values of a key of a unit.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn lines_of_cron_mail_a_sync_that_fails_and_a_map_that_is_too_old_and_nothing_else() {
    let cron = blocks(&["cron"]);
    let lines = commands_of_cron(&cron[0]);
    let [sync, check] = lines.as_slice() else { panic!("two lines: {lines:?}") };
    let mut desk = desk_without_witness();
    desk.set("TABMAP_STORE", format!("sqlite:{}", desk.path("tabmap.db").display()));
    fs::create_dir(desk.path("tabmap")).expect("make a folder");
    for file in ["tabmap/environment", "tabmap/tabmap.toml"] {
        desk.write(file, "");
    }
    let mail = |desk: &Desk, line: &str| {
        let mut shell = desk.command_of("/bin/sh", &["-c", line]);
        shell.env("PATH", format!("{}:/usr/bin:/bin", tabmap().parent().expect("its folder").display()));
        let output = shell.output().expect("start a shell");
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
    };
    desk.tableau.arm(warning(GraphqlProblem::BackfillRunning));
    assert_eq!(mail(&desk, sync), "");
    assert_eq!(
        desk.query("SELECT STATUS FROM API__TABLEAU__SYNC_RUNS ORDER BY SNAPSHOT_AT DESC LIMIT 1"),
        ["incomplete"]
    );
    assert_eq!(mail(&desk, check), "");
    let past = "UPDATE API__TABLEAU__SYNC_RUNS SET SNAPSHOT_AT = '2026-01-01T00:00:00.000000Z'";
    desk.map().execute(past, []).expect("set the time");
    assert!(mail(&desk, check).contains("map-too-old"));
    desk.set("TABLEAU_PAT_SECRET", "wrong");
    assert!(mail(&desk, sync).starts_with("error: "));
}

#[test]
fn units_of_systemd_start_what_is_taken_and_the_one_that_syncs_takes_code_4_for_done() {
    let units = units();
    assert_eq!(units.len(), 3);
    for (name, unit) in &units {
        let started = [values(unit, "ExecStartPre"), values(unit, "ExecStart")].concat();
        assert_eq!(started.is_empty(), !name.contains(".service"), "{name}");
        for command in started {
            let words = command.strip_prefix("/usr/local/bin/tabmap ").expect("a command line");
            let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
            is_taken(name, &words);
            let codes = if words[0] == "serve" { "RestartPreventExitStatus" } else { "SuccessExitStatus" };
            assert_eq!(values(unit, codes), [if words[0] == "serve" { "2" } else { "4" }], "{name}");
        }
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let folder = TempDir::new().expect("make a folder");
    let mut verify = Command::new("systemd-analyze");
    verify.arg("verify").env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display()));
    for (name, unit) in units() {
        let path = folder.path().join(name);
        let unit = unit.replace("/usr/local/bin/tabmap", &tabmap().display().to_string());
        fs::write(&path, unit.replace("User=tabmap", "User=root")).expect("write a unit");
        verify.arg(path);
    }
    // Few containers have it. The test above needs nothing.
    let Ok(output) = verify.output() else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<_> = said.lines().filter(|line| line.contains("tabmap")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}

#[test]
fn cronjob_of_kubernetes_takes_code_4_for_done() {
    let block = marked("schedule", "yaml");
    let scalars: Vec<String> = Parser::new_from_str(&block.text)
        .filter_map(|event| match event.expect("valid YAML").0 {
            Event::Scalar(text, ..) => Some(text.into_owned()),
            _ => None,
        })
        .collect();
    let shell = scalars.iter().position(|text| text == "/bin/sh").expect("a shell");
    assert_eq!(scalars[shell + 1], "-c");
    ends_as_it_should(&block.place(), &scalars[shell + 2]);
}

fn ends_as_it_should(place: &str, script: &str) {
    for (code, end) in ENDS {
        let stage = Stage::new();
        let output = stage.run(script, code);
        assert_eq!(output.status.code(), Some(end), "{place}: {script} with {code}");
        let calls = stage.calls();
        assert_eq!(calls.len(), 1, "{place}");
        is_taken(place, &calls[0]);
    }
}

/// Runs the Python of a page with stand-ins for what it imports, and returns what the script says.
fn python(text: &str, code: i32) -> Vec<String> {
    let mut python = Command::new("python3");
    python.arg(repository("tests/cli/documents/schedules.py")).args([text, &code.to_string()]);
    let output = python.output().expect("start python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn dag_of_airflow_takes_code_4_for_done() {
    let blocks = blocks(&["python"]);
    let dag = blocks.iter().find(|block| block.mark == "schedule" && block.text.contains("airflow"));
    let dag = dag.expect("a DAG");
    let commands = python(&dag.text, 0);
    assert_eq!(commands.len(), 2, "{commands:?}");
    ends_as_it_should(&dag.place(), &commands[0]);
    let stage = Stage::new();
    assert!(stage.run(&commands[1], 0).status.success());
    for call in stage.calls() {
        is_taken(&dag.place(), &call);
    }
}

#[test]
fn asset_of_dagster_takes_code_4_for_done() {
    let blocks = blocks(&["python"]);
    let asset = blocks.iter().find(|block| block.mark == "schedule" && block.text.contains("dagster"));
    let asset = asset.expect("an asset");
    for (code, expected) in [
        (0, vec!["sync", "done"]),
        (4, vec!["sync", "warned", "done"]),
        (1, vec!["sync", "failed, again"]),
        (2, vec!["sync", "failed"]),
    ] {
        assert_eq!(python(&asset.text, code), expected, "{code}");
    }
}
