//! What the configuration and comments say about findings.

use std::collections::BTreeSet;
use std::fs;

use super::{desk_with_map, document, offline, places};

const GONE: &str = "00000102-0000-4000-8000-000000000102";

#[test]
fn severity_is_set_by_code_and_by_path() {
    let desk = desk_with_map();
    fs::create_dir_all(desk.path("docs/old")).expect("make folders");
    for path in ["a.py", "docs/a.md", "docs/old/a.md"] {
        desk.write(path, GONE);
    }
    desk.write(
        "tabmap.toml",
        "[check]\nexclude = [\"map.db*\"]\n[check.severity]\nambiguous-key = \"off\"\n\
         [[check.overrides]]\npaths = [\"docs/\"]\nseverity = { stale-luid = \"warning\" }\n\
         [[check.overrides]]\npaths = [\"docs/old\"]\nseverity = { stale-luid = \"off\" }\n",
    );
    let all = document(&desk, &[], 3);
    let severities: Vec<_> = all["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|one| (one["path"].clone(), one["severity"].clone()))
        .collect();
    assert_eq!(severities, [("a.py".into(), "error".into()), ("docs/a.md".into(), "warning".into())]);
    assert_eq!(all["files"]["binary"], 0, "the map is excluded");
    document(&desk, &["docs"], 0);
}

#[test]
fn excluded_paths_are_not_searched_and_git_keeps_its_own_folder() {
    let desk = desk_with_map();
    for folder in [".git", ".github/workflows", "vendor/x"] {
        fs::create_dir_all(desk.path(folder)).expect("make folders");
    }
    for path in [".git/config.txt", ".github/workflows/ci.yml", "vendor/x/a.py"] {
        desk.write(path, GONE);
    }
    desk.write("tabmap.toml", "[check]\nexclude = [\"/vendor/\"]\n");
    let expect = (".github/workflows/ci.yml".to_owned(), 1, "stale-luid".to_owned());
    assert_eq!(places(&document(&desk, &[], 3)), BTreeSet::from([expect]));
}

#[test]
fn procedure_and_hosts_go_by_other_names_where_the_configuration_says_so() {
    let desk = desk_with_map();
    desk.write("a.sql", "CALL REFRESH_TABLEAU('workbook', 'Nothing', 'EMEA', 'MySite', 'c');\n");
    desk.write("b.md", "https://bi.example.com/#/site/MySite/workbooks/102\n");
    assert_eq!(places(&document(&desk, &["a.sql", "b.md"], 0)), BTreeSet::new());
    desk.write("tabmap.toml", "[check]\nprocedures = [\"refresh_tableau\"]\nhosts = [\"bi.example.com\"]\n");
    let found = places(&document(&desk, &["a.sql", "b.md"], 3));
    let codes: Vec<_> = found.iter().map(|(path, _, code)| (path.as_str(), code.as_str())).collect();
    assert_eq!(codes, [("a.sql", "unknown-resource"), ("b.md", "stale-url")]);
}

#[test]
fn procedures_of_others_are_read_by_the_order_of_their_arguments() {
    let desk = desk_with_map();
    desk.write(
        "tabmap.toml",
        "[check]\nprocedures = [{ name = \"refresh_tableau\", arguments = [\"site\", \"\", \"workbook\", \"project\"] }]\n",
    );
    for (call, code) in [
        ("CALL util.refresh_tableau('MySite', 5, 'Revenue', 'EMEA');", None),
        ("select fn.eu.Refresh_Tableau('MySite', x, 'Costs', 'EMEA')", Some("unknown-resource")),
        ("CALL refresh_tableau('MySite', 5, 'Pipeline', :project);", None),
        ("CALL refresh_tableau('MySite', 5, 'Pipeline', 'EMEA');", Some("ambiguous-resource")),
        ("CALL refresh_tableau('MySite', 5, :name, 'EMEA');", None),
        ("CALL refresh_tableau(:site, 5, 'Revenue', 'EMEA');", None),
        ("CALL refresh_tableau(:site, 5, 'Costs', 'EMEA');", Some("unknown-resource")),
        ("CALL refresh_tableau('Nowhere', 5, 'Revenue');", Some("unknown-site")),
        ("CALL refresh_tableau(workbook => 'Costs', other => 'x');", Some("unknown-resource")),
        ("CALL refresh_tableau('MySite', 5);", None),
        ("CALL refresh_tableau('MySite', 5, 'Pipeline');", None),
        ("CALL refresh_tableau('MySite', 5, 'Costs');", Some("unknown-resource")),
        ("CALL refresh_tableau('MySite', 5, 'Pipeline', NULL);", None),
        ("CALL refresh_tableau(workbook => 'Pipeline', folder => 'EMEA');", None),
        ("CALL refresh_tableau(p_workbook => 'Costs', p_site => 'MySite');", None),
        ("CALL refresh_tableau(project => 'EMEA', workbook => 'Revenue', site => 'MySite');", None),
        ("CALL refresh_tableau(project => 'EMEA', workbook => 'Costs');", Some("unknown-resource")),
        ("CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Costs', 'EMEA', 'MySite');", None),
    ] {
        desk.write("a.sql", call);
        let found = places(&document(&desk, &["a.sql"], if code.is_some() { 3 } else { 0 }));
        let codes: Vec<_> = found.iter().map(|(_, _, code)| code.as_str()).collect();
        assert_eq!(codes, code.into_iter().collect::<Vec<_>>(), "{call}");
    }
}

#[test]
fn comment_silences_its_codes_on_its_line_and_on_all_lines_of_a_call() {
    let desk = desk_with_map();
    desk.write(
        "a.sql",
        &format!(
            "SELECT '{GONE}' -- tabmap: ignore stale-luid, unknown-site\n\
             CALL API__TABLEAU__REFRESH_RESOURCE( -- tabmap: ignore unknown-resource\n  'workbook',\n  'Nothing', 'EMEA', 'MySite', 'c');\n\
             SELECT '{GONE}'\n-- tabmap: ignore stale-luid\n-- tabmap: ignore stale\n-- tabmap: ignore CODE is how it is written\n"
        ),
    );
    let found = places(&document(&desk, &["a.sql"], 3));
    let found: Vec<_> = found.iter().map(|(_, line, code)| (*line, code.as_str())).collect();
    assert_eq!(found, [(1, "unused-ignore"), (5, "stale-luid"), (6, "unused-ignore"), (7, "unused-ignore")]);
}

#[test]
fn configuration_that_cannot_be_meant_is_refused() {
    let desk = desk_with_map();
    for (text, words) in [
        ("[check]\nmax_age = \"soon\"\n", ["`max_age` under `[check]`", "not a duration"]),
        ("[check.severity]\nstale = \"off\"\n", ["stale", "tabmap.toml"]),
        ("[check.severity]\nstale-luid = \"fatal\"\n", ["fatal", "tabmap.toml"]),
        ("[check]\nexclude = [\"a{\"]\n", ["`exclude` under `[check]`", "a{"]),
        ("[check]\nprocedures = [5]\n", ["a name, or a table", "arguments"]),
        ("[check]\nprocedures = [\"\"]\n", ["`procedures` under `[check]`", "needs a name"]),
    ] {
        desk.write("tabmap.toml", text);
        offline(&desk, &[]).refused(2, &words);
    }
}

#[test]
fn every_code_stands_in_the_written_configuration_with_its_default_and_in_the_help() {
    let desk = desk_with_map();
    desk.write("a.py", GONE);
    let log = desk.run(&["check", "a.py", "--offline", "--no-exit-code", "--format", "sarif"]).stdout;
    let log: serde_json::Value = serde_json::from_str(&log).expect("a SARIF log");
    let mut defaults: Vec<String> = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| {
            format!("#{} = {}", rule["id"].as_str().expect("a code"), rule["defaultConfiguration"]["level"])
        })
        .collect();
    desk.done(&["init", "--config", "written.toml"]);
    let written = fs::read_to_string(desk.path("written.toml")).expect("the file");
    let (_, section) = written.split_once("[check.severity]\n").expect("the section");
    let (section, _) = section.split_once("\n[").expect("another section");
    let is_key = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
    let mut listed: Vec<&str> = section.lines().filter(is_key).collect();
    listed.sort_unstable();
    defaults.sort_unstable();
    assert_eq!(listed, defaults);
    let help = desk.done(&["check", "--help"]);
    for line in listed {
        let code = line[1..].split(' ').next().expect("a code");
        assert!(help.contains(code), "{code} is missing: {help}");
    }
}
