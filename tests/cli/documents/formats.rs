//! Each block of TOML, YAML and Python in README and in the pages is one that its reader takes.

use std::process::{Command, Stdio};

use saphyr_parser::Parser;
use tabmap::refresh::target;
use test_support::desk::Desk;
use test_support::pages::{Block, blocks};

/// What a block of TOML is, by what stands in it.
fn take(block: &Block) -> Result<&'static str, String> {
    let table: toml::Table = block.text.parse().map_err(|error| format!("{error}"))?;
    let is_connection =
        |value: &toml::Value| value.get("account").is_some() || value.get("authenticator").is_some();
    if table.contains_key("reference") {
        // `check` reads it in the test of its page.
        return Ok("references");
    }
    if table.contains_key("refresh") && table["refresh"].is_array() {
        let read = target::read("refs.toml".as_ref(), &block.text);
        return read.map(|_| "targets").map_err(|error| format!("{error:?}"));
    }
    if table.values().any(is_connection) {
        return Ok("connection");
    }
    let desk = Desk::empty();
    desk.write("tabmap.toml", &block.text);
    let answer = desk.run(&["list", "--store", "sqlite:none.db"]);
    // It says that there is no map, once all settings are right.
    if answer.exit == 1 { Ok("settings") } else { Err(answer.stderr) }
}

#[test]
fn every_toml_block_of_readme_and_pages_is_read_by_the_program() {
    let mut kinds = Vec::new();
    for block in blocks(&["toml"]) {
        kinds.push(take(&block).unwrap_or_else(|error| panic!("{}: {error}", block.place())));
    }
    for kind in ["settings", "connection", "references", "targets"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[test]
fn every_yaml_block_of_readme_and_pages_is_yaml() {
    let all = blocks(&["yaml"]);
    assert!(all.len() > 2, "{}", all.len());
    for block in all {
        for event in Parser::new_from_str(&block.text) {
            event.unwrap_or_else(|error| panic!("{}: {error}", block.place()));
        }
    }
}

#[test]
fn every_python_block_of_readme_and_pages_is_python() {
    for block in blocks(&["python"]) {
        let mut python = Command::new("python3");
        python.args(["-c", "import ast, sys; ast.parse(sys.argv[1])", &block.text]).stdin(Stdio::null());
        let output = python.output().expect("start python3");
        assert!(output.status.success(), "{}: {}", block.place(), String::from_utf8_lossy(&output.stderr));
    }
}
