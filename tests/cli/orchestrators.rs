//! The examples for orchestrators load without the services, and start what `tabmap` takes.

use std::process::{Command, Output};

use tempfile::TempDir;
use test_support::{repository, venv};

fn succeeds(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("start Python");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{stdout}{stderr}");
    format!("{stdout}{stderr}")
}

/// Prints the command of each mapped task.
const LOAD_DAGS: &str = "
import sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1])
assert not bag.import_errors, bag.import_errors
task = bag.dags['tabmap_sites'].get_task('sync')
assert task.is_mapped, task
for command in task.expand_input.value['bash_command']:
    print('command: ' + command)
";

#[test]
fn airflow_loads_the_dag_and_maps_a_task_for_each_shard() {
    let python = venv::python("airflow", &["apache-airflow==3.3.2"]);
    let home = TempDir::new().expect("make a folder");
    let mut load = Command::new(python);
    load.args(["-c", LOAD_DAGS]).arg(repository("examples/airflow"));
    load.env("AIRFLOW_HOME", home.path()).env("AIRFLOW__CORE__UNIT_TEST_MODE", "True");
    load.env("AIRFLOW__CORE__LOAD_EXAMPLES", "False");
    let said = succeeds(&mut load);
    let commands: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("command: ")).collect();
    assert_eq!(commands.len(), 8, "{said}");
    for (command, shard) in commands.iter().zip(1..) {
        let sync = format!("tabmap sync --all-sites --shard {shard}/8 --log-format json; ");
        assert!(command.starts_with(&sync), "{command}");
    }
}

#[test]
fn dagster_finds_the_definitions_valid() {
    let python = venv::python("dagster", &["dagster==1.13.29"]);
    let home = TempDir::new().expect("make a folder");
    let mut validate = Command::new(python.with_file_name("dagster"));
    validate.args(["definitions", "validate", "-f"]).arg(repository("examples/dagster/tabmap_sites.py"));
    validate.env("DAGSTER_HOME", home.path()).env("DAGSTER_DISABLE_TELEMETRY", "yes");
    let said = succeeds(&mut validate);
    assert!(said.contains("All code locations passed validation"), "{said}");
}
