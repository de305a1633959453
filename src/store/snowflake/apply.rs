//! Applying a plan: all of it or none of it, wherever this process dies.
//!
//! No transaction is held open across round trips. The commit is one MERGE, and the run row tells the others:
//!
//! 1. Runs that were left `applying` are settled: the map shows their changes, or it does not.
//! 2. A plan that changes nothing is one guarded INSERT of its run row.
//! 3. Otherwise its rows and changes are staged in temporary tables of the session,
//! 4. the run row is inserted as `applying`, and the changes, which do not count yet,
//! 5. one MERGE writes the map, guarded: the run is still `applying`, no other run of the site has finished since
//!    the mapping was loaded, and no run is of another server,
//! 6. the run row is marked as finished.
//!
//! Every step finds out whether it has been done, so after a lost session or answer the whole begins again with the
//! same run. One gap is known: a run that another one abandons in the very moment of its MERGE, and that then dies
//! before step 6, leaves its changes in the map and not in the log. The next sync sees the map as it is.

use jiff::Timestamp;
use serde::Serialize;

use super::load::state;
use super::quoting::{ascii_json, json, text};
use super::{Session, SnowflakeError, SnowflakeStore, sql};
use crate::diff::Change;
use crate::plan::Plan;
use crate::resource::{Luid, Resource};
use crate::store::{Applied, Run, RunStatus, StoreError};

/// Snowflake recommends at most 1 MB of text for a statement ("Query size limits", docs.snowflake.com).
const LONGEST_BATCH: usize = 900_000;

const APPLYING: &str = "applying";
const ABANDONED: &str = "abandoned";

pub(super) async fn apply(
    store: &SnowflakeStore,
    session: &Session,
    run: &Run,
    plan: &Plan,
) -> Result<Applied, StoreError> {
    Application {
        store,
        session,
        run,
        plan,
    }
    .apply()
    .await
}

/// What the run row says of this run.
enum Progress {
    NotBegun,
    /// `applying`, and whether the map shows its changes.
    Applying {
        shown: bool,
    },
    Finished,
    Abandoned,
}

/// One plan on its way into the map.
struct Application<'a> {
    store: &'a SnowflakeStore,
    session: &'a Session,
    run: &'a Run,
    plan: &'a Plan,
}

impl Application<'_> {
    async fn apply(&self) -> Result<Applied, StoreError> {
        // The temporary tables are made in the schema of the session.
        self.query("open the schema", sql::USE_SCHEMA, &[])
            .await
            .map_err(|error| self.store.not_initialised(error))?;
        let nothing_written = Applied { rows_written: 0 };
        let is_begun = match self.settle().await? {
            Progress::Finished => return Ok(nothing_written),
            Progress::Abandoned => return Err(self.refusal().await?),
            Progress::Applying { shown: true } => return self.finish(0).await,
            Progress::Applying { shown: false } => true,
            Progress::NotBegun => false,
        };
        if self.plan.changes().is_empty() {
            self.insert_run(RunStatus::of(self.plan).as_str()).await?;
            return Ok(nothing_written);
        }
        self.stage().await?;
        if !is_begun {
            self.insert_run(APPLYING).await?;
        }
        self.query("record the changes", sql::INSERT_CHANGES, &[]).await?;
        let rows_written = self.merge().await?;
        if rows_written == 0 {
            if let Some(refusal) = self.failed_guard().await? {
                self.end(self.run.id.to_string().as_str(), ABANDONED, &[APPLYING])
                    .await?;
                return Err(refusal);
            }
        }
        self.finish(rows_written).await
    }

    /// Settles what others left, and tells how far this run has come.
    ///
    /// A run that is settled as finished raises the version, so the guards refuse this plan: it was made from a
    /// mapping that did not count that run.
    async fn settle(&self) -> Result<Progress, StoreError> {
        let mine = self.run.id.to_string();
        let statement = self.sql(sql::OPEN_RUNS, &[]);
        let rows = self.session.query("look for unfinished runs", &statement).await;
        let mut progress = Progress::NotBegun;
        for row in rows.map_err(|error| self.store.not_initialised(error))? {
            let [Some(run), Some(status), shown] = &row[..] else {
                continue;
            };
            let shown = shown.as_deref().is_some_and(|count| count != "0");
            if *run == mine {
                progress = match status.as_str() {
                    APPLYING => Progress::Applying { shown },
                    ABANDONED => Progress::Abandoned,
                    _ => Progress::Finished,
                };
            } else if shown {
                // Whether its listing was complete is not known any more; the cautious word promises less.
                tracing::warn!(run, "finishing a run that died after it wrote the map");
                self.end(run, RunStatus::Incomplete.as_str(), &[APPLYING]).await?;
            } else {
                tracing::warn!(run, "abandoning a run that died before it wrote the map");
                self.end(run, ABANDONED, &[APPLYING]).await?;
            }
        }
        Ok(progress)
    }

    async fn stage(&self) -> Result<(), SnowflakeError> {
        let doing = "stage the plan";
        let removals = self.plan.removals();
        let upserts = self.plan.upserts().map(StagedRow::upsert);
        let removals = removals
            .iter()
            .map(|id| StagedRow::removal(id.kind.as_str(), &id.luid));
        self.query(doing, sql::CREATE_STAGED_ROWS, &[]).await?;
        for batch in batches(upserts.chain(removals)) {
            self.execute(doing, sql::STAGE_ROWS, &[("rows", &batch)]).await?;
        }
        self.query(doing, sql::CREATE_STAGED_CHANGES, &[]).await?;
        for batch in batches(self.plan.changes().changes.iter().map(StagedChange::of)) {
            self.execute(doing, sql::STAGE_CHANGES, &[("rows", &batch)])
                .await?;
        }
        Ok(())
    }

    /// Inserts the run row, unless a guard fails.
    async fn insert_run(&self, status: &str) -> Result<(), StoreError> {
        let row = json(&run_row(self.run, self.plan, status));
        let inserted = self
            .execute("record the run", sql::INSERT_RUN, &[("row", &row)])
            .await?;
        if inserted.first() == Some(&0) {
            Err(self.refusal().await?)
        } else {
            Ok(())
        }
    }

    /// Returns the rows inserted, updated and deleted.
    async fn merge(&self) -> Result<u64, StoreError> {
        let merged = self.execute("write the map", sql::MERGE, &[]).await?;
        if self.plan.changes().has_duplicate_rows {
            self.execute("collapse rows of one LUID", sql::COLLAPSE_DUPLICATES, &[])
                .await?;
        }
        Ok(merged.iter().sum())
    }

    async fn finish(&self, rows_written: u64) -> Result<Applied, StoreError> {
        // Also from `abandoned`: whoever wrote that did not see the MERGE, which this run knows of.
        let status = RunStatus::of(self.plan).as_str();
        self.end(&self.run.id.to_string(), status, &[APPLYING, ABANDONED])
            .await?;
        Ok(Applied { rows_written })
    }

    /// The guard that fails now, if any.
    async fn failed_guard(&self) -> Result<Option<StoreError>, StoreError> {
        let snapshot = &self.plan.changes().snapshot;
        let state = state(self.store, self.session, &snapshot.site, &snapshot.server).await?;
        if let Some(map) = state.other_server {
            return Ok(Some(StoreError::OtherServer {
                map,
                run: snapshot.server.clone(),
            }));
        }
        let is_current = state.version == self.plan.changes().based_on;
        Ok((!is_current).then_some(StoreError::MappingChanged))
    }

    /// Why a guard failed a moment ago.
    async fn refusal(&self) -> Result<StoreError, StoreError> {
        Ok(self.failed_guard().await?.unwrap_or(StoreError::MappingChanged))
    }

    async fn end(&self, run: &str, status: &str, from: &[&str]) -> Result<(), SnowflakeError> {
        let from: Vec<_> = from.iter().map(|status| text(status)).collect();
        let values = [
            ("run", &*text(run)),
            ("status", &*text(status)),
            ("from", &*from.join(", ")),
        ];
        // Repeatable: the second time the row has the new status already.
        self.query("mark a run as ended", sql::END_RUN, &values).await
    }

    async fn query(
        &self,
        doing: &'static str,
        template: &str,
        values: &[(&str, &str)],
    ) -> Result<(), SnowflakeError> {
        self.session
            .query(doing, &self.sql(template, values))
            .await
            .map(drop)
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
        self.store.tables.render(template, &[values, &common].concat())
    }
}

/// A time as `TIMESTAMP_NTZ` takes it.
fn moment(time: Timestamp) -> String {
    format!("{time:.6}")
        .replace('T', " ")
        .trim_end_matches('Z')
        .to_owned()
}

/// JSON arrays of at most [`LONGEST_BATCH`] bytes, as SQL.
fn batches(rows: impl Iterator<Item = impl Serialize>) -> Vec<String> {
    let mut batches = Vec::new();
    let mut batch = String::new();
    for row in rows.map(|row| ascii_json(&row)) {
        if !batch.is_empty() && batch.len() + row.len() > LONGEST_BATCH {
            batches.push(std::mem::take(&mut batch));
        }
        if !batch.is_empty() {
            batch.push(',');
        }
        batch.push_str(&row);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
        .into_iter()
        .map(|batch| format!("PARSE_JSON($$[{batch}]$$)"))
        .collect()
}

#[derive(Serialize)]
struct StagedRow<'a> {
    action: &'static str,
    resource_type: &'static str,
    resource_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vizportal_url_id: Option<&'a str>,
}

impl<'a> StagedRow<'a> {
    fn upsert(resource: &'a Resource) -> Self {
        Self {
            action: "upsert",
            resource_type: resource.key.kind.as_str(),
            resource_id: resource.luid.as_str(),
            project_name: Some(resource.key.project.leaf()),
            resource_name: Some(&resource.key.name),
            project_path: resource.key.project.full(),
            project_id: resource.project_luid.as_ref().map(Luid::as_str),
            vizportal_url_id: resource.vizportal_url_id.as_deref(),
        }
    }

    fn removal(resource_type: &'static str, luid: &'a Luid) -> Self {
        Self {
            action: "remove",
            resource_type,
            resource_id: luid.as_str(),
            project_name: None,
            resource_name: None,
            project_path: None,
            project_id: None,
            vizportal_url_id: None,
        }
    }
}

#[derive(Serialize)]
struct StagedChange<'a> {
    change: &'static str,
    resource_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<StagedSide<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<StagedSide<'a>>,
}

#[derive(Serialize)]
struct StagedSide<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    project_path: Option<String>,
    project_name: &'a str,
    resource_name: &'a str,
    resource_id: &'a str,
}

impl<'a> StagedChange<'a> {
    fn of(change: &'a Change) -> Self {
        let (before, after) = change.sides();
        let side = |resource: &'a Resource| StagedSide {
            project_path: resource.key.project.full(),
            project_name: resource.key.project.leaf(),
            resource_name: &resource.key.name,
            resource_id: resource.luid.as_str(),
        };
        Self {
            change: change.word(),
            resource_type: after.or(before).map(|resource| resource.key.kind.as_str()),
            before: before.map(side),
            after: after.map(side),
        }
    }
}

fn run_row(run: &Run, plan: &Plan, status: &str) -> serde_json::Value {
    let set = plan.changes();
    let (snapshot, counts) = (&set.snapshot, set.counts());
    let mut row = serde_json::json!({
        "run_id": run.id.to_string(),
        "server_url": snapshot.server,
        "site_id": snapshot.site,
        "source": snapshot.source,
        "snapshot_at": moment(snapshot.taken_at),
        "started_at": moment(run.started_at),
        "status": status,
        "workbooks": set.workbooks,
        "datasources": set.datasources,
        "added": counts.added,
        "replaced": counts.replaced,
        "moved": counts.moved,
        "removed": counts.removed,
        "corrected": counts.corrected,
        "lagging": snapshot.notes.lagging,
        "ghosts": snapshot.notes.ghosts,
        "skipped": snapshot.notes.skipped,
        "ambiguous": set.ambiguous.len(),
        "warnings": serde_json::Value::from(snapshot.notes.warnings.clone()).to_string(),
        "tool_version": run.tool_version,
    });
    // A run without changes is finished at once.
    if status != APPLYING {
        row["finished_at"] = moment(Timestamp::now()).into();
    }
    row
}
