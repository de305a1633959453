//! The Metadata API: a real GraphQL engine over the [index](crate::index) of one site.
//!
//! [`schema`] says which types there are, [`types`], [`below`] and [`columns`] what their fields answer, [`lineage`] who
//! reads what, [`collections`] what can be listed, [`connection`] how lists are
//! filtered, sorted and cut into pages. What the engine has to say about an invalid query is translated into
//! graphql-java's words by [`invalid`], because clients look for those.

mod below;
mod collections;
mod columns;
mod connection;
mod escapes;
mod invalid;
mod lineage;
mod nodes;
mod schema;
mod types;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_graphql::{Request, Variables};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::faults::{Effect, ListingFaults, node_limit_exceeded};
use crate::index::SiteIndex;

/// A query as it arrives.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Query {
    #[serde(rename = "query")]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) variables: Value,
    #[serde(default)]
    pub(crate) operation_name: Option<String>,
}

/// What one query may see and leave behind.
pub(crate) struct View {
    index: SiteIndex,
    faults: ListingFaults,
    /// A non-null field that a fault takes away.
    null_field: Option<String>,
    /// Who reads which published data source, once it was asked for.
    sources: OnceLock<lineage::Sources>,
    node_limit: usize,
    nodes_left: AtomicUsize,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    /// Beside good data.
    warnings: Vec<Value>,
    /// In place of any data.
    errors: Vec<Value>,
}

impl View {
    pub(crate) fn new(index: SiteIndex, effects: &[Effect], node_limit: usize) -> Self {
        let null_field = effects.iter().find_map(|effect| match effect {
            Effect::NullField { field } => Some(field.clone()),
            _ => None,
        });
        Self {
            index,
            faults: ListingFaults::new(effects),
            null_field,
            sources: OnceLock::new(),
            node_limit,
            nodes_left: AtomicUsize::new(node_limit),
            notes: Mutex::default(),
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn(&self, warning: Value) {
        self.notes().warnings.push(warning);
    }

    fn fail(&self, error: Value) {
        self.notes().errors.push(error);
    }

    /// Fails unless the query has failed already.
    fn fail_once(&self, error: impl FnOnce() -> Value) {
        let mut notes = self.notes();
        if notes.errors.is_empty() {
            notes.errors.push(error());
        }
    }

    /// How many of `wanted` list members the node limit still allows.
    fn allow(&self, wanted: usize) -> usize {
        let take = |left: usize| Some(left - left.min(wanted));
        let left =
            self.nodes_left.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).unwrap_or_default();
        left.min(wanted)
    }

    /// Counts the members of a list against the node limit and drops those beyond it. Only lists are cut: an answer
    /// that lacks a single non-null object would have no data at all.
    fn cut_to_limit<T>(&self, list: &mut Vec<T>) {
        let allowed = self.allow(list.len());
        if allowed < list.len() {
            list.truncate(allowed);
            let warning = node_limit_exceeded(self.node_limit);
            let mut notes = self.notes();
            if !notes.warnings.contains(&warning) {
                notes.warnings.push(warning);
            }
        }
    }
}

/// What a query comes to. Data keeps the order of the query's fields, as GraphQL demands.
#[derive(Serialize)]
pub(crate) struct Outcome {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Value>,
    data: async_graphql::Value,
}

/// Runs a query; errors are part of the answer, as the status is 200 all the same.
pub(crate) async fn execute(old_server: bool, query: Query, view: View) -> Outcome {
    let Query { text, variables, operation_name } = query;
    let text = escapes::joined(&text);
    let view = Arc::new(view);
    let mut request =
        Request::new(text.clone()).variables(Variables::from_json(variables)).data(Arc::clone(&view));
    request.operation_name = operation_name;
    let response = schema::schema(old_server).execute(request).await;

    let mut notes = view.notes();
    let mut errors = std::mem::take(&mut notes.errors);
    if errors.is_empty() {
        errors.extend(response.errors.iter().map(|error| invalid::element(error, &text)));
    }
    if errors.is_empty() {
        Outcome { errors: std::mem::take(&mut notes.warnings), data: response.data }
    } else {
        // From the root down to the rows of a list everything is non-null: an error leaves no data.
        Outcome { errors, data: async_graphql::Value::Null }
    }
}

/// An error of the kind that Tableau gives a code.
fn invalid_argument(message: &str) -> Value {
    json!({ "message": message, "extensions": { "severity": "ERROR", "code": "INVALID_ARGUMENT" } })
}
