//! What the caller of one statement asks of the middleware, and what it learns from it.
//!
//! The crate has no room for either, but it sends in its caller's task, so a task-local reaches across it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::error::Fault;

/// Whether a statement does no harm when it is executed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// A query, or a statement that finds its work done the second time: it is sent again after a failure.
    Yes,
    /// Its caller must find out what became of it.
    No,
}

/// One statement's exchange with the middleware.
#[derive(Clone)]
pub(crate) struct Exchange {
    repeatable: Repeatable,
    learnt: Arc<Mutex<Learnt>>,
}

#[derive(Default)]
struct Learnt {
    query_id: Option<String>,
    fault: Option<Fault>,
}

tokio::task_local! {
    static EXCHANGE: Exchange;
}

impl Exchange {
    pub(crate) fn new(repeatable: Repeatable) -> Self {
        Self { repeatable, learnt: Arc::default() }
    }

    /// Runs `work`, during which the middleware meets this exchange.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        EXCHANGE.scope(self.clone(), work).await
    }

    /// The statement in Snowflake's query history.
    pub(crate) fn query_id(&self) -> Option<String> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner).query_id.clone()
    }

    /// What went wrong.
    pub(crate) fn into_fault(self) -> Option<Fault> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner).fault.take()
    }
}

fn learn(note: impl FnOnce(&mut Learnt)) {
    // Without a caller there is nobody to tell.
    let _ = EXCHANGE
        .try_with(|exchange| note(&mut exchange.learnt.lock().unwrap_or_else(PoisonError::into_inner)));
}

pub(super) fn fail(fault: Fault) {
    // The first of several failed chunks is the cause.
    learn(|learnt| _ = learnt.fault.get_or_insert(fault));
}

pub(super) fn note_query_id(query_id: &str) {
    learn(|learnt| learnt.query_id = Some(query_id.to_owned()));
}

pub(super) fn repeatable() -> Repeatable {
    EXCHANGE.try_with(|exchange| exchange.repeatable).unwrap_or(Repeatable::No)
}
