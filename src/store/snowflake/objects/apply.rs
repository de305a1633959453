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

use super::error::ObjectsError;
use super::object::Object;
use super::remedies::remedy;
use super::secrets::lacks;
use super::shown::Shown;
use super::{File, Objects};
use crate::store::StoreError;
use crate::store::snowflake::{Session, SnowflakeError, SnowflakeStore};

const ROLE: &str = "USE ROLE ACCOUNTADMIN";

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

/// What this run has come to.
#[derive(Default)]
struct ApplyProgress {
    /// The objects that were missing when it first looked. After a lost answer they are there, and this run's own.
    missing: Mutex<BTreeSet<String>>,
    /// The first line of the statement that it is at, for messages.
    statement: Mutex<String>,
}

impl ApplyProgress {
    fn at(&self, statement: &str) {
        let line = first_line(statement);
        line.clone_into(&mut self.statement.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether this run has found it missing, now or before.
    fn is_own(&self, label: &str, is_missing: bool) -> bool {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if is_missing {
            missing.insert(label.to_owned());
        }
        missing.contains(label)
    }

    fn refused(self, source: StoreError) -> ObjectsError {
        let statement = self.statement.into_inner().unwrap_or_else(PoisonError::into_inner);
        let help = match &source {
            StoreError::Snowflake(error) => remedy(&error.fault, &statement),
            _ => "apply again: it continues from here",
        };
        ObjectsError::Refused { statement, source: Box::new(source), help }
    }
}

/// Without the comments above it. Properties, and so secrets, stand on lines of their own.
pub(super) fn first_line(statement: &str) -> &str {
    let mut lines = statement.lines().filter(|line| !line.is_empty() && !line.starts_with("--"));
    lines.next().unwrap_or_default()
}

impl SnowflakeStore {
    /// Applies the files. What was applied stays when a later statement fails; applying again goes on from there.
    pub async fn apply_objects(&self, objects: &Objects) -> Result<Vec<AppliedFile>, ObjectsError> {
        let progress = ApplyProgress::default();
        match self.apply_files(objects, &progress).await {
            Ok(Ok(applied)) => Ok(applied),
            Ok(Err((secret, variables))) => Err(ObjectsError::SecretMissing { secret, variables }),
            Err(source) => Err(progress.refused(source)),
        }
    }

    async fn apply_files(
        &self,
        objects: &Objects,
        progress: &ApplyProgress,
    ) -> Result<Result<Vec<AppliedFile>, MissingSecret>, StoreError> {
        let missing = self.in_session(|session| {
            Box::pin(async move { Ok(missing_secret(&session, objects, progress).await?) })
        });
        if let Some(missing) = missing.await? {
            return Ok(Err(missing));
        }
        let mut applied = Vec::new();
        for file in &objects.files {
            let steps = match file.left_out {
                Some(_) => Vec::new(),
                None => {
                    self.in_session(|session| {
                        Box::pin(async move { Ok(apply(&session, file, progress).await?) })
                    })
                    .await?
                }
            };
            let needs_administrator = file.needs_administrator();
            applied.push(AppliedFile {
                name: file.name,
                needs_administrator,
                steps,
                left_out: file.left_out,
            });
        }
        Ok(Ok(applied))
    }
}

/// The full name of a secret, and the variables that say what goes into it.
type MissingSecret = (String, &'static str);

/// A secret that is not there, where it is not said what would go into it.
async fn missing_secret(
    session: &Session,
    objects: &Objects,
    progress: &ApplyProgress,
) -> Result<Option<MissingSecret>, SnowflakeError> {
    let statements =
        objects.files.iter().filter(|file| file.left_out.is_none()).flat_map(|file| &file.statements);
    let mut is_administrator = false;
    for (statement, variables) in statements.filter_map(|statement| Some((statement, lacks(statement)?))) {
        if !is_administrator {
            // Other roles may not see them.
            progress.at(ROLE);
            session.query("look for the secrets", ROLE).await?;
            is_administrator = true;
        }
        let Some(object) = Object::created_by(statement) else { continue };
        if object.shown(session).await?.is_none() {
            return Ok(Some((object.qualified(), variables)));
        }
    }
    Ok(None)
}

async fn apply(
    session: &Session,
    file: &File,
    progress: &ApplyProgress,
) -> Result<Vec<String>, SnowflakeError> {
    let mut steps: Vec<String> = Vec::new();
    let mut is_whole = false;
    for statement in &file.statements {
        progress.at(statement);
        let Some(object) = Object::created_by(statement) else {
            // Completes what was created before it. Whoever disabled an integration that was whole does not want it enabled.
            if !(is_whole && statement.starts_with("ALTER ")) {
                session.query(file.doing, statement).await?;
            }
            continue;
        };
        let shown = object.shown(session).await?.map(|rows| Shown { rows });
        let label = format!("{} {}", object.kind.to_lowercase(), object.qualified());
        let is_new = progress.is_own(&label, shown.is_none());
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
