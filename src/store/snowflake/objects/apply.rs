//! Applying the files: in order, each statement once, never over what is there.
//!
//! Before an object is created, Snowflake is asked whether it is there. What is there stays as it is, and is shown where
//! it differs, but for the procedure, its functions and the view: those are replaced with their grants (COPY GRANTS), to
//! bring a new version.
//! Network rules and external access integrations have no IF NOT EXISTS (docs.snowflake.com, "CREATE NETWORK RULE",
//! "CREATE EXTERNAL ACCESS INTEGRATION"), so for them it is the answer to that question which decides.
//!
//! Grants are given each time: that takes nothing away and does no harm twice.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::object::Object;
use super::shown::Shown;
use super::{File, Objects, ObjectsError};
use crate::store::StoreError;
use crate::store::snowflake::{Session, SnowflakeError, SnowflakeStore};

const ROLE: &str = "take the role ACCOUNTADMIN";

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedFile {
    /// The file.
    pub name: &'static str,
    /// Whether it took ACCOUNTADMIN.
    pub needs_administrator: bool,
    /// What it creates, and what was found: `role "TABMAP_SYNC": created`.
    pub steps: Vec<String>,
    /// Why it was left out.
    pub left_out: Option<&'static str>,
}

/// The objects that were missing when this run first looked. After a lost answer they are there, and this run's own.
type Missing = Mutex<BTreeSet<String>>;

impl SnowflakeStore {
    /// Applies the files. What was applied stays when a later statement fails; applying again goes on from there.
    pub async fn apply_objects(&self, objects: &Objects) -> Result<Vec<AppliedFile>, ObjectsError> {
        if !objects.has_token {
            let missing = self.in_session(|session| {
                Box::pin(async move { Ok(is_secret_missing(&session, objects).await?) })
            });
            if missing.await.map_err(|source| refused(source, objects))? {
                return Err(ObjectsError::TokenMissing);
            }
        }
        let missing = &Missing::default();
        let mut applied = Vec::new();
        for file in &objects.files {
            let steps = match file.left_out {
                Some(_) => Vec::new(),
                None => self
                    .in_session(|session| Box::pin(async move { Ok(apply(&session, file, missing).await?) }))
                    .await
                    .map_err(|source| refused(source, objects))?,
            };
            let needs_administrator = file.needs_administrator();
            applied.push(AppliedFile {
                name: file.name,
                needs_administrator,
                steps,
                left_out: file.left_out,
            });
        }
        Ok(applied)
    }
}

/// Whether a file that would create a secret finds none, and so would need the token.
async fn is_secret_missing(session: &Session, objects: &Objects) -> Result<bool, SnowflakeError> {
    // Other roles may not see them.
    session.query(ROLE, "USE ROLE ACCOUNTADMIN").await?;
    for file in &objects.files {
        for object in file.statements.iter().filter_map(|statement| Object::created_by(statement)) {
            if object.kind == "SECRET" && object.shown(session).await?.is_none() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

async fn apply(session: &Session, file: &File, missing: &Missing) -> Result<Vec<String>, SnowflakeError> {
    let mut steps: Vec<String> = Vec::new();
    let mut is_whole = false;
    for statement in &file.statements {
        let Some(object) = Object::created_by(statement) else {
            // Completes what was created before it. Whoever disabled an integration that was whole does not want it enabled.
            if !(is_whole && statement.starts_with("ALTER ")) {
                session.query(file.doing, statement).await?;
            }
            continue;
        };
        let shown = object.shown(session).await?.map(|rows| Shown { rows });
        let label = format!("{} {}", object.kind.to_lowercase(), object.qualified());
        let is_new = is_own(missing, &label, shown.is_none());
        if shown.is_none() || object.is_replaced {
            session.execute(file.doing, statement).await?;
        }
        is_whole = shown.as_ref().is_some_and(|shown| shown.is_whole(&object));
        // A function has two signatures under its one name, of which the first says what was found.
        if steps.iter().any(|step| step.starts_with(&label)) {
            continue;
        }
        match shown {
            Some(shown) if !is_new => steps.extend(shown.steps(&label, &object, statement)),
            _ => steps.push(format!("{label}: created")),
        }
    }
    Ok(steps)
}

fn is_own(missing: &Missing, label: &str, is_missing: bool) -> bool {
    let mut missing = missing.lock().unwrap_or_else(PoisonError::into_inner);
    if is_missing {
        missing.insert(label.to_owned());
    }
    missing.contains(label)
}

fn refused(source: StoreError, objects: &Objects) -> ObjectsError {
    let doing = match &source {
        StoreError::Snowflake(error) => error.doing,
        _ => "",
    };
    let first = objects.files.first().filter(|_| doing == ROLE);
    let file = first.or_else(|| objects.files.iter().find(|file| file.doing == doing));
    let help = match file {
        Some(file) if file.name == "50_refresh_procedure.sql" => {
            "a procedure or function of this name with other arguments is in the way: rename it (ALTER PROCEDURE … RENAME \
             TO …) or drop it yourself, then apply again, which goes on from here"
        }
        Some(file) if file.name == "40_map.sql" => {
            "a map with fewer columns must be upgraded first, by `tabmap init` as the role that owns it; then apply again, which goes \
             on from here"
        }
        Some(file) if file.needs_administrator() => {
            "this needs ACCOUNTADMIN: connect as somebody who may use that role, or give them what `--print` prints; then \
             apply again, which goes on from here"
        }
        _ => "apply again: it goes on from here",
    };
    ObjectsError::Refused { source, help }
}
