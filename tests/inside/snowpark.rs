//! The text of the refresh procedure under Snowpark's local testing, with the real tableauserverclient.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tabmap::store::snowflake::TableNames;
use test_support::venv;

/// Clients of Tableau: the newest, and one that raises where the newest answers `None` (409093).
pub const CLIENTS: [&str; 2] = ["0.42", "0.38"];

/// A procedure, and all that it finds in Snowflake.
pub struct Procedure<'a> {
    pub body: &'a str,
    pub tables: &'a TableNames,
    /// Rows of type, site, project, name, id and path.
    pub map: &'a [Value],
    /// Rows of site, status and time.
    pub runs: &'a Value,
    /// What its secrets hold: name and value.
    pub token: (&'a str, &'a str),
    pub client: &'a str,
}

impl Procedure<'_> {
    /// The answers to calls in this order; of one that raised, `{"raised": "…"}`.
    pub fn call(&self, calls: &Value) -> Vec<Value> {
        let (name, secret) = self.token;
        let asked = json!({
            "body": self.body,
            "resources": quoted(self.tables, &self.tables.resources),
            "sync_runs": quoted(self.tables, &self.tables.runs),
            "map": self.map,
            "runs": self.runs,
            "secrets": { "pat_name": name, "pat_value": secret },
            "calls": calls,
        });
        // The newest client is installed beside Snowpark; another one stands before it.
        let client = if self.client == CLIENTS[0] { PathBuf::new() } else { packages_of_client(self.client) };
        let output = Command::new(python())
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inside/python/call.py"))
            .arg(asked.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONPATH", client)
            .env("NO_PROXY", "*")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains(secret), "the secret was told: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(answer["tableauserverclient"], self.client);
        answer["outcomes"].as_array().unwrap().clone()
    }
}

fn quoted(tables: &TableNames, table: &str) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    [&tables.database, &tables.schema, table].map(quote).join(".")
}

fn python() -> PathBuf {
    let requirements = ["snowflake-snowpark-python[localtest]==1.56.0", "tableauserverclient==0.42"];
    venv::python("snowpark", &requirements)
}

fn packages_of_client(version: &str) -> PathBuf {
    let requirement = format!("tableauserverclient=={version}");
    let python = venv::python(&format!("tableauserverclient-{version}"), &[&requirement]);
    let lib = python.parent().unwrap().parent().unwrap().join("lib");
    let mut folders = fs::read_dir(lib).unwrap().map(|entry| entry.unwrap().path().join("site-packages"));
    folders.find(|folder| folder.is_dir()).unwrap()
}
