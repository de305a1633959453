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

/// One, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(all) => all,
            Self::One(one) => vec![one],
        }
    }
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
            "paths": ["truth", "changes", "index", "index/settle", "faults", "latency", "jobs", "requests", "sessions"],
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
            let changes = parse::<OneOrMany<Change>>(request)?.into_vec();
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
            parse::<OneOrMany<Fault>>(request)?
                .into_vec()
                .into_iter()
                .for_each(|fault| state.faults.arm(fault));
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
