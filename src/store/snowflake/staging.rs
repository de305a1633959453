//! A plan as JSON, the form in which it travels to Snowflake.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

use super::quoting::ascii_json;
use crate::diff::Change;
use crate::plan::Plan;
use crate::resource::Resource;
use crate::store::columns::{self, Column, Holds, MAP, MapColumn, RUNS, RunRow, Value, logged};

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

/// A row of `TABMAP_STAGED_ROWS`: an array of its columns, which is half as long as an object that names them.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct StagedRow<'a>(Vec<Option<Cow<'a, str>>>);

impl<'a> StagedRow<'a> {
    fn new(
        action: &'a str,
        row: impl Fn(&'static MapColumn) -> Option<Cow<'a, str>>,
        change: Option<&'a str>,
        before: Option<&'a Resource>,
    ) -> Self {
        let own = [Some(action.into()), change.map(Cow::from)].into_iter();
        let before = logged().map(|column| column.of(before?));
        let mut columns: Vec<_> = own.chain(staged().map(row)).chain(before).collect();
        // What an array does not have is null.
        let length = columns.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        columns.truncate(length);
        Self(columns)
    }

    fn upsert(new: &'a Resource, change: Option<&'a str>, before: Option<&'a Resource>) -> Self {
        Self::new("upsert", |column| column.of(new), change, before)
    }

    fn removal(old: &'a Resource, change: Option<&'a str>, before: Option<&'a Resource>) -> Self {
        Self::new("remove", |column| column.of(old).filter(|_| column.is_of_id()), change, before)
    }
}

/// The rows of a plan: each resource that is to be written or removed once, with what the change log says of it.
pub(super) fn staged_rows(plan: &Plan) -> Vec<StagedRow<'_>> {
    let set = plan.changes();
    let mut rows = Vec::with_capacity(set.changes.len() + set.corrected.len());
    for change in &set.changes {
        let word = Some(change.word());
        let (before, after) = change.sides();
        rows.extend(after.map(|new| StagedRow::upsert(new, word, before)));
        rows.extend(match change {
            Change::Removed(old) => Some(StagedRow::removal(old, word, before)),
            // The row that takes its place says so.
            Change::Replaced { old, .. } => Some(StagedRow::removal(old, None, None)),
            Change::Added(_) | Change::Moved { .. } => None,
        });
    }
    rows.extend(set.corrected.iter().map(|new| StagedRow::upsert(new, None, None)));
    rows
}

/// The columns of such a row, out of `F.VALUE`.
pub(super) fn staged_values() -> String {
    let count = 2 + staged().count() + logged().count();
    (0..count).map(|column| format!("F.VALUE[{column}]::VARCHAR")).collect::<Vec<_>>().join(", ")
}

fn staged() -> impl Iterator<Item = &'static MapColumn> {
    MAP.iter().filter(|column| column.is_staged())
}

/// A row of the table of runs.
pub(super) fn run_row(row: &RunRow<'_>) -> serde_json::Value {
    let values = RUNS.iter().filter_map(|column| {
        let value = match column.of(row)? {
            Value::Text(text) => text.into(),
            Value::Number(number) => number.into(),
            Value::Time(time) => moment(time).into(),
        };
        Some((column.name.to_owned(), value))
    });
    serde_json::Value::Object(values.collect())
}

/// The values of such a row, out of `N.V`.
pub(super) fn run_values() -> String {
    let value = |column: Column| match column.holds {
        Holds::Text => format!("N.V:{}::VARCHAR", column.name),
        Holds::Number => format!("N.V:{}::NUMBER(38, 0)", column.name),
        Holds::Time => format!("N.V:{}::VARCHAR::TIMESTAMP_NTZ", column.name),
    };
    columns::of_runs().into_iter().map(value).collect::<Vec<_>>().join(", ")
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
