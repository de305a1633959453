//! A running `tabmap serve`, and dbt in front of it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tableau_simulator::{JobPlan, Kind, Outcome};
use test_support::desk::Desk;

pub const SECRET: &str = "dbtwhs_not-a-real-secret";
pub const SALES: &str = "[[webhook.rule]]\njob_id = 42\nrefresh = [{ workbook = \"Sales\", project = \"default\", site = \"MySite\" }]\n";

/// A running `tabmap serve`.
pub struct Serving {
    process: Child,
    pub url: String,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

impl Serving {
    pub fn start(desk: &Desk) -> Self {
        Self::start_with(desk, &[])
    }

    pub fn start_with(desk: &Desk, arguments: &[&str]) -> Self {
        Self::of(desk, desk.command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat()))
    }

    /// In a shell that prepares its surroundings first.
    pub fn start_in_shell(desk: &Desk, prepare: &str) -> Self {
        let script = format!("{prepare}; exec \"$0\" serve --listen 127.0.0.1:0");
        Self::of(
            desk,
            desk.command_of("/bin/sh", &["-c", &script, &test_support::tabmap().to_string_lossy()]),
        )
    }

    fn of(desk: &Desk, mut command: Command) -> Self {
        let log =
            std::fs::File::options().create(true).append(true).open(desk.path("log")).expect("open the log");
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().expect("start tabmap");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("its stdout");
        BufReader::new(stdout).read_line(&mut line).expect("its first line");
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| {
            panic!("{line:?}\n{}", std::fs::read_to_string(desk.path("log")).unwrap_or_default())
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { url: url.to_owned(), process, runtime, client }
    }

    pub fn post(&self, body: &str, signature: Option<&str>) -> (u16, String) {
        let mut request = self.client.post(format!("{}/webhooks/dbt", self.url)).body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("Authorization", signature);
        }
        self.runtime.block_on(async {
            let answer = request.send().await.expect("an answer");
            (answer.status().as_u16(), answer.text().await.expect("a text").trim().to_owned())
        })
    }

    /// Delivers an event as dbt does; what the receiver says.
    #[track_caller]
    pub fn deliver(&self, event: &Value) -> String {
        let body = event.to_string();
        let (status, text) = self.post(&body, Some(&signature(&body)));
        assert_eq!(status, 200, "{text}");
        text
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        self.runtime.block_on(async {
            let answer = self.client.get(format!("{}{path}", self.url)).send().await.expect("an answer");
            (answer.status().as_u16(), answer.text().await.expect("a text"))
        })
    }

    pub fn metric(&self, name: &str) -> u64 {
        let (_, text) = self.get("/metrics");
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).trim().parse().expect("a number")
    }

    /// Kilobytes of memory that the process has in use.
    pub fn memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it still takes connections.
    pub fn is_reachable(&self) -> bool {
        std::net::TcpStream::connect(self.url.trim_start_matches("http://")).is_ok()
    }

    /// As the power cut does it: no chance to tidy up.
    pub fn kill(mut self) {
        self.process.kill().expect("kill");
        self.process.wait().expect("wait");
    }

    /// As a service manager does it; the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let asked = Command::new("kill").arg(self.process.id().to_string()).status().expect("start kill");
        assert!(asked.success());
        self.process.wait().expect("wait").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn signature(body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    let digest = mac.chain_update(body).finalize().into_bytes();
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The event of a run that went well.
pub fn event(id: &str, job: &str) -> Value {
    json!({
        "accountId": 1,
        "eventId": id,
        "timestamp": jiff::Timestamp::now().to_string(),
        "eventType": "job.run.completed",
        "webhookName": "tabmap",
        "data": {
            "jobId": job, "jobName": format!("Job {job}"), "runId": "7", "environmentId": "9",
            "environmentName": "Production", "dbtVersion": "1.10.0", "projectName": "Shop", "projectId": "3",
            "runStatus": "Success", "runStatusCode": 10, "runReason": "Scheduled",
        },
    })
}

/// A mapped site with the workbook `Sales`, and rules.
pub fn desk(rules: &str) -> (Desk, String) {
    desk_with("", rules)
}

pub fn desk_with(refresh: &str, rules: &str) -> (Desk, String) {
    let mut desk = Desk::empty();
    let sales = desk.publish(Kind::Workbook, &["default"], "Sales");
    desk.set("DBT_WEBHOOK_SECRET", SECRET);
    write_config(&desk, refresh, rules);
    desk.done(&["backfill"]);
    desk.tableau.clear_requests();
    desk.tableau.plan_jobs(plan(0, 30, Outcome::Success));
    (desk, sales)
}

pub fn write_config(desk: &Desk, refresh: &str, rules: &str) {
    let serve = "[serve]\nwindow = \"100ms\"\nretry_after = \"50ms\"\nattempts = 3\n";
    desk.write("tabmap.toml", &format!("{}{refresh}\n{serve}{rules}", crate::refresh::FAST));
}

pub fn plan(pending: u64, running: u64, outcome: Outcome) -> JobPlan {
    JobPlan { pending: Duration::from_millis(pending), running: Duration::from_millis(running), outcome }
}

/// Waits for what must come; a minute is for machines that are busy.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn in_state(desk: &Desk, state: &str) -> usize {
    let queue = rusqlite::Connection::open(desk.path("tabmap-refreshes.db")).expect("open the queue");
    queue.busy_timeout(Duration::from_secs(10)).expect("wait for locks");
    let sql = "SELECT COUNT(*) FROM REFRESHES WHERE STATE = ?1";
    let count: i64 = queue.query_row(sql, [state], |row| row.get(0)).expect("a count");
    usize::try_from(count).expect("not negative")
}
