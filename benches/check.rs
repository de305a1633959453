//! How long `tabmap check --offline` takes for a large repository, and how much memory: `cargo bench --locked --bench check`.
//!
//! 10,000 files of 20 kB (SQL, Python, YAML, Markdown, each with references, good and bad), one file full of calls, and a
//! map of 10,000 resources of which a fifth was published again. Where ripgrep is installed it takes turns, counting one
//! pattern in the same files. `TABMAP_BENCH_BINARY` names another `tabmap`.

#![expect(clippy::print_stdout, reason = "a benchmark has no other result")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

const FILES: usize = 10_000;
const FILE_SIZE: usize = 20_000;
/// In the one file that is full of them.
const CALLS: usize = 20_000;
const RESOURCES: usize = 10_000;
const RUNS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().expect("make a folder");
    make_map(folder.path());
    let bytes = make_files(&folder.path().join("repository"));
    println!("{FILES} files, {} MB, {RESOURCES} resources", bytes / 1_000_000);
    let (mut times, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (time, memory, said) = check(folder.path());
        println!("{:.2} s, {} MB at most: {said}", time.as_secs_f64(), memory / 1024);
        times.push(time);
        peer.extend(ripgrep(folder.path()));
    }
    let time = median(times);
    println!("median {time:.2} s");
    if peer.len() == RUNS {
        let peer = median(peer);
        println!("`rg -c` {peer:.2} s\n  check : rg  {:.2}", time / peer);
    }
}

/// In seconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// How long ripgrep takes for one pattern, where it is installed.
fn ripgrep(folder: &Path) -> Option<Duration> {
    let started = Instant::now();
    let mut command = Command::new("rg");
    command.args(["-c", "/workbooks/[0-9]+", "repository"]).current_dir(folder).stdout(Stdio::null());
    command.status().ok()?.success().then(|| started.elapsed())
}

fn luid(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-{number:012x}")
}

/// Every fifth resource has another LUID and number on the second day.
fn number_on(day: usize, resource: usize) -> usize {
    if day == 1 && resource.is_multiple_of(5) { resource + RESOURCES } else { resource }
}

fn make_map(folder: &Path) {
    tabmap(folder, &["init"]);
    for day in 0..2 {
        let resources: Vec<_> = (0..RESOURCES)
            .map(|resource| {
                let number = number_on(day, resource);
                json!({
                    "kind": "workbook", "project_name": "Sales", "project_path": "Finance/Sales",
                    "name": format!("Workbook {resource}"), "luid": luid(number),
                    "vizportal_url_id": number.to_string(),
                })
            })
            .collect();
        let site = json!({
            "site": "MySite", "source": "metadata", "taken_at": format!("2026-11-1{day}T05:00:00Z"),
            "complete": ["workbook", "datasource"], "lagging": 0, "ghosts": 0, "skipped": 0, "warnings": [],
            "gone": [], "resources": resources,
        });
        let recording = json!({"format_version": 1, "server": "tableau.example.com", "sites": [site]});
        fs::write(folder.join("day.json"), recording.to_string()).expect("write a recording");
        tabmap(folder, &["sync", "--from", "day.json", "--max-removed", "100%"]);
    }
}

fn make_files(folder: &Path) -> usize {
    fs::create_dir_all(folder).expect("make a folder");
    let call = "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Workbook 1', 'Sales', 'MySite');\n";
    fs::write(folder.join("calls.sql"), call.repeat(CALLS)).expect("write a file");
    let mut bytes = call.len() * CALLS;
    for number in 0..FILES {
        let below = folder.join(format!("part{:02}", number % 100));
        fs::create_dir_all(&below).expect("make a folder");
        // A fifth of the numbers and LUIDs is stale; names stay.
        let resource = number % RESOURCES;
        let (name, reference) = match number % 4 {
            0 => (
                "sql",
                format!(
                    "CALL P.API__TABLEAU__REFRESH_RESOURCE(\n  'workbook', 'Workbook {resource}', 'Sales', 'MySite', 'c');\n"
                ),
            ),
            1 => ("py", format!("LUID = \"{}\"\n", luid(resource))),
            2 => {
                ("md", format!("See https://tableau.example.com/#/site/MySite/workbooks/{resource}/views.\n"))
            }
            _ => (
                "yml",
                format!("exposures:\n  - name: a\n    meta:\n      tableau_luid: {}\n", luid(resource)),
            ),
        };
        let mut text = reference;
        let comment = if name == "sql" { "--" } else { "#" };
        while text.len() < FILE_SIZE {
            let _ = writeln!(
                text,
                "{comment} order {} of 'customer' at https://example.com/{} is {}",
                text.len(),
                number,
                luid(99_999_999)
            );
        }
        bytes += text.len();
        fs::write(below.join(format!("file{number}.{name}")), text).expect("write a file");
    }
    bytes
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let program =
        std::env::var_os("TABMAP_BENCH_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_tabmap").into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn tabmap(folder: &Path, arguments: &[&str]) {
    let output = command(folder, arguments).output().expect("start tabmap");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Time, the most memory in kB, and the summary.
fn check(folder: &Path) -> (Duration, u64, String) {
    let started = Instant::now();
    let arguments = ["check", "--offline", "--max-age", "5000 weeks", "repository"];
    let report = fs::File::create(folder.join("report.txt")).expect("make a file");
    let mut child = command(folder, &arguments).stdout(report).spawn().expect("start tabmap");
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let highest = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        memory = memory.max(highest.and_then(|size| size.trim().parse().ok()).unwrap_or(0));
        if let Some(ended) = child.try_wait().expect("wait for tabmap") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let time = started.elapsed();
    assert_eq!(ended.code(), Some(3), "some references are stale");
    let report = fs::read_to_string(folder.join("report.txt")).expect("the report");
    let summary = report.lines().find(|line| line.contains("files checked")).unwrap_or_default();
    (time, memory, summary.to_owned())
}
