//! The columns of the table of runs: a run tells what stands in them.

use std::borrow::Cow;

use jiff::Timestamp;

use super::column::{Column, Holds};
use crate::plan::Plan;
use crate::resource::ResourceKind;
use crate::store::{Run, RunStatus};

/// A run as its row shows it.
pub(in crate::store) struct RunRow<'a> {
    pub(in crate::store) run: &'a Run,
    pub(in crate::store) plan: &'a Plan,
    /// The `STATUS` column.
    pub(in crate::store) status: &'a str,
    /// `None` while the run is on its way.
    pub(in crate::store) finished_at: Option<Timestamp>,
}

impl<'a> RunRow<'a> {
    /// A run that ends now.
    pub(in crate::store) fn ended(run: &'a Run, plan: &'a Plan) -> Self {
        let status = RunStatus::of(plan).as_str();
        Self { run, plan, status, finished_at: Some(Timestamp::now()) }
    }

    fn listed(&self, kind: ResourceKind) -> u64 {
        self.plan.changes().listed.iter().find(|(one, _)| *one == kind).map_or(0, |(_, count)| *count)
    }
}

/// What a row has in a column.
pub(in crate::store) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(u64),
    Time(Timestamp),
}

/// A column of the table of runs.
pub(in crate::store) struct RunColumn {
    pub(in crate::store) name: &'static str,
    about: &'static str,
    field: RunField,
}

enum RunField {
    Text(for<'a> fn(&RunRow<'a>) -> Cow<'a, str>),
    Number(fn(&RunRow<'_>) -> u64),
    Time(fn(&RunRow<'_>) -> Timestamp),
    Finished,
}

impl RunColumn {
    const fn text(
        name: &'static str,
        about: &'static str,
        get: for<'a> fn(&RunRow<'a>) -> Cow<'a, str>,
    ) -> Self {
        Self { name, about, field: RunField::Text(get) }
    }

    const fn number(name: &'static str, get: fn(&RunRow<'_>) -> u64) -> Self {
        Self { name, about: "", field: RunField::Number(get) }
    }

    const fn time(name: &'static str, about: &'static str, get: fn(&RunRow<'_>) -> Timestamp) -> Self {
        Self { name, about, field: RunField::Time(get) }
    }

    pub(in crate::store) fn of<'a>(&self, row: &RunRow<'a>) -> Option<Value<'a>> {
        match &self.field {
            RunField::Text(get) => Some(Value::Text(get(row))),
            RunField::Number(get) => Some(Value::Number(get(row))),
            RunField::Time(get) => Some(Value::Time(get(row))),
            RunField::Finished => row.finished_at.map(Value::Time),
        }
    }

    pub(in crate::store) fn column(&self) -> Column {
        let holds = match &self.field {
            RunField::Text(_) => Holds::Text,
            RunField::Number(_) => Holds::Number,
            RunField::Time(_) | RunField::Finished => Holds::Time,
        };
        let is_mandatory = !matches!(self.field, RunField::Finished);
        Column { name: self.name.into(), holds, is_mandatory, is_added: false, about: self.about }
    }
}

/// The table of runs.
pub(in crate::store) const RUNS: [RunColumn; 21] = [
    RunColumn::text("RUN_ID", "", |row| row.run.id.to_string().into()),
    RunColumn::text("SERVER_URL", "the Tableau server that this map belongs to", |row| {
        (&row.plan.changes().snapshot.server).into()
    }),
    RunColumn::text("SITE_ID", "", |row| row.plan.changes().snapshot.site.as_str().into()),
    RunColumn::text("SOURCE", "", |row| (&row.plan.changes().snapshot.source).into()),
    RunColumn::time("SNAPSHOT_AT", "UTC, as all times here", |row| row.plan.changes().snapshot.taken_at),
    RunColumn::time("STARTED_AT", "", |row| row.run.started_at),
    RunColumn { name: "FINISHED_AT", about: "", field: RunField::Finished },
    RunColumn::text(
        "STATUS",
        "applying, complete, incomplete (of a listing cut short, only what is surely gone was removed) or abandoned",
        |row| row.status.into(),
    ),
    RunColumn::number("WORKBOOKS", |row| row.listed(ResourceKind::Workbook)),
    RunColumn::number("DATASOURCES", |row| row.listed(ResourceKind::Datasource)),
    RunColumn::number("ADDED", |row| row.plan.changes().counts().added),
    RunColumn::number("REPLACED", |row| row.plan.changes().counts().replaced),
    RunColumn::number("MOVED", |row| row.plan.changes().counts().moved),
    RunColumn::number("REMOVED", |row| row.plan.changes().counts().removed),
    RunColumn::number("CORRECTED", |row| row.plan.changes().counts().corrected),
    RunColumn::number("LAGGING", |row| row.plan.changes().snapshot.notes.lagging),
    RunColumn::number("GHOSTS", |row| row.plan.changes().snapshot.notes.ghosts),
    RunColumn::number("SKIPPED", |row| row.plan.changes().snapshot.notes.skipped),
    RunColumn::number("AMBIGUOUS", |row| row.plan.changes().ambiguous.len() as u64),
    RunColumn::text("WARNINGS", "a JSON array of sentences", |row| {
        let warnings = row.plan.changes().snapshot.notes.warnings.clone();
        serde_json::Value::from(warnings).to_string().into()
    }),
    RunColumn::text("TOOL_VERSION", "", |row| (&row.run.tool_version).into()),
];
