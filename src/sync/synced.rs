//! What became of one site.

use std::sync::Arc;

use miette::Diagnostic;
use serde::Serialize;
use thiserror::Error;

use crate::diff::ChangeSet;
use crate::plan::Refused;
use crate::snapshot::Snapshot;
use crate::source::SourceError;
use crate::store::StoreError;

/// How the work on one site ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncOutcome {
    /// The map says what the site says; nothing was to be written.
    Unchanged,
    /// The changes were applied.
    Applied,
    /// A dry run: these changes would be applied.
    Planned,
    /// Another run was faster and newer; nothing was to be done.
    Superseded,
    /// It could not be done; nothing was written.
    Failed,
    /// Another site failed before it had its turn.
    NotBegun,
    /// The server has suspended or locked it; its rows stay.
    Inactive,
    /// The server does not list it any more; its rows stay.
    Gone,
}

/// What was done on one site.
#[derive(Debug, Clone)]
pub struct Synced {
    /// How it ended.
    pub outcome: SyncOutcome,
    /// What the site looked like.
    pub snapshot: Snapshot,
    /// How that differed from the map.
    pub changes: Arc<ChangeSet>,
    /// The run, if one was written.
    pub run_id: Option<String>,
    /// Rows of the map that were inserted, updated or deleted.
    pub rows_written: u64,
}

/// Why a site was not synced.
#[derive(Debug, Error, Diagnostic)]
pub enum SyncError {
    /// It could not be listed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Source(#[from] SourceError),
    /// The map could not be read or written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// The changes were not approved.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Refused(#[from] Refused),
}
