//! The snippets for CI systems: what they run does what they promise.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{desk_with_map, fixture};
use test_support::desk::Desk;

/// A command of a snippet and where its output goes.
struct Step {
    command: String,
    /// The environment that the CI system gives.
    variables: Vec<(&'static str, String)>,
}

fn snippet(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci").join(name);
    fs::read_to_string(path).expect("the snippet")
}

/// The lines of a snippet that run this program.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: "));
    // The default of the component's input.
    let filled = |line: &str| line.replace("$[[ inputs.paths ]]", ".");
    lines.filter(|line| line.starts_with("tabmap ")).map(filled).collect()
}

/// A desk whose map a scheduled sync has just left, with a stale LUID in a file.
fn desk() -> Desk {
    let desk = desk_with_map();
    desk.write("dag.py", "ID = '00000101-0000-4000-8000-000000000101'\n");
    fs::copy(fixture("wednesday.json"), desk.path("recording.json")).expect("copy a recording");
    desk.write("tabmap.toml", "[check]\nmax_age = \"5000 weeks\"\nexclude = [\"recording.json\"]\n");
    desk
}

impl Step {
    fn run(&self, desk: &Desk) -> (String, i32) {
        let program = Path::new(env!("CARGO_BIN_EXE_tabmap"));
        let path = format!("{}:/usr/bin:/bin", program.parent().expect("a folder").display());
        // As CI systems run a step: in a shell that stops at the first failure.
        let mut command = Command::new("sh");
        command
            .args(["-e", "-c", &self.command])
            .current_dir(desk.folder.path())
            .env_clear()
            .stdin(Stdio::null());
        command.env("PATH", path).env("TABMAP_STORE", format!("sqlite:{}", desk.path("map.db").display()));
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        let output = command.output().expect("start a shell");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (said, output.status.code().expect("an exit code"))
    }
}

#[test]
fn commands_of_the_github_snippet_annotate_and_fail_and_write_a_log_for_code_scanning() {
    let desk = desk();
    let commands = commands(&snippet("github.yml"));
    let [check, scan] = commands.as_slice() else { panic!("{commands:?}") };
    let summary = desk.write("summary.md", "");
    let variables = || vec![("GITHUB_STEP_SUMMARY", summary.display().to_string())];
    let (said, exit) = Step { command: check.clone(), variables: variables() }.run(&desk);
    assert!(exit == 3 && said.contains("::error file=dag.py,line=1,"), "{said}");
    assert!(fs::read_to_string(&summary).expect("the summary").contains("replaced-luid"));
    let (said, exit) = Step { command: scan.clone(), variables: variables() }.run(&desk);
    assert_eq!(exit, 0, "{said}");
    let log = fs::read_to_string(desk.path("tabmap.sarif")).expect("the log that the next step uploads");
    assert!(log.contains("\"2.1.0\"") && log.contains("dag.py"), "{log}");
    assert!(snippet("github.yml").contains("sarif_file: tabmap.sarif"));
}

#[test]
fn command_of_the_gitlab_snippet_fails_and_leaves_the_report_that_gitlab_reads() {
    let desk = desk();
    let commands = commands(&snippet("gitlab.yml"));
    let [check] = commands.as_slice() else { panic!("{commands:?}") };
    let (said, exit) = Step { command: check.clone(), variables: Vec::new() }.run(&desk);
    assert_eq!(exit, 3, "{said}");
    let report = fs::read_to_string(desk.path("gl-code-quality-report.json")).expect("the report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("a JSON document");
    assert!(report.as_array().expect("a list").iter().any(|issue| issue["location"]["path"] == "dag.py"));
    assert!(snippet("gitlab.yml").contains("codequality: gl-code-quality-report.json"));
}
