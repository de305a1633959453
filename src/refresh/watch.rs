//! Watching the extract, for users who may not read jobs: it says when it was refreshed.

use super::attempt::Attempt;
use super::wait::Pauses;
use super::{RefreshError, RefreshOutcome, Step};
use crate::tableau::TableauError;
use crate::tableau::metadata::{ErrorVerdict, MetadataError};

const DOING: &str = "ask when the extract was refreshed";
/// What the answer of a server counts as that does not know the query; it gives no code.
const TOO_OLD: &str = "INVALID_QUERY";
/// Answers that stay the same until an administrator changes something.
const LASTING: [&str; 4] = ["FEATURE_DISABLED", "ACCESS_DENIED", "SITE_DISABLED", TOO_OLD];

impl Attempt<'_> {
    /// Watches until the extract was refreshed, or gives up at once where that can never be seen; `None` when the time is
    /// over. That a job failed cannot be seen.
    pub(super) async fn watch(
        &mut self,
        pauses: &mut Pauses,
    ) -> Result<Option<RefreshOutcome>, RefreshError> {
        self.refreshed.is_watched = true;
        self.attendant.step(Step::Watching).await?;
        let mut trouble = None;
        while pauses.pass(None, self.attendant).await? {
            trouble = match self.is_refreshed().await {
                Ok(true) => return Ok(Some(RefreshOutcome::Succeeded)),
                Ok(false) => None,
                Err(error @ TableauError::SignInRefused { .. }) => {
                    return Err(error.into());
                }
                Err(reason) if is_lasting(&reason) => {
                    tracing::warn!(%reason, "could not ask when the extract was refreshed; not retrying");
                    self.refreshed.notes.push(format!(
                        "the end of the job cannot be seen: this user may not read jobs, and the Metadata API does not \
                         help: {reason}"
                    ));
                    // Not as if the time were over: a job that takes too long may be cancelled.
                    return Ok(Some(RefreshOutcome::GaveUp));
                }
                Err(reason) => {
                    tracing::warn!(%reason, "could not ask when the extract was refreshed; retrying");
                    self.forget(&reason).await;
                    Some(reason)
                }
            };
        }
        self.refreshed.notes.push(
            "this user may not read jobs, so a failed job looks like a slow one: ask an administrator, or \
             look at the extract's history in Tableau"
                .to_owned(),
        );
        self.refreshed.notes.extend(trouble.map(|reason| reason.to_string()));
        Ok(None)
    }

    /// Whether an extract of the resource was refreshed after the second of the start, as the Metadata API knows. Times are in whole
    /// seconds: in the same one, it may be the refresh before that is shown.
    pub(super) async fn is_refreshed(&self) -> Result<bool, TableauError> {
        let since = self.since();
        let session = self.session().await?;
        let _turn = self.refresher.sessions.metadata_turn().await;
        let (times, errors) = session.extract_times(DOING, self.key().kind, &self.refreshed.luid).await?;
        let is_known = times.is_some();
        // A time that is shown is true, whatever was left out beside it.
        if times.into_iter().flatten().any(|time| time > since) {
            return Ok(true);
        }
        match errors.iter().find(|error| !matches!(ErrorVerdict::of(error), ErrorVerdict::Harmless)) {
            Some(error) => Err(refused(error)),
            None if !is_known => Err(unanswered("nothing".to_owned(), "no data".to_owned())),
            None => Ok(false),
        }
    }
}

fn refused(error: &MetadataError) -> TableauError {
    let words = &error.message;
    if words.starts_with("Validation error") {
        unanswered(TOO_OLD.to_owned(), format!("this server is too old for the question: {words}"))
    } else {
        unanswered(error.code.clone(), words.clone())
    }
}

fn unanswered(code: String, message: String) -> TableauError {
    TableauError::Metadata { doing: DOING, code, message, help: None }
}

/// Whether asking again is of no use.
fn is_lasting(error: &TableauError) -> bool {
    matches!(error, TableauError::Metadata { code, .. } if LASTING.contains(&code.as_str()))
}
