//! Applying a plan: all of it or none of it, wherever this process dies.
//!
//! No transaction is held open across round trips. The commit is one MERGE, and the run row tells the others:
//!
//! 1. Runs that were left `applying` are settled: the map shows their changes, or it does not.
//! 2. A plan that changes nothing is one guarded INSERT of its run row.
//! 3. Otherwise its rows and changes are staged in a temporary table of the session,
//! 4. the run row is inserted as `applying`, and the changes, which do not count yet,
//! 5. one MERGE writes the map, guarded: the run is still `applying`, no other run of the site has finished since
//!    the mapping was loaded, no run is of another server, and the whole plan is staged, once,
//! 6. the run row is marked as finished.
//!
//! Every step finds out whether it has been done, so after a lost session or answer the whole begins again with the
//! same run.
//!
//! Two runs at once read each other's run rows and the map in statements of their own, so one may abandon the other
//! in the very moment of its MERGE. A run counts, therefore, as soon as the map shows its changes, whatever its row
//! says: the MERGE of the second is refused, and its row is put right by itself or by whoever comes next.

use jiff::Timestamp;

use super::load::state;
use super::place::Place;
use super::quoting::{json, text};
use super::staging::{APPLYING, StagedRow, batches, moment, run_row, run_values, staged_rows, staged_values};
use super::{Session, SnowflakeError, sql};
use crate::plan::Plan;
use crate::store::columns::RunRow;
use crate::store::{Applied, Run, RunStatus, StoreError};

const ABANDONED: &str = "abandoned";

pub(super) async fn apply(
    place: &Place,
    session: &Session,
    run: &Run,
    plan: &Plan,
) -> Result<Applied, StoreError> {
    Application { place, session, run, plan }.apply().await
}

/// How far this run has come, which may have begun in an earlier attempt.
enum RunState {
    NotBegun,
    /// Its row is there, and the map does not show it.
    Begun,
    /// The map shows its changes.
    Shown,
    Finished,
    Abandoned,
}

/// One plan on its way into the map.
struct Application<'a> {
    place: &'a Place,
    session: &'a Session,
    run: &'a Run,
    plan: &'a Plan,
}

impl Application<'_> {
    async fn apply(&self) -> Result<Applied, StoreError> {
        let mine = self.run.id.to_string();
        // What an earlier attempt wrote whose answer was lost.
        let staged = staged_rows(self.plan);
        let all_written = Applied { rows_written: staged.len() as u64 };
        let is_begun = match self.settle().await? {
            RunState::Finished => return Ok(all_written),
            RunState::Abandoned => return Err(self.refusal().await?),
            RunState::Shown => {
                self.finish(&mine, RunStatus::of(self.plan)).await?;
                return Ok(all_written);
            }
            RunState::Begun => true,
            RunState::NotBegun => false,
        };
        if self.plan.changes().is_empty() {
            self.insert_run(RunStatus::of(self.plan).as_str()).await?;
            return Ok(Applied { rows_written: 0 });
        }
        self.stage(&staged).await?;
        if !is_begun {
            self.insert_run(APPLYING).await?;
        }
        self.execute("record the changes", sql::INSERT_CHANGES, &[]).await?;
        let rows_written = self.merge(staged.len()).await?;
        if rows_written == 0 && !staged.is_empty() {
            let refusal = self.refusal().await?;
            self.abandon(&mine).await?;
            self.query("give the run up", sql::DELETE_CHANGES, &[]).await?;
            return Err(refusal);
        }
        if self.plan.changes().has_duplicate_rows {
            self.execute("collapse rows of one LUID", sql::COLLAPSE_DUPLICATES, &[]).await?;
        }
        self.finish(&mine, RunStatus::of(self.plan)).await?;
        Ok(Applied { rows_written })
    }

    /// Settles what others left, and tells how far this run has come.
    async fn settle(&self) -> Result<RunState, StoreError> {
        let mine = self.run.id.to_string();
        let rows = self.session.query("look for unfinished runs", &self.sql(sql::OPEN_RUNS, &[])).await;
        let mut progress = RunState::NotBegun;
        for row in rows.map_err(|error| self.place.not_initialised(error))? {
            let [Some(run), Some(status), shown] = &row[..] else { continue };
            let shown = shown.as_deref() == Some("yes");
            if *run == mine {
                progress = match status.as_str() {
                    _ if shown => RunState::Shown,
                    APPLYING => RunState::Begun,
                    ABANDONED => RunState::Abandoned,
                    _ => RunState::Finished,
                };
            } else if shown {
                tracing::warn!(run, "finishing a run that died after it wrote the map");
                // Whether its listing was complete is not known any more; this word promises less.
                self.finish(run, RunStatus::Incomplete).await?;
            } else {
                tracing::warn!(run, "abandoning a run that died before it wrote the map");
                self.abandon(run).await?;
            }
        }
        Ok(progress)
    }

    async fn stage(&self, rows: &[StagedRow<'_>]) -> Result<(), SnowflakeError> {
        let doing = "stage the plan";
        let columns = staged_values();
        // Not repeatable: a first copy that comes late would take away what was staged meanwhile.
        self.execute(doing, sql::CREATE_STAGED_ROWS, &[]).await?;
        for batch in batches(rows.iter()) {
            let values = [("rows", &*batch), ("staged_values", &columns)];
            self.execute(doing, sql::STAGE_ROWS, &values).await?;
        }
        Ok(())
    }

    /// Inserts the run row, unless a guard fails.
    async fn insert_run(&self, status: &str) -> Result<(), StoreError> {
        // A run without changes is finished at once.
        let finished_at = (status != APPLYING).then(Timestamp::now);
        let row = RunRow { run: self.run, plan: self.plan, status, finished_at };
        let values = [("row", &*json(&run_row(&row))), ("run_values", &run_values())];
        let inserted = self.execute("record the run", sql::INSERT_RUN, &values).await?;
        if inserted.first() == Some(&0) { Err(self.refusal().await?) } else { Ok(()) }
    }

    /// Returns the rows inserted, updated and deleted.
    async fn merge(&self, staged: usize) -> Result<u64, StoreError> {
        let merged = self.execute("write the map", sql::MERGE, &[("staged", &staged.to_string())]).await?;
        Ok(merged.iter().sum())
    }

    // Both are repeatable: the second time the row has the new status already.

    async fn finish(&self, run: &str, status: RunStatus) -> Result<(), SnowflakeError> {
        let values = [("ended_run", &*text(run)), ("status", &*text(status.as_str()))];
        self.query("mark a run as finished", sql::FINISH_RUN, &values).await
    }

    async fn abandon(&self, run: &str) -> Result<(), SnowflakeError> {
        self.query("mark a run as abandoned", sql::ABANDON_RUN, &[("ended_run", &text(run))]).await
    }

    /// The guard that fails now, if any.
    async fn failed_guard(&self) -> Result<Option<StoreError>, StoreError> {
        let snapshot = &self.plan.changes().snapshot;
        let run = self.run.id.to_string();
        let state = state(self.place, self.session, &snapshot.site, &snapshot.server, &run).await?;
        if let Some(map) = state.other_server {
            return Ok(Some(StoreError::OtherServer { map, run: snapshot.server.clone() }));
        }
        // Another run may have abandoned this one, and not have finished yet itself.
        let is_current = state.is_applying && state.version == self.plan.changes().based_on;
        Ok((!is_current).then_some(StoreError::MappingChanged))
    }

    /// Why a guard failed a moment ago.
    async fn refusal(&self) -> Result<StoreError, StoreError> {
        Ok(self.failed_guard().await?.unwrap_or(StoreError::MappingChanged))
    }

    async fn query(
        &self,
        doing: &'static str,
        template: &str,
        values: &[(&str, &str)],
    ) -> Result<(), SnowflakeError> {
        self.session.query(doing, &self.sql(template, values)).await.map(drop)
    }

    async fn execute(
        &self,
        doing: &'static str,
        template: &str,
        values: &[(&str, &str)],
    ) -> Result<Vec<u64>, SnowflakeError> {
        self.session.execute(doing, &self.sql(template, values)).await
    }

    /// Fills a template; `values` win over what all of them may use.
    fn sql(&self, template: &str, values: &[(&str, &str)]) -> String {
        let snapshot = &self.plan.changes().snapshot;
        let run = text(&self.run.id.to_string());
        let (site, server) = (text(snapshot.site.as_str()), text(&snapshot.server));
        let (taken_at, now) = (text(&moment(snapshot.taken_at)), text(&moment(Timestamp::now())));
        let version = self.plan.changes().based_on.0.to_string();
        let common = [
            ("run", run.as_str()),
            ("site", &site),
            ("server", &server),
            ("taken_at", &taken_at),
            ("now", &now),
            ("version", &version),
        ];
        self.place.tables.render(template, &[values, &common].concat())
    }
}
