//! Exposures of dbt, in YAML and in the manifest that dbt makes of it.

use std::fs;

use serde_json::json;

use super::{desk_with_map, desk_with_repository, document, finds, offline, places};
use test_support::desk::Desk;

/// A project of dbt with these exposures, and with the manifest that dbt made of others.
fn project(yaml: &str, exposures: &serde_json::Value) -> Desk {
    let desk = desk_with_map();
    for folder in ["models", "target"] {
        fs::create_dir(desk.path(folder)).expect("make a folder");
    }
    desk.write(".gitignore", "target/\nmap.db*\n");
    desk.write("dbt_project.yml", "name: shop\n");
    desk.write("models/a.yml", yaml);
    let manifest = json!({"metadata": {"dbt_schema_version": "12"}, "exposures": exposures});
    desk.write("target/manifest.json", &manifest.to_string());
    desk
}

/// Path, line and code of what is found in the project.
fn found(desk: &Desk) -> Vec<(String, u64, String)> {
    places(&document(desk, &["--no-exit-code"], 0)).into_iter().collect()
}

fn place(path: &str, line: u64, code: &str) -> (String, u64, String) {
    (path.to_owned(), line, code.to_owned())
}

#[test]
fn manifest_that_the_configuration_excludes_is_not_read() {
    for pattern in ["target/", "/target/manifest.json", "manifest.json"] {
        let desk = desk_with_repository();
        desk.write("tabmap.toml", &format!("[check]\nexclude = [\"{pattern}\"]\n"));
        let found = places(&document(&desk, &[], 3));
        assert!(found.iter().all(|(path, ..)| path != "target/manifest.json"), "{pattern}: {found:?}");
    }
}

#[test]
fn manifest_that_is_older_than_its_source_warns_and_does_not_fail() {
    let url = "https://tableau.example.com/#/site/MySite/workbooks/101";
    let yaml = format!("exposures:\n  - name: a\n    url: {url}\n    # tableau\n");
    let exposure = |url: &str| json!({"original_file_path": "models/a.yml", "url": url});
    let other = url.replace("101", "102");
    let desk = project(&yaml, &json!({"a": exposure(url), "b": exposure(&other)}));
    assert_eq!(
        found(&desk),
        [place("models/a.yml", 0, "stale-url"), place("models/a.yml", 3, "replaced-url")]
    );
    offline(&desk, &["--fix"]).exit_is(3);
    let fixed = fs::read_to_string(desk.path("models/a.yml")).expect("the file");
    assert_eq!(fixed, yaml.replace("101", "121"));
    let again = offline(&desk, &["--fix"]);
    assert_eq!(again.exit, 0, "{}", again.stdout);
    for part in ["warning[replaced-url]", "warning[stale-url]", "a source is newer than this manifest"] {
        assert!(again.stdout.contains(part), "{}", again.stdout);
    }
    assert!(!again.stdout.contains("--- a/"), "{}", again.stdout);
}

#[test]
fn numbers_are_names_and_nothing_is_nothing_in_yaml_and_in_the_manifest() {
    let yaml = "exposures:\n  - name: a\n    meta:\n      tableau_luid:\n      tableau:\n        type: workbook\n        name: 2024\n        \
                project:\n        site: ~\n  - name: b\n    meta:\n      tableau_luid: null\n      tableau: {type: workbook, name: Welcome, site: \"\"}\n  \
                - name: c\n    meta:\n      tableau:\n";
    let meta = |meta: serde_json::Value| json!({"original_file_path": "models/b.yml", "meta": meta, "config": {"meta": meta}});
    let exposures = json!({
        "a": meta(json!({"tableau_luid": null, "tableau": {"type": "workbook", "name": 2024, "project": null, "site": null}})),
        "b": meta(json!({"tableau_luid": null, "tableau": {"type": "workbook", "name": "Welcome", "site": ""}})),
        "c": meta(json!({"tableau": null})),
    });
    let desk = project(yaml, &exposures);
    let manifest = "target/manifest.json";
    assert_eq!(
        found(&desk),
        [place("models/a.yml", 7, "unknown-resource"), place(manifest, 1, "unknown-resource")]
    );
    assert_eq!(document(&desk, &[], 3)["errors"], 2);
}

#[test]
fn invalid_entry_is_reported_once() {
    let yaml = "exposures:\n  - name: a\n    meta:\n      tableau: {type: report, name: Revenue}\n";
    let meta = json!({"tableau": {"type": "report", "name": "Revenue"}});
    let exposures =
        json!({"a": {"original_file_path": "models/a.yml", "meta": meta, "config": {"meta": meta}}});
    let desk = project(yaml, &exposures);
    assert_eq!(found(&desk), [place("models/a.yml", 4, "invalid-reference")]);
    assert_eq!(document(&desk, &[], 3)["errors"], 1);
}

#[test]
fn comment_on_the_next_exposure_silences_nothing_of_the_one_before() {
    let desk = desk_with_map();
    let yaml = "exposures:\n  - name: a\n    meta:\n      tableau:\n        type: workbook\n        name: Nothing\n  \
                - name: b # tabmap: ignore unknown-resource\n    meta:\n      tableau:\n        type: workbook\n        \
                name: Nobody # tabmap: ignore unknown-resource\n        project:\n\n  - name: c # tabmap: ignore invalid-reference\n    \
                meta:\n      tableau:\n        name: Nothing\n  - name: d # tabmap: ignore invalid-reference\n";
    let expect = [
        (6, "unknown-resource"),
        (7, "unused-ignore"),
        (14, "unused-ignore"),
        (17, "invalid-reference"),
        (18, "unused-ignore"),
    ];
    finds(&desk, "a.yml", yaml, &expect);
    let found = document(&desk, &["--no-exit-code", "a.yml"], 0);
    let findings = found["findings"].as_array().expect("findings").iter();
    let invalid = findings.clone().find(|one| one["code"] == "invalid-reference").expect("a finding");
    assert_eq!(invalid["position"]["end_line"], 17);
}
