//! What is right, somebody else's, or switched off is left alone; and suggestions help.

use std::fmt::Write as _;
use std::fs;

use tableau_simulator::{Effect, Endpoint, Fault, Kind};
use test_support::desk::Desk;

use super::{ANY_AGE, desk_with_map, document, finds, fixture, found_in};

const REPLACED: &str = "00000101-0000-4000-8000-000000000101";

/// A desk whose map is of a server with this name.
fn desk_of_server(server: &str) -> Desk {
    let mut desk = Desk::empty();
    desk.unset("TABLEAU_SERVER").unset("TABLEAU_SITE");
    desk.done(&["init"]);
    for day in ["monday.json", "tuesday.json", "wednesday.json"] {
        let recording = fs::read_to_string(fixture(day)).expect("a recording");
        desk.write(day, &recording.replace("tableau.example.com", server));
        desk.done(&["sync", "--from", day]);
    }
    desk
}

#[test]
fn address_without_host_and_site_is_of_any_application() {
    let desk = desk_with_map();
    finds(&desk, "a.js", "router.go('#/datasources/12'); router.go('#/workbooks/999');", &[]);
    finds(&desk, "b.js", "go('#/site/MySite/workbooks/999')", &[(1, "unknown-resource")]);
    finds(&desk, "c.js", "go('tableau.example.com/#/workbooks/999')", &[(1, "unknown-resource")]);
}

#[test]
fn site_of_another_customer_on_a_cloud_host_is_a_note_and_our_own_is_found_on_any_of_its_hosts() {
    let desk = desk_of_server("10ay.online.tableau.com");
    let other = "https://10ay.online.tableau.com/#/site/Partner/workbooks/1";
    assert_eq!(found_in(&desk, "a.md", other), [(1, "foreign-site".to_owned())]);
    let arguments = [["check", "--offline", "a.md"].as_slice(), &ANY_AGE].concat();
    let answer = desk.run(&arguments);
    assert_eq!(answer.exit, 0, "{}", answer.stdout);
    assert!(answer.stdout.contains("note[foreign-site]"), "{}", answer.stdout);
    assert!(answer.stdout.contains("0 errors, 1 warning, 1 note;"), "{}", answer.stdout);
    let github = desk.run(&[arguments.as_slice(), &["--format", "github"]].concat()).stdout;
    assert!(github.contains("::notice file=a.md,line=1"), "{github}");
    let ours = "https://prod-useast-a.online.tableau.com/#/site/mysite/workbooks/101";
    assert_eq!(found_in(&desk, "b.md", ours), [(1, "replaced-url".to_owned())]);
    finds(&desk, "c.md", "https://prod-useast-a.online.tableau.com/#/site/Partner/workbooks/1", &[]);
    let server = desk_with_map();
    finds(&server, "a.md", "https://tableau.example.com/#/site/Partner/workbooks/1", &[(1, "unknown-site")]);
}

#[test]
fn path_whose_parents_are_hidden_now_is_judged_by_the_map_and_without_one_is_left_open() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    desk.publish(Kind::Workbook, &["Marketing", "EMEA"], "Sales");
    desk.done(&["backfill"]);
    desk.tableau.arm(Fault::on(Endpoint::Projects, Effect::RestError { code: 403_004, headers: [].into() }));
    desk.write(
        "tabmap-refs.toml",
        "[[reference]]\ntype = \"workbook\"\nname = \"Sales\"\nproject = \"Finance/EMEA\"\nsite = \"MySite\"\n",
    );
    desk.write(
        "a.sql",
        "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Sales', 'EMEA', 'MySite', 'c', 'Finance/EMEA');\n",
    );
    desk.write(
        "b.sql",
        "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Sales', 'EMEA', 'MySite', 'c', 'Sales/EMEA');\n",
    );
    let run = |more: &[&str], path: &str| {
        let answer = desk.run(&[&["check", "--format", "json", "--references-only"], more, &[path]].concat());
        let document: serde_json::Value = serde_json::from_str(&answer.stdout).expect("a document");
        let findings = document["findings"].as_array().expect("findings").iter();
        let codes: Vec<_> = findings.map(|one| one["code"].as_str().expect("a code").to_owned()).collect();
        (codes, document["references"]["open"].as_u64().expect("a number"))
    };
    for path in ["tabmap-refs.toml", "a.sql"] {
        assert_eq!(run(&[], path), (vec![], 0), "{path}");
        assert_eq!(run(&["--offline"], path), (vec![], 0), "{path}");
        assert_eq!(run(&["--live"], path), (vec![], 1), "{path}");
    }
    assert_eq!(run(&[], "b.sql").0, ["unknown-resource"]);
    assert_eq!(run(&["--live"], "b.sql"), (vec![], 1));
}

#[test]
fn exposure_that_is_disabled_is_not_judged() {
    let desk = desk_with_map();
    let url = "https://tableau.example.com/#/site/MySite/workbooks/102";
    let body =
        format!("    url: {url}\n    meta: {{tableau: {{workbook: Nothing}}, tableau_luid: {REPLACED}}}\n");
    let on = format!("exposures:\n  - name: a\n{body}");
    finds(&desk, "on.yml", &on, &[(3, "stale-url"), (4, "replaced-luid"), (4, "unknown-resource")]);
    for off in
        ["    config: {enabled: false}\n", "    enabled: false\n", "    config:\n      enabled: False\n"]
    {
        finds(&desk, "off.yml", &format!("{on}{off}"), &[]);
        let next = format!("{on}{off}  - name: b\n    url: {url}\n");
        let line = next.lines().count() as u64;
        finds(&desk, "next.yml", &next, &[(line, "stale-url")]);
    }
}

#[test]
fn anchors_and_merges_of_yaml_are_followed() {
    let desk = desk_with_map();
    let yaml = "x-meta: &base\n  tableau: {workbook: Nothing, project: Finance/EMEA, site: MySite}\nexposures:\n  - name: a\n    \
                meta: *base\n  - name: b\n    meta:\n      <<: *base\n      owner: me\n";
    finds(&desk, "a.yml", yaml, &[(2, "unknown-resource")]);
    finds(&desk, "b.yml", &yaml.replace("Nothing", "Pipeline"), &[]);
    // A few lines that stand for more values than there is memory.
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..60 {
        let _ = writeln!(bomb, "a{level}: &a{level} [*a{0}, *a{0}, *a{0}, *a{0}]", level - 1);
    }
    let found = found_in(&desk, "bomb.yml", &format!("{bomb}{yaml}"));
    assert_eq!(found.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>(), ["unreadable-file"]);
}

#[test]
fn luid_in_a_line_that_is_commented_out_is_not_judged() {
    let desk = desk_with_map();
    finds(&desk, "a.py", &format!("# wb = '{REPLACED}'\nwb = '{REPLACED}'\n"), &[(2, "replaced-luid")]);
    finds(
        &desk,
        "a.sql",
        &format!("-- '{REPLACED}'\n/* '{REPLACED}' */ select '{REPLACED}'\n"),
        &[(2, "replaced-luid")],
    );
    finds(&desk, "a.md", &format!("# Workbook {REPLACED}\n"), &[(1, "replaced-luid")]);
    // What it was once is no mistake, and not to be corrected.
    finds(&desk, "b.py", &format!("wb = NEW  # was {REPLACED}\n"), &[]);
    finds(&desk, "b.py", &format!("wb = '#', '{REPLACED}'  # it's new\n"), &[(1, "replaced-luid")]);
}

#[test]
fn site_that_is_asked_for_is_the_only_one_whose_map_is_reported_and_references_alone_can_be() {
    let desk = desk_with_map();
    desk.write("a.md", "nothing");
    let codes = |more: &[&str]| {
        let document = document(&desk, &[&["a.md"], more].concat(), 0);
        let findings = document["findings"].as_array().expect("findings").iter();
        findings.map(|one| one["code"].as_str().expect("a code").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[]), ["ambiguous-key"]);
    assert_eq!(codes(&["--site", "MySite"]), ["ambiguous-key"]);
    assert_eq!(codes(&["--site", "Default"]), Vec::<String>::new());
    let answer = desk.run(&["check", "--offline", "--references-only", "a.md"]);
    assert_eq!(answer.exit, 0, "the map is older than its limit: {}", answer.stdout);
    assert!(answer.stdout.starts_with("0 errors, 0 warnings;"), "{}", answer.stdout);
}

#[test]
fn similar_names_in_the_given_project_are_suggested_first() {
    let desk = Desk::empty();
    for (project, name) in
        [("Zoo", "Sales 2025"), ("Alpha", "Sales 2024"), ("Alpha", "Sales 2023"), ("Alpha", "Sales 2022")]
    {
        desk.publish(Kind::Workbook, &[project], name);
    }
    desk.done(&["backfill"]);
    desk.write(
        "tabmap-refs.toml",
        "[[reference]]\ntype = \"workbook\"\nname = \"Sales 2026\"\nproject = \"Zoo\"\n",
    );
    let answer = desk.run(&["check", "--offline", "tabmap-refs.toml"]);
    assert!(answer.stdout.contains("did you mean `Zoo::Sales 2025`, `Alpha::"), "{}", answer.stdout);
}

#[test]
fn check_without_a_map_does_not_speak_of_one() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["default"], "Sales");
    let host = desk.tableau.url().trim_start_matches("http://").to_owned();
    desk.write(
        "a.md",
        &format!(
            "http://{host}/#/site/MySite/workbooks/999999 http://{host}/#/site/Nowhere/workbooks/1 \
             http://{host}/#/site/MySite/views/Nothing/x"
        ),
    );
    desk.write(
        "tabmap-refs.toml",
        "[[reference]]\nluid = \"99999999-0000-4000-8000-000000000999\"\n[[reference]]\ntype = \"workbook\"\nname = \"zzz\"\n",
    );
    let answer = desk.run(&["check", "--live", "a.md", "tabmap-refs.toml"]);
    assert_eq!(answer.exit, 3, "{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.stdout.matches("[unknown-").count(), 5, "{}", answer.stdout);
    let words = answer.stdout.replace("tabmap", "");
    assert!(!words.contains("map ") && !words.contains("sync"), "{}", answer.stdout);
}

#[test]
fn finding_of_a_manifest_is_told_of_the_source_of_its_exposure() {
    let desk = desk_with_map();
    for folder in ["models", "target"] {
        fs::create_dir(desk.path(folder)).expect("make a folder");
    }
    desk.write("dbt_project.yml", "name: shop\n");
    // Rendered by dbt alone.
    desk.write(
        "models/a.yml",
        "models:\n  - name: weekly\nexposures:\n  - name: weekly # the report\n    url: \"{{ var('tableau') }}/102\"\n",
    );
    let url = "https://tableau.example.com/#/site/MySite/workbooks/102";
    let exposure = |path: &str| serde_json::json!({"name": "weekly", "original_file_path": path, "url": url});
    let mut seen = Vec::new();
    for path in ["models/a.yml", "models/missing.yml", "../outside.yml"] {
        let exposures = serde_json::json!({"exposure.shop.weekly": exposure(path)});
        let manifest = serde_json::json!({"metadata": {"dbt_schema_version": "12"}, "exposures": exposures});
        desk.write("target/manifest.json", &manifest.to_string());
        let document = document(&desk, &["--no-exit-code", "dbt_project.yml"], 0);
        let finding =
            document["findings"].as_array().expect("findings").iter().find(|one| one["code"] == "stale-url");
        let finding = finding.unwrap_or_else(|| panic!("{document}"));
        assert!(
            finding["message"].as_str().expect("a text").starts_with("exposure `weekly`: workbook 102"),
            "{finding}"
        );
        seen.push(format!("{}:{}", finding["path"].as_str().expect("a path"), finding["position"]["line"]));
    }
    assert_eq!(seen, ["models/a.yml:4", "target/manifest.json:1", "target/manifest.json:1"]);
}
