//! The control API below `/simulator`: what the library can do, over HTTP and in JSON. The crate's own page lists it.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::change::{Change, NotFound};
use crate::faults::Fault;
use crate::index::IndexMode;
use crate::jobs::{JobPlan, Outcome};
use crate::server::Reply;
use crate::state::{Request, Shared};
use crate::world::Site;

#[derive(Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
enum Mode {
    Immediate,
    Frozen,
    After { milliseconds: u64 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    milliseconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    #[serde(default)]
    pending_ms: u64,
    #[serde(default)]
    running_ms: u64,
    outcome: Outcome,
}

/// Why a request of the control API was refused: status and message.
struct Refused(u16, String);

impl From<NotFound> for Refused {
    fn from(error: NotFound) -> Self {
        Self(404, error.to_string())
    }
}

/// Answers a request of the control API.
pub(crate) fn answer(shared: &Shared, request: &Request, path: &str) -> Reply {
    match run(shared, request, path) {
        Ok(body) => Reply::json(200, &body),
        Err(Refused(status, message)) => Reply::json(status, &json!({ "error": message })),
    }
}

#[expect(clippy::too_many_lines, reason = "an arm for each path, and nothing else")]
fn run(shared: &Shared, request: &Request, path: &str) -> Result<Value, Refused> {
    let site = form_urlencoded::parse(request.query.as_bytes()).find(|(name, _)| name == "site");
    let site = site.map(|(_, site)| site.into_owned());
    let mut state = shared.lock();
    let state = &mut *state;
    let done = json!({});
    match (request.method.as_str(), path) {
        ("GET", "") => Ok(json!({
            "url": shared.base,
            "sites": state.world.sites.iter().map(|site| &site.content_url).collect::<Vec<_>>(),
            "requests": requests(&state.world.sites),
        })),
        ("GET", "truth") => {
            let all = || state.world.sites.iter().map(|site| site.content_url.clone()).collect();
            let sites: Vec<String> = site.map_or_else(all, |site| vec![site]);
            let truth = sites.into_iter().map(|site| {
                let items = state.items(&site, &shared.base)?;
                Ok(json!({ "site": site, "resources": items }))
            });
            Ok(Value::Array(truth.collect::<Result<_, NotFound>>()?))
        }
        ("POST", "changes") => {
            let changes = parse_all::<Change>(request)?;
            let luids = changes.iter().map(|change| state.apply(change)).collect::<Result<Vec<_>, _>>()?;
            Ok(json!({ "luids": luids }))
        }
        ("POST", "index") => {
            let mode = match parse(request)? {
                Mode::Immediate => IndexMode::Immediate,
                Mode::Frozen => IndexMode::Frozen,
                Mode::After { milliseconds } => IndexMode::After(Duration::from_millis(milliseconds)),
            };
            state.index.set_mode(&state.world, mode);
            Ok(done)
        }
        ("POST", "index/settle") => {
            let one = site.map(|site| state.world.position(&site)).transpose()?;
            for at in one.map_or(0..state.world.sites.len(), |at| at..at + 1) {
                state.index.settle(&state.world, at);
            }
            Ok(done)
        }
        ("GET", "faults") => Ok(json!(state.faults.armed())),
        ("POST", "faults") => {
            parse_all(request)?.into_iter().for_each(|fault: Fault| state.faults.arm(fault));
            Ok(done)
        }
        ("DELETE", "faults") => {
            state.faults.clear();
            Ok(done)
        }
        ("POST", "latency") => {
            state.latency = Duration::from_millis(parse::<Latency>(request)?.milliseconds);
            Ok(done)
        }
        ("GET", "jobs") => Ok(json!(state.jobs.started())),
        ("POST", "jobs") => {
            let Plan { pending_ms, running_ms, outcome } = parse(request)?;
            let (pending, running) = (Duration::from_millis(pending_ms), Duration::from_millis(running_ms));
            state.jobs.plan = JobPlan { pending, running, outcome };
            Ok(done)
        }
        ("GET", "requests") => Ok(json!(state.requests)),
        ("DELETE", "requests") => {
            state.requests.clear();
            Ok(done)
        }
        ("GET", "sessions") => Ok(json!({ "live": state.sessions.count() })),
        ("DELETE", "sessions") => {
            state.sessions.close_all();
            Ok(done)
        }
        _ => Err(Refused(404, format!("no {} /simulator/{path}", request.method))),
    }
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Refused> {
    serde_json::from_str(&request.body).map_err(|error| Refused(400, error.to_string()))
}

/// One, or a list of them. Which of the two it shall be is told by its first character, so that what is wrong
/// about it is told as well.
fn parse_all<T: DeserializeOwned>(request: &Request) -> Result<Vec<T>, Refused> {
    if request.body.trim_start().starts_with('[') {
        parse(request)
    } else {
        parse(request).map(|one| vec![one])
    }
}

/// What can be asked for, with an example of each body.
fn requests(sites: &[Site]) -> Value {
    let site = sites.first().map(|site| site.content_url.as_str()).unwrap_or_default();
    let truth =
        format!("truth?site={}", form_urlencoded::byte_serialize(site.as_bytes()).collect::<String>());
    let publish = json!({ "change": "publish", "site": site, "kind": "workbook", "project": ["default"], "name": "Sales" });
    let busy =
        json!({ "endpoint": "workbooks", "times": 1, "effect": { "rest_error": { "code": 429_000 } } });
    let requests = [
        ("GET", truth.as_str(), Value::Null),
        ("POST", "changes", publish),
        ("POST", "index", json!({ "mode": "after", "milliseconds": 500 })),
        ("POST", "index/settle", Value::Null),
        ("GET", "faults", Value::Null),
        ("POST", "faults", busy),
        ("DELETE", "faults", Value::Null),
        ("POST", "latency", json!({ "milliseconds": 100 })),
        ("GET", "jobs", Value::Null),
        ("POST", "jobs", json!({ "pending_ms": 0, "running_ms": 200, "outcome": "success" })),
        ("GET", "requests", Value::Null),
        ("DELETE", "requests", Value::Null),
        ("GET", "sessions", Value::Null),
        ("DELETE", "sessions", Value::Null),
    ];
    let told = requests.into_iter().map(|(method, path, body)| {
        let path = format!("/simulator/{path}");
        if body.is_null() {
            json!({ "method": method, "path": path })
        } else {
            json!({ "method": method, "path": path, "body": body })
        }
    });
    told.collect()
}
