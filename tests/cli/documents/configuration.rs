//! `docs/configuration.md` has exactly the settings that the program has, with their defaults.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use test_support::desk::Desk;
use test_support::repository;

/// A row of the tables of settings: key, default, flags and variables, since.
struct Row {
    key: String,
    default: String,
    given: Vec<String>,
    since: String,
}

const HEAD: &str = "| key | default | flag, variable | since | meaning |";

fn page() -> String {
    fs::read_to_string(repository("docs/configuration.md")).expect("the page")
}

/// What stands between backticks.
fn code(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Row> {
    let page = page();
    let tables = page.split(HEAD).skip(1).filter_map(|rest| rest.split("\n\n").next());
    let lines = tables.flat_map(|table| table.lines().skip(2));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{line}");
        let default = cells[1].trim_matches('`').replace("not set", "(not set)");
        let key = code(cells[0]).concat();
        Row { key, default, given: code(cells[2]), since: cells[3].to_owned() }
    };
    lines.map(row).collect()
}

/// A desk where nothing is set.
fn bare_desk() -> Desk {
    let mut desk = Desk::empty();
    for variable in ["TABLEAU_SERVER", "TABLEAU_SITE", "TABLEAU_PAT_NAME", "TABLEAU_PAT_SECRET"] {
        desk.unset(variable);
    }
    desk
}

#[test]
fn page_has_each_setting_of_the_program_with_its_default_in_the_same_order() {
    let shown = bare_desk().done(&["config", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(shown.as_bytes());
    let settings = reader.records().map(|record| record.expect("a record"));
    let settings: Vec<_> = settings
        .map(|record| format!("{} = {}", &record[0], &record[1]))
        .filter(|line| !line.starts_with("config = "))
        .collect();
    let written: Vec<_> = rows().iter().map(|row| format!("{} = {}", row.key, row.default)).collect();
    let lacking: Vec<_> = settings.iter().filter(|line| !written.contains(line)).collect();
    assert!(lacking.is_empty(), "docs/configuration.md lacks a row for each of {lacking:#?}");
    assert_eq!(written, settings, "left the page, right `tabmap config`");
}

/// The keys that a section takes, as the program says when it meets another.
fn taken(section: &str) -> BTreeSet<String> {
    let desk = bare_desk();
    desk.write("tabmap.toml", &format!("{section}\nno-such-key = 1\n"));
    let said = desk.run(&["config"]).refused(2, &["no-such-key"]).stderr.clone();
    let (_, expected) = said.split_once(", expected ").expect("what it expected");
    code(expected.split('\n').next().expect("a line")).into_iter().collect()
}

#[test]
fn page_has_each_key_that_each_section_takes() {
    let rows = rows();
    let sections = [
        "",
        "tableau",
        "tableau.repository",
        "limits",
        "check",
        "check.severity",
        "snowflake",
        "snowflake.objects",
    ];
    for section in sections.into_iter().chain(["refresh", "serve", "webhook"]) {
        let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
        let is_file = |row: &&Row| row.key.starts_with(|first: char| first.is_ascii_lowercase());
        let under = rows.iter().filter(is_file).filter_map(|row| row.key.strip_prefix(&prefix));
        // Of a section within this one, its name.
        let under = under.filter_map(|rest| rest.split('.').next()).map(str::to_owned).collect();
        let head = if section.is_empty() { String::new() } else { format!("[{section}]") };
        assert_eq!(taken(&head), under, "{head}");
    }
}

#[test]
fn flags_and_variables_that_the_page_names_exist_and_releases_are_those_of_the_changelog() {
    let changelog = fs::read_to_string(repository("CHANGELOG.md")).expect("the changelog");
    let help: String =
        ["sync", "check", "refresh", "serve"].map(|command| bare_desk().done(&[command, "--help"])).concat();
    for row in rows() {
        assert!(row.since == "next" || changelog.contains(&format!("## [{}]", row.since)), "{}", row.key);
        for given in row.given {
            if given.starts_with("--") {
                assert!(help.contains(&format!("{given} <")), "{}: {given}", row.key);
                continue;
            }
            let mut desk = bare_desk();
            let value = match given.as_str() {
                "TABMAP_STORE" => "sqlite:other.db",
                "TABLEAU_SERVER" => "https://tableau.example.com",
                "TABLEAU_REPOSITORY_PORT" => "5432",
                "TABLEAU_REPOSITORY_SSLMODE" => "require",
                _ => "rest",
            };
            desk.set(&given, value);
            let shown = desk.done(&["config", "--format", "csv"]);
            let line = shown.lines().find(|line| line.starts_with(&format!("{},", row.key)));
            assert!(line.expect("a setting").ends_with(&format!(",{given}")), "{}: {given}", row.key);
        }
    }
}

/// Texts in the sources that are names of variables of this program.
fn variables(folder: PathBuf, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            variables(path, found);
            continue;
        }
        let text = fs::read_to_string(path).expect("a source");
        for calls in ["get(\"", "secret(\"", "variable(\"", "var_os(\"", "from_env(\""] {
            let names = text.split(calls).skip(1).filter_map(|rest| rest.split('"').next());
            let is_ours = |name: &&str| name.starts_with("TABLEAU_") || name.starts_with("TABMAP_");
            found.extend(names.filter(is_ours).map(str::to_owned));
        }
    }
}

#[test]
fn page_names_each_variable_that_the_sources_read() {
    let (page, mut found) = (page(), BTreeSet::new());
    variables(repository("src"), &mut found);
    assert!(found.contains("TABMAP_CONFIG") && found.contains("TABLEAU_SITE"), "{found:?}");
    for name in found {
        assert!(page.contains(&format!("`{name}`")), "docs/configuration.md does not name {name}");
    }
}
