//! What `history` says.

use std::io;

use jiff::{Timestamp, TimestampRound, Unit};
use serde::Serialize;

use super::table::{Column, Fit, TableFormat, TableOptions, print_csv, print_table};
use super::{FORMAT_VERSION, ResourceReport, print, print_json};
use crate::resource::{Resource, ResourceKind, SiteName};
use crate::store::RecordedChange;
use crate::store::columns::{change_names, change_texts};

const COLUMNS: [Column; 8] = [
    Column { title: "WHEN", fit: Fit::Whole },
    Column { title: "CHANGE", fit: Fit::Whole },
    Column { title: "SITE", fit: Fit::Dropped(3) },
    Column { title: "KIND", fit: Fit::Dropped(4) },
    Column { title: "RESOURCE", fit: Fit::Shortened },
    Column { title: "LUID", fit: Fit::Dropped(2) },
    Column { title: "BEFORE", fit: Fit::Shortened },
    Column { title: "RUN", fit: Fit::Dropped(1) },
];

#[derive(Debug, Serialize)]
struct Document {
    format_version: u32,
    changes: Vec<DocumentChange>,
}

#[derive(Debug, Serialize)]
struct DocumentChange {
    changed_at: Timestamp,
    run_id: String,
    site: SiteName,
    kind: ResourceKind,
    change: String,
    before: Option<ResourceReport>,
    after: Option<ResourceReport>,
}

impl DocumentChange {
    fn of(change: &RecordedChange) -> Self {
        let resource = |side: Option<_>| side.as_ref().map(ResourceReport::of);
        Self {
            changed_at: change.changed_at,
            run_id: change.run_id.clone(),
            site: change.site.clone(),
            kind: change.kind,
            change: change.change.clone(),
            before: resource(change.resource_before()),
            after: resource(change.resource_after()),
        }
    }
}

/// Prints changes; people read `nothing` where there are none.
pub fn print_history(changes: &[RecordedChange], nothing: &str, options: TableOptions) -> io::Result<()> {
    match options.format {
        TableFormat::Table if changes.is_empty() => print(&format!("{nothing}\n")),
        TableFormat::Table => print_table(&COLUMNS, changes.iter().map(cells).collect(), &[], options),
        TableFormat::Csv => print_csv(change_names(), changes.iter().map(change_texts), options),
        TableFormat::Json => {
            let changes = changes.iter().map(DocumentChange::of).collect();
            print_json(&Document { format_version: FORMAT_VERSION, changes })
        }
    }
}

/// The cells of a change. `BEFORE` is the former place of what was moved, the former LUID of what was replaced.
fn cells(change: &RecordedChange) -> Vec<String> {
    let (before, after) = (change.resource_before(), change.resource_after());
    let now = after.as_ref().or(before.as_ref());
    let was = match (&before, &after) {
        (Some(before), Some(after)) if before.luid == after.luid => before.place(),
        (Some(before), Some(_)) => before.luid.to_string(),
        _ => String::new(),
    };
    vec![
        to_the_second(change.changed_at).to_string(),
        change.change.clone(),
        change.site.to_string(),
        change.kind.to_string(),
        now.map(Resource::place).unwrap_or_default(),
        now.map(|one| one.luid.to_string()).unwrap_or_default(),
        was,
        change.run_id.clone(),
    ]
}

/// A time for people, without fractions of a second.
#[must_use]
pub fn to_the_second(time: Timestamp) -> Timestamp {
    time.round(TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Trunc)).unwrap_or(time)
}
