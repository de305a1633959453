//! The Snowflake emulator of `tests/snowflake_emulator`: one process for this test binary, and for each test a user
//! and a database of its own.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::{repository, venv};

/// Seconds after which the emulator answers "still running"; Snowflake's are 45.
pub const SLOW_AFTER: f64 = 2.0;

/// Rows above which the emulator splits a result.
pub const CHUNK_ROWS: usize = 1_000;

/// The Python that has what the emulator needs, and the official client.
pub fn python() -> PathBuf {
    let requirements: Vec<_> = include_str!("../../snowflake_emulator/requirements.txt").lines().collect();
    venv::python("snowflake-emulator", &requirements)
}

/// Versions of Snowflake's own Python client that the emulator is checked with: the last one in Python, and the newest,
/// whose core is in Rust.
pub const OFFICIAL_CLIENTS: [&str; 2] = ["4.8.1", "5.2.0"];

/// The Python that has this version of the official client.
pub fn official_client(version: &str) -> PathBuf {
    let requirement = format!("snowflake-connector-python=={version}");
    venv::python(&format!("snowflake-connector-{version}"), &[&requirement])
}

struct Emulator {
    port: u16,
    // Its standard input is a pipe from here: the emulator ends when this process does.
    _process: Child,
}

fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    EMULATOR.get_or_init(|| {
        let server = repository("tests/snowflake_emulator/server.py");
        let mut process = Command::new(python())
            .arg(server)
            .args(["--slow-after", &SLOW_AFTER.to_string(), "--chunk-rows", &CHUNK_ROWS.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start the Snowflake emulator");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("its first line");
        let port = line.trim().strip_prefix("listening on ").and_then(|port| port.parse().ok());
        Emulator { port: port.unwrap_or_else(|| panic!("the emulator said {line:?}")), _process: process }
    })
}

/// The port on which the emulator listens; it is started if need be.
pub fn port() -> u16 {
    emulator().port
}

/// A path of the emulator, with or without a body.
async fn call(path: &str, body: Option<Value>) -> Value {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
    let url = format!("http://127.0.0.1:{}/emulator/{path}", port());
    let request = body.map_or_else(|| client.get(&url), |body| client.post(&url).json(&body));
    let response = request.send().await.expect("ask the emulator");
    assert!(response.status().is_success(), "{path}: {}", response.text().await.unwrap());
    response.json().await.unwrap()
}

/// One test's user and database.
pub struct Tenant {
    /// Its name, in capitals.
    pub user: String,
    /// The database, which is empty at first.
    pub database: String,
    /// The password of the user.
    pub password: String,
}

impl Tenant {
    /// A tenant whose user has a password.
    pub async fn new() -> Self {
        Self::with(json!({})).await
    }

    /// A tenant whose user has other properties than a password.
    pub async fn with(properties: Value) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let tenant = Self {
            user: format!("USER_{number}"),
            database: format!("TEST_{number}"),
            password: format!("secret-{number}-{}", uuid::Uuid::new_v4()),
        };
        let mut user = json!({ "name": tenant.user, "password": tenant.password });
        user.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        call("users", Some(user)).await;
        call("databases", Some(json!({ "name": tenant.database }))).await;
        tenant
    }

    /// The same tenant with other properties of its user.
    pub async fn replaced_by(self, user: Value) -> Self {
        call("users", Some(user)).await;
        self
    }

    /// The variables of a connection `test` to the emulator, with `more` of its keys set or replaced.
    pub fn environment(&self, more: &[(&str, &str)]) -> HashMap<String, String> {
        let port = port().to_string();
        let keys = [
            ("account", "emulator"),
            ("user", &self.user),
            ("password", &self.password),
            ("host", "127.0.0.1"),
            ("port", &port),
            ("protocol", "http"),
        ];
        let keys = keys.iter().chain(more);
        let mut variables: HashMap<_, _> = keys
            .map(|(key, value)| {
                (format!("SNOWFLAKE_CONNECTIONS_TEST_{}", key.to_uppercase()), (*value).to_owned())
            })
            .collect();
        variables.insert("SNOWFLAKE_HOME".to_owned(), "/nonexistent".to_owned());
        variables
    }

    /// Runs statements aside from any session; the rows of the last one.
    pub async fn sql(&self, statements: &[&str]) -> Vec<Vec<Option<String>>> {
        let body = json!({ "database": self.database, "schema": "MAPPING_TABLES", "statements": statements });
        serde_json::from_value(call("sql", Some(body)).await).unwrap()
    }

    /// Arms a fault for this user; see `Fault` in `control.py`.
    pub async fn arm(&self, mut fault: Value) -> Fault {
        fault["user"] = json!(self.user);
        Fault { id: call("faults", Some(fault)).await["id"].as_u64().unwrap() }
    }

    /// Sets the emulator's clock ahead, for those who call this host by that name.
    pub async fn set_clock(&self, host: &str, seconds_ahead: i64) {
        call("clocks", Some(json!({ "host": host, "ahead": seconds_ahead }))).await;
    }

    /// Arms a fault for chunks of this user's results.
    pub async fn arm_for_chunks(&self, mut fault: Value) -> Fault {
        fault["at"] = json!("chunk");
        self.arm(fault).await
    }

    /// What the emulator noted about this user: `statements`, `logins`, `renewals`, `tokens`, `aborts` or
    /// `sessions`.
    pub async fn log(&self, of: &str) -> Vec<Value> {
        let entries = call(&format!("{of}?user={}", self.user), None).await;
        entries.as_array().unwrap().clone()
    }

    /// The first words of the statements so far.
    pub async fn statements(&self) -> Vec<String> {
        let entries = self.log("statements").await;
        entries.iter().map(|entry| without_comments(entry["sql"].as_str().unwrap())).collect()
    }
}

fn without_comments(sql: &str) -> String {
    sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n")
}

/// A fault that is armed.
pub struct Fault {
    id: u64,
}

impl Fault {
    /// Waits until the fault has struck.
    pub async fn reached(&self) {
        call(&format!("faults/{}/reached", self.id), None).await;
    }

    /// Lets the fault strike no more.
    pub async fn disarm(&self) {
        call(&format!("faults/{}/disarm", self.id), Some(json!({}))).await;
    }

    /// Lets a held statement go on.
    pub async fn release(&self) {
        call(&format!("faults/{}/release", self.id), Some(json!({}))).await;
    }
}
