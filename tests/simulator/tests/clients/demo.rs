//! The demo as a program.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::answer;

#[tokio::test]
async fn demo_prints_lines_for_a_shell_and_serves_until_it_is_stopped() {
    let home = TempDir::new().expect("make a folder");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_tabmap-demo"));
    let mut demo = demo.current_dir(home.path()).stdout(Stdio::piped()).spawn().expect("start the demo");
    let stdout = BufReader::new(demo.stdout.take().expect("its stdout"));
    let lines: Vec<String> = stdout.lines().take(5).map(|line| line.expect("text")).collect();
    assert!(lines[0].starts_with("# "), "{lines:?}");
    let server = lines[1].strip_prefix("export TABLEAU_SERVER=").expect("an address");
    let (server, _) = server.split_once(' ').expect("its end");
    let described = answer(reqwest::Client::new().get(format!("{server}/api/2.4/serverinfo"))).await;
    assert_eq!(described.status, 200, "{}", described.text);
    assert_eq!(lines[4], "tabmap backfill");
    assert!(home.path().join("tabmap-demo/jobs/weekly_sales.py").is_file());
    assert_eq!(demo.try_wait().expect("its state"), None, "it stays");
    demo.kill().expect("stop it");
    demo.wait().expect("its end");

    let mut second = Command::new(env!("CARGO_BIN_EXE_tabmap-demo"));
    let second = second.current_dir(home.path()).output().expect("start the demo");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.starts_with("error: `tabmap-demo` exists already"), "{said}");
}
