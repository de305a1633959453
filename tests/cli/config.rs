//! `config`: what is set, and by what.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use test_support::desk::Desk;

/// A desk where nothing is set.
fn bare_desk() -> Desk {
    let mut desk = Desk::empty();
    for variable in ["TABLEAU_SERVER", "TABLEAU_SITE", "TABLEAU_PAT_NAME", "TABLEAU_PAT_SECRET"] {
        desk.unset(variable);
    }
    desk
}

/// Each setting with its value and where that is from.
#[track_caller]
fn settings(desk: &Desk, more: &[&str]) -> BTreeMap<String, (Value, Value)> {
    let document: Value =
        serde_json::from_str(&desk.done(&[&["config", "--format", "json"], more].concat())).expect("JSON");
    assert_eq!(document["format_version"], 1);
    let setting = |one: &Value| {
        let key = one["key"].as_str().expect("a key").to_owned();
        (key, (one["value"].clone(), one["from"].clone()))
    };
    document["settings"].as_array().expect("settings").iter().map(setting).collect()
}

#[test]
fn flag_wins_over_variable_file_and_default_and_each_is_named() {
    let mut desk = bare_desk();
    let store = |desk: &Desk, more: &[&str]| settings(desk, more)["store"].clone();
    assert_eq!(store(&desk, &[]), (json!("sqlite:tabmap.db"), json!(null)));
    assert_eq!(settings(&desk, &[])["config"], (json!(null), json!(null)));
    desk.write(
        "tabmap.toml",
        "store = 'sqlite:file.db'\n[check]\nmax_age = '2h'\n[tableau]\nsites = ['A', 'B']\n",
    );
    assert_eq!(store(&desk, &[]), (json!("sqlite:file.db"), json!("tabmap.toml")));
    let of_file = settings(&desk, &[]);
    assert_eq!(of_file["config"], (json!("tabmap.toml"), json!(null)));
    assert_eq!(of_file["check.max_age"], (json!("2h"), json!("tabmap.toml")));
    assert_eq!(of_file["tableau.sites"], (json!(["A", "B"]), json!("tabmap.toml")));
    assert_eq!(of_file["refresh.timeout"], (json!("2h"), json!(null)));
    assert_eq!(of_file["tableau.server"], (json!(null), json!(null)), "an example is no default");
    desk.set("TABMAP_STORE", "sqlite:variable.db").set("TABLEAU_SITE", "C, D");
    assert_eq!(store(&desk, &[]), (json!("sqlite:variable.db"), json!("TABMAP_STORE")));
    assert_eq!(settings(&desk, &[])["tableau.sites"], (json!(["C", "D"]), json!("TABLEAU_SITE")));
    assert_eq!(store(&desk, &["--store", "sqlite:flag.db"]), (json!("sqlite:flag.db"), json!("--store")));
}

#[test]
fn every_variable_that_the_template_names_is_named_where_it_counts() {
    let template = bare_desk();
    template.done(&["init"]);
    let template = std::fs::read_to_string(template.path("tabmap.toml")).expect("the template");
    let named = template.split("Environment: ").skip(1);
    let named = named.map(|text| text.split(|one: char| !one.is_ascii_uppercase() && one != '_').next());
    let values = [
        ("TABMAP_STORE", "sqlite:variable.db"),
        ("TABLEAU_SERVER", "https://tableau.example.com"),
        ("TABLEAU_SITE", "MySite"),
        ("TABLEAU_CA_BUNDLE", "ca.pem"),
        ("TABMAP_SOURCE", "rest"),
        ("TABLEAU_REPOSITORY_HOST", "db.example.com"),
        ("TABLEAU_REPOSITORY_PORT", "5432"),
        ("TABLEAU_REPOSITORY_USER", "ann"),
        ("TABLEAU_REPOSITORY_SSLMODE", "require"),
        ("TABLEAU_REPOSITORY_CA_FILE", "server.crt"),
    ];
    assert_eq!(named.flatten().collect::<Vec<_>>(), values.map(|(name, _)| name));
    for (name, value) in values {
        let mut desk = bare_desk();
        desk.set(name, value);
        let from = settings(&desk, &[]).into_values().map(|(_, from)| from);
        assert!(from.into_iter().any(|from| from == name), "{name}");
    }
}

#[test]
fn secrets_are_named_and_never_shown() {
    let mut desk = bare_desk();
    desk.set("TABLEAU_PAT_NAME", "nightly").set("TABLEAU_PAT_SECRET", "hush-1");
    desk.set("DBT_WEBHOOK_SECRET_FILE", "/run/secrets/dbt").set("HTTPS_PROXY", "http://me:hush-2@proxy:1");
    desk.set("SNOWFLAKE_CONNECTIONS_NIGHTLY_PASSWORD", "hush-3");
    for format in ["table", "csv", "json"] {
        let shown = desk.done(&["config", "--format", format]);
        assert!(!shown.contains("hush"), "{shown}");
        for name in
            ["TABLEAU_PAT_SECRET", "DBT_WEBHOOK_SECRET_FILE", "HTTPS_PROXY", "CONNECTIONS_NIGHTLY_PASSWORD"]
        {
            assert!(shown.contains(name), "{name} is missing in {shown}");
        }
    }
    let shown = settings(&desk, &[]);
    assert_eq!(shown["TABLEAU_PAT_NAME"], (json!("nightly"), json!("TABLEAU_PAT_NAME")));
    assert_eq!(shown["TABLEAU_PAT_SECRET"], (json!(null), json!("TABLEAU_PAT_SECRET")));
    assert_eq!(shown["TABLEAU_PASSWORD"], (json!(null), json!(null)));
    let table = desk.done(&["config"]);
    let line = |name: &str| table.lines().find(|line| line.starts_with(name)).expect("a line").to_owned();
    assert!(line("TABLEAU_PAT_SECRET").contains("(set, not shown)"), "{table}");
    assert!(line("TABLEAU_PASSWORD").contains("(not set)"), "{table}");
}

#[test]
fn variables_of_a_site_are_listed_under_their_own_names_where_they_are_set() {
    let mut desk = bare_desk();
    desk.write("tabmap.toml", "[[tableau.site]]\nname = 'EMEA'\nprefix = 'EMEA_'\n");
    desk.set("EMEA_TABLEAU_PAT_NAME", "nightly").set("EMEA_TABLEAU_PAT_SECRET_FILE", "hush-file");
    desk.set("OTHER_TABLEAU_PAT_NAME", "other");
    let shown = settings(&desk, &[]);
    assert_eq!(shown["tableau.site"].0, json!([{"name": "EMEA", "prefix": "EMEA_"}]));
    assert_eq!(shown["EMEA_TABLEAU_PAT_NAME"], (json!("nightly"), json!("EMEA_TABLEAU_PAT_NAME")));
    assert_eq!(shown["EMEA_TABLEAU_PAT_SECRET"], (json!(null), json!("EMEA_TABLEAU_PAT_SECRET_FILE")));
    assert!(!shown.contains_key("EMEA_TABLEAU_PASSWORD") && !shown.contains_key("OTHER_TABLEAU_PAT_NAME"));
    assert!(shown.contains_key("TABLEAU_PASSWORD"));
}

#[test]
fn every_key_of_the_template_is_listed_and_a_wrong_file_is_refused() {
    let desk = bare_desk();
    desk.done(&["init"]);
    let shown = settings(&desk, &[]);
    let template = std::fs::read_to_string(desk.path("tabmap.toml")).expect("the file");
    let mut section = String::new();
    for line in template.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        }
        let key = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        if let Some((key, _)) = key.and_then(|rest| rest.split_once(" = ")) {
            assert!(shown.contains_key(&format!("{section}{key}")), "{section}{key}");
        }
    }
    desk.write("tabmap.toml", "max_age = '2h'");
    desk.run(&["config"]).refused(2, &["unknown field `max_age`"]);
}
