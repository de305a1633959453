//! A plan as JSON, the form in which it travels to Snowflake.

use jiff::Timestamp;
use serde::Serialize;

use super::quoting::ascii_json;
use crate::diff::Change;
use crate::plan::Plan;
use crate::resource::{Luid, Resource};
use crate::store::Run;

/// The status of a run on its way.
pub(super) const APPLYING: &str = "applying";

/// Snowflake recommends at most 1 MB of text for a statement ("Query size limits", docs.snowflake.com).
const LONGEST_BATCH: usize = 900_000;

/// A time as `TIMESTAMP_NTZ` takes it.
pub(super) fn moment(time: Timestamp) -> String {
    format!("{time:.6}").replace('T', " ").trim_end_matches('Z').to_owned()
}

/// JSON arrays of at most [`LONGEST_BATCH`] bytes, as SQL.
pub(super) fn batches(rows: impl Iterator<Item = impl Serialize>) -> Vec<String> {
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
    batches.into_iter().map(|batch| format!("PARSE_JSON($$[{batch}]$$)")).collect()
}

/// A row of `TABMAP_STAGED_ROWS`.
#[derive(Serialize)]
pub(super) struct StagedRow<'a> {
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
    pub(super) fn upsert(resource: &'a Resource) -> Self {
        Self {
            action: "upsert",
            resource_type: resource.key.kind.as_str(),
            resource_id: resource.luid.as_str(),
            project_name: Some(resource.key.project.leaf()),
            resource_name: Some(&resource.key.name),
            project_path: resource.key.project.full(),
            project_id: resource.details.project_luid.as_ref().map(Luid::as_str),
            vizportal_url_id: resource.details.vizportal_url_id.as_deref(),
        }
    }

    pub(super) fn removal(resource_type: &'static str, luid: &'a Luid) -> Self {
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

/// A row of `TABMAP_STAGED_CHANGES`.
#[derive(Serialize)]
pub(super) struct StagedChange<'a> {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    vizportal_url_id: Option<&'a str>,
}

impl<'a> StagedChange<'a> {
    pub(super) fn of(change: &'a Change) -> Self {
        let (before, after) = change.sides();
        let side = |resource: &'a Resource| StagedSide {
            project_path: resource.key.project.full(),
            project_name: resource.key.project.leaf(),
            resource_name: &resource.key.name,
            resource_id: resource.luid.as_str(),
            vizportal_url_id: resource.details.vizportal_url_id.as_deref(),
        };
        Self {
            change: change.word(),
            resource_type: after.or(before).map(|resource| resource.key.kind.as_str()),
            before: before.map(side),
            after: after.map(side),
        }
    }
}

/// A row of the table of runs.
pub(super) fn run_row(run: &Run, plan: &Plan, status: &str) -> serde_json::Value {
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
    for (kind, count) in set.listed.iter() {
        row[kind.path_segment()] = (*count).into();
    }
    // A run without changes is finished at once.
    if status != APPLYING {
        row["finished_at"] = moment(Timestamp::now()).into();
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_all_rows_and_stay_below_the_limit() {
        let rows: Vec<_> = (0..40).map(|number| format!("{number:0>60000}")).collect();
        let batches = batches(rows.iter());
        assert!(batches.len() > 1 && batches.iter().all(|batch| batch.len() < 1_000_000));
        let json = |batch: &String| {
            batch.strip_prefix("PARSE_JSON($$").unwrap().strip_suffix("$$)").unwrap().to_owned()
        };
        let read: Vec<String> = batches
            .iter()
            .flat_map(|batch| serde_json::from_str::<Vec<String>>(&json(batch)).unwrap())
            .collect();
        assert_eq!(read, rows);
        assert!(super::batches(std::iter::empty::<String>()).is_empty());
    }

    #[test]
    fn a_time_is_written_in_utc_with_microseconds() {
        assert_eq!(moment("2026-11-21T21:00:00.5+01:00".parse().unwrap()), "2026-11-21 20:00:00.500000");
    }
}
