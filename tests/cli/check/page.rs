//! The page about `check`: each example finds what it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::ValueEnum as _;
use serde_json::{Value, json};
use tabmap::check::finding::Code;
use test_support::desk::Desk;

use super::{desk_without_tableau, sync_from};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check.md");
    fs::read_to_string(path).expect("the page")
}

fn resource(kind: &str, path: &str, name: &str, luid: u32, number: &str) -> Value {
    json!({
        "kind": kind, "project_name": path.rsplit('/').next(), "project_path": path, "name": name,
        "luid": format!("0a000000-0000-4000-8000-{luid:012}"), "project_luid": null, "vizportal_url_id": number,
        "content_url": name.replace(' ', ""),
    })
}

/// A map that saw the two days that the page tells of.
fn desk() -> Desk {
    let desk = desk_without_tableau();
    let both = [
        resource("datasource", "Operations", "Orders", 3, "201"),
        resource("workbook", "Finance/EMEA", "Pipeline", 4, "12347"),
        resource("workbook", "Marketing/EMEA", "Pipeline", 5, "12348"),
    ];
    let before = [
        resource("workbook", "Finance", "Weekly Sales", 1, "12345"),
        resource("workbook", "Marketing", "Old Report", 2, "12346"),
        resource("workbook", "Finance", "Budget", 6, "12349"),
    ];
    let after = [
        resource("workbook", "Finance", "Weekly Sales", 11, "22345"),
        resource("workbook", "Finance", "Budget 2027", 6, "12349"),
    ];
    for (day, resources) in [(17, both.iter().chain(&before)), (18, both.iter().chain(&after))] {
        let recording = json!({"format_version": 1, "server": "tableau.example.com", "sites": [{
            "site": "MySite", "source": "metadata", "taken_at": format!("2026-11-{day}T05:00:00Z"),
            "complete": ["workbook", "datasource"], "lagging": 0, "ghosts": 0, "skipped": 0, "warnings": [], "gone": [],
            "resources": resources.collect::<Vec<_>>(),
        }]});
        sync_from(&desk, &recording);
    }
    desk
}

/// The name of a file, the codes that are found in it, and its text.
fn examples(page: &str) -> Vec<(String, Vec<String>, String)> {
    let mut examples = Vec::new();
    for part in page.split("<!-- file: ").skip(1) {
        let (head, rest) = part.split_once(" -->\n").expect("the end of a comment");
        let (name, codes) = head.split_once(" finds:").expect("a name and codes");
        let block = rest.strip_prefix("```").expect("a block");
        let (_, text) = block.split_once('\n').expect("a language");
        let (text, _) = text.split_once("```\n").expect("the end of a block");
        let codes =
            codes.split(',').map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect();
        examples.push((name.to_owned(), codes, text.to_owned()));
    }
    examples
}

#[test]
fn each_example_of_the_page_finds_what_it_says() {
    let (desk, page) = (desk(), page());
    let examples = examples(&page);
    let blocks =
        page.split("```").skip(1).step_by(2).filter(|block| !block.starts_with("sh\ntabmap ")).count();
    assert_eq!(examples.len(), blocks, "a block without a comment that says what is found in it");
    for (name, expected, text) in examples {
        let path = desk.path(&name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
        fs::write(&path, text).expect("write a file");
        let exit = if expected.is_empty() { 0 } else { 3 };
        let answer = desk.run(&["check", "--offline", "--references-only", "--format", "json", &name]);
        assert_eq!(answer.exit, exit, "{name}: {}{}", answer.stdout, answer.stderr);
        let found: Value = serde_json::from_str(&answer.stdout).expect("a JSON document");
        let findings = found["findings"].as_array().expect("findings").iter();
        let codes: Vec<_> = findings.filter_map(|one| one["code"].as_str()).collect();
        assert_eq!(codes, expected, "{name}: {found:#}");
        if name == "tabmap.toml" {
            fs::remove_file(path).expect("remove the configuration");
        }
    }
}

#[test]
fn the_page_lists_every_code_with_its_severity() {
    let page = page();
    let rows: BTreeSet<(&str, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter_map(|(code, rest)| Some((code, rest.split_once(" |")?.0)))
        .collect();
    let all = Code::value_variants().iter().map(|code| (code.as_str(), code.default_severity().as_str()));
    assert_eq!(rows, all.collect());
}
