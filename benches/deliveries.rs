//! How fast `tabmap serve` answers deliveries: 200 a second for 30 s on loopback, each with an event and a job of its
//! own, signed, accepted and on disk before it is answered.
//!
//! ```text
//! cargo bench --locked --bench deliveries [-- DELIVERIES_A_SECOND SECONDS]
//! ```
//!
//! Deliveries are sent by the clock, whether or not earlier ones were answered, and times count from when each was
//! to be sent: a server that falls behind cannot hide it.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use tableau_simulator::{Content, JobPlan, Kind, Options, Outcome, Simulator};
use tempfile::TempDir;

const SECRET: &str = "not-a-real-secret";
/// How many dbt jobs deliver; each has a workbook.
const JOBS: usize = 40;

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds flags of its own.
    let numbers: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let rate = numbers.first().copied().unwrap_or(200).max(1);
    let seconds = numbers.get(1).copied().unwrap_or(30).max(1);

    let tableau = tableau()?;
    let folder = TempDir::new()?;
    std::fs::write(folder.path().join("tabmap.toml"), configuration())?;
    let command = |arguments: &[&str]| {
        let (name, secret) = tableau.pat();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tabmap"));
        command.args(arguments).current_dir(folder.path()).env_clear();
        command.env("TABLEAU_SERVER", tableau.url()).env("TABLEAU_SITE", "MySite");
        command.env("TABLEAU_PAT_NAME", name).env("TABLEAU_PAT_SECRET", secret);
        command.env("DBT_WEBHOOK_SECRET", SECRET);
        command
    };
    let filled = command(&["backfill"]).stdout(Stdio::null()).status()?;
    assert!(filled.success(), "the map was filled");
    let mut serving = Serving(command(&["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn()?);
    let mut line = String::new();
    BufReader::new(serving.0.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
    let url = line.trim().strip_prefix("listening on ").ok_or("it does not listen")?.to_owned();

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(deliver(&url, rate, seconds))?;
    let jobs = tableau.jobs().len();
    let mut out = io::stdout().lock();
    writeln!(out, "{report}{jobs} refreshes were started for {JOBS} workbooks meanwhile")?;
    Ok(())
}

fn tableau() -> io::Result<Simulator> {
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#);
    let content = content.map_err(|error| io::Error::other(error.to_string()))?;
    let tableau = Simulator::start(Options { content, ..Options::default() })?;
    for job in 0..JOBS {
        tableau.publish("MySite", Kind::Workbook, &["default"], &format!("Workbook {job}"));
    }
    let running = Duration::from_secs(2);
    tableau.plan_jobs(JobPlan { pending: Duration::ZERO, running, outcome: Outcome::Success });
    Ok(tableau)
}

fn configuration() -> String {
    let mut text = "[refresh]\nstarts = \"unlimited\"\n[serve]\nwindow = \"1s\"\n".to_owned();
    for job in 0..JOBS {
        let _ = write!(
            text,
            "[[webhook.rule]]\njob_id = {job}\nrefresh = [{{ workbook = \"Workbook {job}\", site = \"MySite\" }}]\n"
        );
    }
    text
}

async fn deliver(url: &str, rate: u32, seconds: u32) -> Result<String, Box<dyn Error>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let count = rate * seconds;
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..count {
        let at = begun + Duration::from_secs(1) * number / rate;
        tokio::time::sleep_until(at.into()).await;
        let body = event(number);
        let request = client.post(format!("{url}/webhooks/dbt"));
        let request = request.header("Authorization", signature(&body)).body(body);
        tasks.spawn(async move {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            let text = answer.text().await?;
            Ok::<_, reqwest::Error>((at.elapsed(), status == 200 && text.trim() == "accepted"))
        });
    }
    let mut times = Vec::new();
    let (mut accepted, mut broken) = (0, 0);
    while let Some(done) = tasks.join_next().await {
        match done? {
            Ok((time, is_accepted)) => {
                times.push(time);
                accepted += u32::from(is_accepted);
            }
            Err(_) => broken += 1,
        }
    }
    let took = begun.elapsed();
    times.sort();
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a position in a list of some thousand times"
        )]
        let position = ((times.len() as f64 - 1.0) * share).round() as usize;
        times.get(position).copied().unwrap_or_default()
    };
    let within = times.iter().filter(|time| **time < Duration::from_secs(1)).count();
    Ok(format!(
        "{count} deliveries in {:.1} s ({rate} a second): {accepted} accepted, {broken} without an answer\n\
         answered within a second: {within}\n\
         median {:.1?}, 95 % {:.1?}, 99 % {:.1?}, slowest {:.1?}\n",
        took.as_secs_f64(),
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
    ))
}

fn event(number: u32) -> String {
    let job = number as usize % JOBS;
    serde_json::json!({
        "accountId": 1,
        "eventId": format!("wev_{number}"),
        "timestamp": jiff::Timestamp::now().to_string(),
        "eventType": "job.run.completed",
        "webhookName": "tabmap",
        "data": {
            "jobId": job.to_string(), "jobName": format!("Job {job}"), "runId": number.to_string(),
            "environmentId": "9", "environmentName": "Production", "dbtVersion": "1.10.0",
            "projectName": "Shop", "projectId": "3", "runStatus": "Success", "runStatusCode": 10,
            "runStatusMessage": "None", "runReason": "Scheduled",
        },
    })
    .to_string()
}

fn signature(body: &str) -> String {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return String::new() };
    let digest = mac.chain_update(body).finalize().into_bytes();
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
