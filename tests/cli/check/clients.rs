//! Files that other programs accept: a script of tabcmd, a file of Airflow, a project of dbt. Each runs or is read by its own
//! program first, and then is checked.

use std::fs;
use std::path::Path;
use std::process::Command;

use tableau_simulator::Kind;
use test_support::desk::Desk;
use test_support::venv;

use super::{desk_with_map, document, places};

/// A program of a virtual environment; panics with what it said unless it succeeds.
#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

const SCRIPT: &str = r#"set -e
tabcmd refreshextracts --workbook "Weekly Sales" --project "Finance"
tabcmd refreshextracts \
  --datasource 'Orders' --project Operations
tabcmd refreshextracts --workbook "Old Report" --project "Marketing"
"#;

#[test]
fn a_script_that_tabcmd_accepts_is_good_until_what_it_names_is_gone() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["Finance"], "Weekly Sales");
    desk.publish(Kind::Datasource, &["Operations"], "Orders");
    let old = desk.publish(Kind::Workbook, &["Marketing"], "Old Report");
    desk.done(&["init"]);
    desk.sync();
    let script = desk.write("nightly.sh", SCRIPT);
    desk.run(&["check", "--references-only", "nightly.sh"]).exit_is(0);

    // The script calls `tabcmd`, which signs in by what its session file would hold otherwise.
    let python = venv::python("tabcmd-2.0.21", &["tabcmd==2.0.21"]);
    let (name, secret) = desk.tableau.pat();
    let sign_in =
        format!("--server {} --site MySite --token-name {name} --token-value {secret}", desk.tableau.url());
    let wrapper = format!("#!/bin/sh\nexec {} -m tabcmd \"$@\" {sign_in}\n", python.display());
    let wrapper = desk.write("bin-tabcmd", &wrapper);
    fs::create_dir(desk.path("bin")).expect("make a folder");
    fs::rename(wrapper, desk.path("bin/tabcmd")).expect("move the wrapper");
    succeeds(Command::new("chmod").arg("+x").arg(desk.path("bin/tabcmd")));
    let path = format!("{}:/usr/bin:/bin", desk.path("bin").display());
    let mut shell = Command::new("sh");
    shell.arg(script).env("PATH", path).env("HOME", desk.folder.path()).current_dir(desk.folder.path());
    succeeds(&mut shell);
    assert_eq!(desk.tableau.jobs().len(), 3, "one for each line of the script");

    desk.tableau.delete("MySite", Kind::Workbook, &old);
    desk.sync();
    let answer = desk.run(&["check", "--references-only", "nightly.sh"]);
    answer.exit_is(3);
    assert!(
        answer.stdout.contains("1 error,") && answer.stdout.contains("nightly.sh:5:36"),
        "{}",
        answer.stdout
    );
}

const DAG: &str = r#"from airflow.providers.tableau.operators.tableau import TableauOperator
from airflow.sdk import DAG

with DAG(dag_id="tableau", schedule=None) as dag:
    TableauOperator(task_id="good", resource="workbooks", method="refresh", find="Revenue", match_with="name")
    TableauOperator(
        task_id="gone",
        resource="workbooks",
        method="refresh",
        find="Costs",  # it was deleted
        match_with="name",
    )
    TableauOperator(
        task_id="by_luid", resource="datasources", method="refresh", find="00000201-0000-4000-8000-000000000201"
    )
"#;

#[test]
fn operators_that_airflow_reads_in_a_file_are_found_with_what_they_look_for() {
    let desk = desk_with_map();
    desk.write("dag.py", DAG);
    let python = venv::python(
        "airflow-tableau-5.7.1",
        &["apache-airflow-providers-tableau==5.7.1", "apache-airflow==3.3.2"],
    );
    let list =
        "import dag; print(sorted((t.task_id, t.resource, t.find, t.match_with) for t in dag.dag.tasks))";
    let mut airflow = Command::new(python);
    airflow.args(["-c", list]).current_dir(desk.folder.path()).env("AIRFLOW_HOME", desk.path("airflow"));
    let read = succeeds(&mut airflow);
    assert!(read.contains("('gone', 'workbooks', 'Costs', 'name')"), "{read}");
    assert!(read.contains("'00000201-0000-4000-8000-000000000201', 'id')"), "{read}");
    let found = places(&document(&desk, &["dag.py"], 3));
    let found: Vec<_> = found.iter().map(|(_, line, code)| (*line, code.as_str())).collect();
    assert_eq!(found, [(10, "unknown-resource"), (14, "replaced-luid")]);
}

const PROJECT: [(&str, &str); 4] = [
    ("dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n"),
    (
        "profiles.yml",
        "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: localhost, user: u, password: p, port: 5432, dbname: d, \
         schema: s, threads: 1}\n",
    ),
    ("orders.sql", "select 1 as id\n"),
    (
        "exposures.yml",
        "version: 2\nexposures:\n\
         \x20 - &exposure\n    name: revenue\n    type: dashboard\n    owner: {name: a, email: a@example.com}\n    depends_on: [ref('orders')]\n\
         \x20   url: https://tableau.example.com/#/site/MySite/workbooks/121\n\
         \x20 - <<: *exposure\n    name: costs\n    url: https://tableau.example.com/#/site/MySite/workbooks/102\n\
         \x20 - <<: *exposure\n    name: old_revenue\n    url: https://example.com\n    config:\n      meta: {tableau_luid: 00000101-0000-4000-8000-000000000101}\n",
    ),
];

#[test]
fn exposures_that_dbt_parses_are_found_in_the_source_and_in_the_manifest() {
    let desk = desk_with_map();
    fs::create_dir(desk.path("models")).expect("make a folder");
    for (name, text) in PROJECT {
        let is_model = name == "orders.sql" || name == "exposures.yml";
        desk.write(&if is_model { format!("models/{name}") } else { name.to_owned() }, text);
    }
    let python = venv::python("dbt-core-1.10", &["dbt-core==1.10.13", "dbt-postgres==1.9.1"]);
    let dbt = python.parent().map(|folder| folder.join("dbt")).expect("a folder");
    let mut parse = Command::new(dbt);
    parse.args(["parse", "--profiles-dir", ".", "--no-send-anonymous-usage-stats"]);
    succeeds(parse.current_dir(desk.folder.path()).env("HOME", desk.folder.path()));
    assert!(Path::new(&desk.path("target/manifest.json")).is_file());
    let codes = |paths: &[&str]| -> Vec<(String, u64, String)> {
        places(&document(&desk, paths, 3)).into_iter().collect()
    };
    let expected = [
        ("models/exposures.yml".to_owned(), 11, "stale-url".to_owned()),
        ("models/exposures.yml".to_owned(), 16, "replaced-luid".to_owned()),
    ];
    assert_eq!(codes(&["models", "target/manifest.json"]), expected, "what a source says is told once");
    let of_manifest = codes(&["target/manifest.json"]);
    let of_manifest: Vec<_> = of_manifest.iter().map(|(_, _, code)| code.as_str()).collect();
    assert_eq!(of_manifest, ["stale-url", "replaced-luid"]);
}
