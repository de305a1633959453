//! README's section "From nothing to a nightly refresh" does what it says: its commands are run, in their order, and what
//! only a real account can run is parsed, and called under Snowpark.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tableau_simulator::{Content, JobPlan, Options, Outcome, Simulator, Token};
use tabmap::store::snowflake::TableNames;

use crate::apply::{accept, shows_nothing};
use crate::files::{body, by_name};
use crate::parse::troubles;
use crate::snowpark::{CLIENTS, Procedure};
use test_support::desk::Desk;
use test_support::emulator::Tenant;

const TOKENS: [(&str, &str); 2] = [("procedure", "secret-of-the-procedure"), ("tabmap", "secret-of-tabmap")];

/// A file of the repository.
pub fn read(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The statements of a block.
pub fn statements(block: &str) -> Vec<String> {
    let statements = block.split_terminator(";\n").map(str::trim).filter(|sql| !sql.is_empty());
    statements.map(str::to_owned).collect()
}

/// The blocks of the section, with their language.
fn blocks() -> Vec<(String, String)> {
    let readme = read("README.md");
    let (_, section) = readme.split_once("\n## From nothing to a nightly refresh\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("\n```").skip(1).step_by(2);
    let blocks: Vec<(String, String)> = blocks
        .map(|block| block.split_once('\n').unwrap())
        .map(|(language, text)| (language.to_owned(), format!("{text}\n")))
        .collect();
    let marked = section.matches("*Only a real account can run this; tests parse it").count();
    assert_eq!(marked, blocks.iter().filter(|(language, _)| language == "sql").count(), "each one is marked");
    blocks
}

/// What stands in the place of Tableau.
pub fn tableau() -> Simulator {
    let content = r#"{"sites": [{"content_url": "MySite", "workbooks": [{"name": "Weekly Sales", "project": ["Finance"]}]}]}"#;
    let token = |(name, secret): (&str, &str)| Token { name: name.to_owned(), secret: secret.to_owned() };
    let jobs =
        JobPlan { pending: Duration::ZERO, running: Duration::from_millis(100), outcome: Outcome::Success };
    let content = Content::from_json(content).unwrap();
    Simulator::start(Options { content, jobs, tokens: TOKENS.map(token).to_vec(), ..Options::default() })
        .unwrap()
}

/// A desk with the connections that the section speaks of, and the files of the secrets.
pub fn desk(tenant: &Tenant, tableau: Simulator) -> Desk {
    let mut desk = Desk::at(tableau);
    for name in ["TABLEAU_SERVER", "TABLEAU_SITE", "TABLEAU_PAT_NAME", "TABLEAU_PAT_SECRET"] {
        desk.unset(name);
    }
    for (name, value) in tenant.environment(&[]) {
        for connection in ["ADMIN", "NIGHTLY"] {
            desk.set(&name.replace("_TEST_", &format!("_{connection}_")), value.clone());
        }
    }
    desk.write("tableau-procedure", TOKENS[0].1);
    desk.write("tableau", TOKENS[1].1);
    desk
}

/// A shell with `tabmap` on its path that goes through one block after the other and stops at the first failure.
pub fn run(desk: &Desk, script: &str) -> String {
    let tabmap = desk.command(&[]);
    let folder = std::path::Path::new(tabmap.get_program()).parent().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", script]).current_dir(tabmap.get_current_dir().unwrap()).env_clear();
    shell.envs(tabmap.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
    let output = shell.output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{text}");
    text
}

/// The arguments of a call by name, in the order of the procedure's header, whose defaults stand in where it says nothing.
fn arguments(call: &str, header: &str) -> Vec<Value> {
    let value = |text: &str| match text.strip_prefix('\'') {
        Some(text) => json!(text.split('\'').next().unwrap()),
        None => text.split([',', ')', '\n']).next().unwrap().to_lowercase().parse().unwrap(),
    };
    let (header, _) = header.split_once("\n)").unwrap();
    let lines = header.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let name = line.split(' ').next().unwrap();
            let said = call.split_once(&format!("{name} => ")).or_else(|| line.split_once(" DEFAULT "));
            value(said.unwrap_or_else(|| panic!("{call} says no {name}")).1)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_a_nightly_refresh_as_the_readme_has_it() {
    let tenant = Tenant::new().await;
    // Of all that the emulator does not know, the section needs a database.
    tenant.sql(&["CREATE DATABASE IF NOT EXISTS EXTERNAL_ACCESS"]).await;
    accept(&tenant).await;
    shows_nothing(&tenant).await;
    let desk = desk(&tenant, tableau());
    let (mut script, mut sql) = (String::new(), Vec::new());
    for (language, block) in blocks() {
        match language.as_str() {
            "toml" if block.starts_with("[nightly]") => {
                let connection: toml::Table = toml::from_str(&block).unwrap();
                assert_eq!(connection["nightly"]["role"].as_str(), Some("TABMAP_SYNC"));
            }
            "toml" => drop(desk.write("tabmap.toml", &block)),
            "sh" => script.push_str(&block),
            "sql" => sql.extend(statements(&block)),
            other => panic!("no test knows what to do with {other}"),
        }
    }
    let here = desk.path("").display().to_string();
    let script =
        script.replace("https://tableau.example.com", desk.tableau.url()).replace("/run/secrets/", &here);
    let said = tokio::task::block_in_place(|| run(&desk, &script));
    for line in [
        "API__TABLEAU__REFRESH_RESOURCE\": created",
        "API__TABLEAU__NIGHTLY_REFRESH\": created",
        "API__TABLEAU__MAP_IS_STALE\": created",
    ] {
        assert!(said.contains(line), "{said}");
    }

    let resources = "\"EXTERNAL_ACCESS\".\"MAPPING_TABLES\".\"API__TABLEAU__RESOURCES\"";
    let columns = "RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME, RESOURCE_ID, PROJECT_PATH";
    let map = tenant.sql(&[&format!("SELECT {columns} FROM {resources}")]).await;
    let map: Vec<Value> = map.into_iter().map(|row| json!(row)).collect();
    assert_eq!(map.len(), 1, "{map:?}");

    assert_eq!(tokio::task::block_in_place(|| troubles(&sql)), vec![None; sql.len()], "{sql:?}");
    let printed = by_name(&fs::read_to_string(desk.path("objects.sql")).unwrap());
    let file = &printed["50_refresh_procedure.sql"];
    let (_, header) = file.split_once("REFRESH_RESOURCE\"(\n").unwrap();
    let call = sql.iter().find(|sql| sql.starts_with("CALL ")).unwrap();
    let by_name = call.split_once("\"(").unwrap().1.split(", ").all(|argument| argument.contains(" => "));
    assert!(by_name, "all by name, or all by position: {call}");
    let procedure = Procedure {
        body: body(file, "PROCEDURE"),
        tables: &TableNames::default(),
        map: &map,
        runs: &json!([]),
        token: TOKENS[0],
        client: CLIENTS[0],
    };
    let answers = tokio::task::block_in_place(|| procedure.call(&json!([arguments(call, header)])));
    assert_eq!(answers, ["Resource refresh complete"]);

    // What the section resumes was created, under these names.
    for statement in sql.iter().filter(|sql| sql.starts_with("ALTER")) {
        let created = statement.replace("ALTER TASK", "CREATE TASK IF NOT EXISTS");
        let created = created.replace("ALTER ALERT", "CREATE ALERT IF NOT EXISTS").replace(" RESUME", "\n");
        assert!(printed.values().any(|file| file.contains(created.trim_end_matches(';'))), "{created}");
    }
    let secrets = tenant.log("statements").await;
    let sent = secrets.iter().filter(|entry| entry["sql"].as_str().unwrap().contains(TOKENS[0].1));
    assert_eq!(sent.count(), 1, "the procedure got its own token");
}
