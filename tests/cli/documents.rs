//! What README and docs say is so.

mod commands;
mod configuration;
mod formats;
mod links;
mod map;
mod metrics;
mod schedules;

use std::fs;
use std::path::{Path, PathBuf};

use tableau_simulator::Content;
use test_support::desk::Desk;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(&path).expect("a source"));
        }
    }
}

#[test]
fn every_test_that_the_reliability_table_names_exists() {
    let mut tests = Vec::new();
    sources(&repository().join("tests"), &mut tests);
    sources(&repository().join("src"), &mut tests);
    let tests = tests.join("\n");
    let table = read("docs/reliability.md");
    let is_test =
        |word: &&str| word.len() > 20 && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
    let named: Vec<&str> = table.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 50, "{named:?}");
    for name in named {
        assert!(
            tests.contains(&format!("fn {name}(")),
            "docs/reliability.md names `{name}`, and there is no such test"
        );
    }
}

#[test]
fn reports_that_were_tried_are_at_least_forty_each_with_its_link_and_its_test() {
    let page = read("docs/reliability.md");
    let (_, section) = page.split_once("## Tried by public reports").expect("a section");
    let section = section.split("\n## ").next().expect("its text");
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with('|')).skip(2).collect();
    assert!(rows.len() >= 40, "{}", rows.len());
    for row in rows {
        assert!(row.starts_with("| [") && row.contains("](https://github.com/"), "no link: {row}");
        assert!(row.ends_with("` |"), "no test: {row}");
    }
}

#[test]
fn commands_of_the_readme_do_what_it_says() {
    let content = r#"{"sites": [{"content_url": "MySite", "workbooks": [
        {"name": "Weekly Sales", "project": ["Finance"], "vizportal_url_id": 12345}
    ]}]}"#;
    let desk = Desk::with(Content::from_json(content).expect("valid content"));
    let readme = read("README.md");
    let (_, use_it) = readme.split_once("## First sync").expect("a section");
    let block = use_it.split("```").nth(1).expect("a block of commands");
    let commands: Vec<&str> = block.lines().filter(|line| line.starts_with("tabmap ")).collect();
    assert!(commands.len() >= 5, "{block}");
    let luid = desk.tableau.resources("MySite").remove(0).luid;
    for command in commands {
        let words = command.split('#').next().filter(|_| !command.contains("://")).unwrap_or(command);
        let words = words.replace("https://tableau.example.com", desk.tableau.url());
        let arguments: Vec<&str> = words
            .split('\'')
            .enumerate()
            .flat_map(|(at, part)| match at % 2 {
                0 => part.split_whitespace().collect(),
                _ => vec![part],
            })
            .skip(1)
            .collect();
        let stdout = desk.done(&arguments);
        if arguments[0] == "resolve" {
            assert_eq!(stdout, format!("{luid}\n"), "{command}");
        }
    }
    let (_, query) = readme.split_once("```sql").expect("a query");
    let query =
        query.split("```").next().expect("its end").replace(r#""EXTERNAL_ACCESS"."MAPPING_TABLES"."#, "");
    assert_eq!(desk.query(query.trim().trim_end_matches(';')), [luid]);
}

#[test]
fn readme_stays_short_and_knows_every_command_and_exit_code() {
    let readme = read("README.md");
    assert!(readme.lines().count() < 150);
    let help = Desk::empty().done(&["--help"]);
    let commands =
        help.split_once("Commands:").expect("commands").1.split("Options:").next().expect("their end");
    for command in
        commands.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
    {
        assert!(readme.contains(&format!("| `{command}` |")), "README does not explain `{command}`");
    }
}

#[test]
fn snippets_of_the_readme_are_those_of_the_examples_that_are_run() {
    let readme = read("README.md");
    let examples = read("examples/ci/github.yml") + &read("examples/ci/gitlab.yml");
    let (_, section) = readme.split_once("## Check a repository in CI").expect("a section");
    let section = section.split("\n## ").next().expect("its end");
    let blocks = section.split("```yaml").skip(1).filter_map(|rest| rest.split("```").next());
    let commands: Vec<&str> = blocks
        .flat_map(str::lines)
        .filter_map(|line| line.find("tabmap check").map(|start| &line[start..]))
        .collect();
    assert_eq!(commands.len(), 2, "{section}");
    for command in commands {
        assert!(examples.contains(command), "no example runs `{command}`");
    }
}
