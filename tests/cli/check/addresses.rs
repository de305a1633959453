//! Addresses, however they are written down.

use std::fs;

use super::{desk_with_map, document, finds, offline};

const STALE: &str = "https://tableau.example.com/#/site/MySite/workbooks/101";

#[test]
fn address_in_escapes_or_over_several_lines_is_reported_once_and_never_rewritten() {
    let desk = desk_with_map();
    let text = format!(
        "[[reference]]\nurl = \"\"\"\n{STALE}\"\"\"\n\n[[reference]]\n\
         url = \"https://tableau.example.com/\\u0023/site/MySite/workbooks/111/views\"\n"
    );
    finds(&desk, "tabmap-refs.toml", &text, &[(2, "replaced-url"), (6, "replaced-url")]);
    assert_eq!(offline(&desk, &["--fix", "tabmap-refs.toml"]).exit, 3);
    assert_eq!(fs::read_to_string(desk.path("tabmap-refs.toml")).expect("the file"), text);
}

#[test]
fn address_with_escaped_slashes_in_a_manifest_is_blamed_as_a_whole() {
    let desk = desk_with_map();
    let url = STALE.replace('/', "\\/");
    let manifest =
        "{\"metadata\": {\"dbt_schema_version\": \"1\"}, \"exposures\": {\"a\": {\"url\": \"URL\"}}}";
    desk.write("manifest.json", &manifest.replace("URL", &url));
    let found = document(&desk, &["manifest.json"], 3);
    let findings = found["findings"].as_array().expect("findings");
    let position = findings.iter().find_map(|one| one.get("position")).expect("a place");
    assert_eq!(position["offset"].as_u64(), manifest.find("URL").map(|at| at as u64));
    assert_eq!(position["length"].as_u64(), Some(url.len() as u64));
}
