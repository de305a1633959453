//! Text from outside steers nothing: not the terminal, not the lines of a report, not the runner that reads a log.

use std::fs;

use rusqlite::params;
use test_support::desk::{Answer, Desk};

/// Colour, a line that GitHub would take for a command, a letter that turns the direction, and a line separator.
const HOSTILE: &str = "x\u{1b}[31m\n::error::injected\u{202e}\u{2028}<img src=x>[a](b)|`";

/// A map in which every text is hostile.
fn desk() -> Desk {
    let desk = Desk::empty();
    desk.done(&["init"]);
    let map = desk.map();
    let mut statement = map
        .prepare(
            "INSERT INTO API__TABLEAU__RESOURCES (RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME, RESOURCE_ID, PROJECT_PATH, \
             PROJECT_ID, VIZPORTAL_URL_ID, CONTENT_URL) VALUES ('workbook', ?1, ?2, ?2, ?3, ?2, ?2, ?2, ?2)",
        )
        .expect("a statement");
    let luid = "00000101-0000-4000-8000-000000000101";
    for (site, luid) in [("MySite", luid), ("MySite", HOSTILE), (HOSTILE, "another")] {
        statement.execute(params![site, HOSTILE, luid]).expect("a row");
    }
    drop(statement);
    desk
}

#[track_caller]
fn is_calm(what: &str, text: &str) {
    let steers = |letter: &char| {
        *letter != '\n' && letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
    };
    assert_eq!(text.chars().find(steers), None, "{what}: {text:?}");
    let injected = text.lines().find(|line| line.trim_start().starts_with("::error::"));
    assert_eq!(injected, None, "{what}: {text}");
}

#[test]
fn texts_of_the_map_steer_no_report_and_no_error() {
    let mut desk = desk();
    desk.write("tabmap-refs.toml", "[[reference]]\nworkbook = \"zz\"\n");
    desk.write("a.md", "\u{1b}[31m https://h/#/site/MySite/workbooks/9 \u{202e}\n::error::injected\n");
    let summary = desk.path("summary");
    desk.set("GITHUB_STEP_SUMMARY", summary.display().to_string());
    let check = |format| ["check", "--offline", "--format", format];
    for arguments in [
        ["list", "--format", "text"].as_slice(),
        &["list", "--format", "json"],
        &["resolve", "workbook", HOSTILE],
        &["resolve", "workbook", "x", "--site", "MySite"],
        &["resolve", HOSTILE, "x"],
        &["list", "--store", HOSTILE],
        &["list", "--config", HOSTILE],
        &["list", "--server", HOSTILE],
        &["list", "--site", HOSTILE],
        &check("text"),
        &check("json"),
        &["doctor"],
        &["doctor", "--format", "json"],
        &check("github"),
        &check("gitlab"),
        &check("sarif"),
        &check("junit"),
    ] {
        let Answer { stdout, stderr, .. } = desk.run(arguments);
        is_calm(&format!("{arguments:?}"), &stdout);
        is_calm(&format!("{arguments:?}"), &stderr);
    }
    let summary = fs::read_to_string(summary).expect("a summary");
    is_calm("summary", &summary);
    assert!(!summary.contains("<img") && !summary.contains("[a]"), "{summary}");
}

#[test]
fn json_keeps_the_texts_that_it_escapes() {
    let desk = desk();
    let listed: serde_json::Value =
        serde_json::from_str(&desk.done(&["list", "--format", "json"])).expect("JSON");
    assert_eq!(listed["resources"][0]["name"], HOSTILE);
}

#[test]
fn lines_of_a_diff_are_no_commands_of_the_runner() {
    let desk = super::check::desk_with_map();
    desk.write("a.sql", "::error::injected\nSELECT '00000101-0000-4000-8000-000000000101'\n");
    let answer = super::check::offline(&desk, &["--fix", "--dry-run", "--format", "github", "a.sql"]);
    let mark =
        answer.stderr.lines().next().and_then(|line| line.strip_prefix("::stop-commands::")).expect("a mark");
    assert!(answer.stderr.contains(" ::error::injected\n"), "{}", answer.stderr);
    assert!(answer.stderr.ends_with(&format!("::{mark}::\n")), "{}", answer.stderr);
}
