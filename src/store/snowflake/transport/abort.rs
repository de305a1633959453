//! Statements that run, and how they are stopped when nobody waits for them any more.
//!
//! Snowflake finishes a statement whose client is gone (ABORT_DETACHED_QUERY is FALSE by default), so a future that
//! is dropped must say so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::answer::Answer;
use super::login::{Login, authorization};
use super::server::FAREWELL_TIMEOUT;

/// "Identified SQL statement is not currently executing."
const NOT_RUNNING: &str = "000605";

/// How to abort one statement.
#[derive(Clone)]
pub(super) struct Abort {
    pub(super) login: Arc<Login>,
    /// The id of the request that carried the statement.
    pub(super) request_id: String,
}

impl Abort {
    async fn send(self) {
        // Without a session there is nothing left to abort.
        let Ok(tokens) = self.login.tokens().await else {
            return;
        };
        let mut url = self.login.server.url("queries/v1/abort-request");
        url.query_pairs_mut().append_pair("requestId", &Uuid::new_v4().to_string());
        let sent = self
            .login
            .server
            .http
            .post(url)
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, authorization(&tokens.session))
            .json(&json!({ "requestId": self.request_id }))
            .timeout(FAREWELL_TIMEOUT);
        match Answer::send(sent).await {
            Ok(answer) if answer.succeeded() || answer.code() == NOT_RUNNING => {
                tracing::debug!("told snowflake to abort a statement");
            }
            Ok(answer) => {
                tracing::warn!(reason = %answer.fault(), "snowflake did not abort a statement, which may run on");
            }
            Err(failure) => {
                tracing::warn!(reason = failure.describe(), "could not abort a statement, which may run on");
            }
        }
    }
}

/// The statements of a session that run now, by request, and the aborts under way.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    statements: HashMap<String, Abort>,
    aborts: Vec<JoinHandle<()>>,
}

impl Running {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a statement until the guard is told that it has ended. A guard that is dropped before aborts it.
    pub(super) fn begin(&self, abort: Abort) -> Guard {
        let request_id = abort.request_id.clone();
        self.state().statements.insert(request_id.clone(), abort);
        Guard { running: self.clone(), request_id }
    }

    fn start_abort(&self, request_id: &str) {
        let mut state = self.state();
        if let (Some(abort), Ok(runtime)) = (state.statements.remove(request_id), Handle::try_current()) {
            let task = runtime.spawn(abort.send());
            state.aborts.push(task);
        }
    }

    /// Aborts all that runs, and returns when all aborts are sent, also those begun earlier.
    pub(super) async fn abort_all(&self) {
        let running: Vec<_> = self.state().statements.keys().cloned().collect();
        for request_id in running {
            self.start_abort(&request_id);
        }
        let aborts = std::mem::take(&mut self.state().aborts);
        for abort in aborts {
            // A task that panicked or was cancelled has nothing more to wait for.
            let _ = abort.await;
        }
    }
}

/// A statement that runs.
pub(super) struct Guard {
    running: Running,
    request_id: String,
}

impl Guard {
    /// The statement has ended, well or not.
    pub(super) fn ended(self) {
        self.running.state().statements.remove(&self.request_id);
    }

    /// Nobody waits for the statement any more: tells Snowflake, and waits until it knows.
    pub(super) async fn abort(self) {
        let abort = self.running.state().statements.remove(&self.request_id);
        if let Some(abort) = abort {
            abort.send().await;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.running.start_abort(&self.request_id);
    }
}
