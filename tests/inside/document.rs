//! docs/snowflake.md from its top: its settings are put together, its commands are run in their order, its SQL is parsed.

use std::fs;

use toml::{Table, Value};

use crate::apply::{accept, shows_nothing};
use crate::files::by_name;
use crate::parse::troubles;
use crate::readme::{desk, read, run, statements, tableau};
use test_support::emulator::Tenant;
use test_support::pages::blocks;

/// Puts what a later block says over what the earlier ones said.
fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) if key != "alert" => merge(into, from),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// What the page calls, grants and starts is made by the files, under these names.
fn are_made(sql: &[String], made: &str) {
    for statement in sql {
        let names = statement.split('"').skip(1).step_by(2);
        for name in names.filter(|name| name.contains("__") || name.starts_with("TABMAP_")) {
            assert!(made.contains(&format!("\"{name}\"")), "nothing makes {name}: {statement}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_snowflake_leads_from_nothing_to_a_map_that_is_kept() {
    let tenant = Tenant::new().await;
    accept(&tenant).await;
    shows_nothing(&tenant).await;
    let desk = desk(&tenant, tableau());
    for (file, text) in [("tableau-container", "secret-of-tabmap"), ("webhook", "T0/B0/X")] {
        desk.write(file, text);
    }
    let here = desk.path("").display().to_string();
    let own = |text: &str| {
        text.replace("https://tableau.example.com", desk.tableau.url()).replace("/run/secrets/", &here)
    };
    let mut settings: Table =
        toml::from_str(&format!("[snowflake]\ndatabase = \"{}\"", tenant.database)).unwrap();
    let (mut exports, mut sql, mut said) = (String::new(), Vec::new(), String::new());
    let blocks = blocks(&["toml", "sh", "sql"]).into_iter().filter(|block| block.page == "docs/snowflake.md");
    for block in blocks {
        let text = block.text;
        match block.language.as_str() {
            "toml" if text.contains("account = ") => {
                let connection: Table = toml::from_str(&text).unwrap();
                assert_eq!(connection["nightly"]["role"].as_str(), Some("TABMAP_SYNC"));
            }
            "toml" => {
                merge(&mut settings, toml::from_str(&own(&text)).unwrap());
                desk.write("tabmap.toml", &toml::to_string(&settings).unwrap());
            }
            // Not run here: there is no container engine. Other tests hold the Dockerfile and the repository's name.
            "sh" if text.contains("docker ") => {
                let dockerfile = text.split("--file ").nth(1).unwrap().split(' ').next().unwrap();
                assert!(read(dockerfile).contains("ENTRYPOINT"), "{dockerfile}");
                assert!(text.contains("TABMAP_IMAGES"), "{text}");
            }
            "sh" => {
                said += &tokio::task::block_in_place(|| run(&desk, &own(&format!("{exports}{text}"))));
                let lines = text.lines().filter(|line| line.starts_with("export "));
                exports.extend(lines.map(|line| format!("{line}\n")));
            }
            _ => sql.extend(statements(&text)),
        }
    }
    assert_eq!(tokio::task::block_in_place(|| troubles(&sql)), vec![None; sql.len()], "{sql:?}");
    for made in [
        "TABMAP_SYNC\": created",
        "REFRESH_RESOURCE\": created",
        "API__TABLEAU__WEBHOOK\": created",
        "compute pool \"TABMAP_POOL\": created",
        "\"API__TABLEAU__SYNC\": created",
    ] {
        assert!(said.contains(made), "{made}: {said}");
    }
    let rows = tenant.sql(&["SELECT RESOURCE_NAME FROM API__TABLEAU__RESOURCES"]).await;
    assert_eq!(rows, [[Some("Weekly Sales".to_owned())]]);

    let printed = by_name(&fs::read_to_string(desk.path("objects.sql")).unwrap());
    are_made(&sql, &printed.into_values().collect::<String>());
}

#[test]
fn the_page_about_snowflake_knows_each_file_and_each_code_that_has_a_remedy() {
    let page = read("docs/snowflake.md");
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/snowflake/objects")).unwrap();
    for file in files.map(|file| file.unwrap().file_name().into_string().unwrap()) {
        let is_numbered = file.starts_with(|letter: char| letter.is_ascii_digit());
        assert!(!is_numbered || page.contains(&format!("`{file}`")), "{file} is not explained");
    }
    let remedies = read("src/store/snowflake/objects/remedies.rs");
    let rows = page.lines().filter(|line| {
        line.starts_with("| ") && line[2..].starts_with(|letter: char| letter.is_ascii_digit())
    });
    let codes: Vec<_> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split(", ")).map(str::trim).collect();
    assert!(codes.len() >= 10, "{codes:?}");
    for code in codes {
        assert!(remedies.contains(&format!("\"{code}\"")), "{code} has no remedy");
    }
}

#[test]
fn neither_readme_nor_page_needs_a_role_before_it_says_how_it_is_made() {
    for file in ["README.md", "docs/snowflake.md"] {
        let text = read(file);
        let made = text.find("--snowflake-objects --apply").unwrap();
        let used = text.find("role = \"TABMAP_SYNC\"").unwrap();
        let granted = text.find("GRANT ROLE \"TABMAP_SYNC\"").unwrap();
        assert!(made < granted && granted < used, "{file}");
    }
}
