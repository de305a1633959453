//! A plan as JSON, the form in which it travels to Snowflake.

use jiff::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::quoting::ascii_json;
use crate::diff::Change;
use crate::resource::{Resource, ResourceId};
use crate::store::columns::{self, Column, Holds, MAP, RUNS, RunRow, SIDES, Value, logged, logged_name};

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
pub(super) enum StagedRow<'a> {
    Upsert(&'a Resource),
    Removal(&'a ResourceId),
}

impl Serialize for StagedRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(None)?;
        match self {
            Self::Upsert(resource) => {
                row.serialize_entry("ACTION", "upsert")?;
                for column in MAP.iter().filter(|column| column.is_staged()) {
                    if let Some(text) = column.of(resource) {
                        row.serialize_entry(column.name, &text)?;
                    }
                }
            }
            Self::Removal(id) => {
                row.serialize_entry("ACTION", "remove")?;
                row.serialize_entry("RESOURCE_TYPE", id.kind.as_str())?;
                row.serialize_entry("RESOURCE_ID", id.luid.as_str())?;
            }
        }
        row.end()
    }
}

/// A row of `TABMAP_STAGED_CHANGES`.
pub(super) struct StagedChange<'a>(pub(super) &'a Change);

impl Serialize for StagedChange<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (before, after) = self.0.sides();
        let mut row = serializer.serialize_map(None)?;
        row.serialize_entry("CHANGE", self.0.word())?;
        if let Some(resource) = after.or(before) {
            row.serialize_entry("RESOURCE_TYPE", resource.key.kind.as_str())?;
        }
        for (resource, side) in [before, after].into_iter().zip(SIDES) {
            for column in resource.iter().flat_map(|_| logged()) {
                if let Some(text) = resource.and_then(|resource| column.of(resource)) {
                    row.serialize_entry(&logged_name(column, side), &text)?;
                }
            }
        }
        row.end()
    }
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
