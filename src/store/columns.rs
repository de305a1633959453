//! The columns of the three tables, each written once: its name, what it holds, and how a resource or a run gives and
//! takes it. The statements of both stores, the CSV of `tabmap list` and the checks of foreign tables follow from these
//! lists. `template.rs` puts them into the statements.

mod column;
mod runs;

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;

pub(super) use self::column::{Column, Holds};
pub(super) use self::runs::{RUNS, RunRow, Value};
use super::RecordedChange;
use crate::mapping::Row;
use crate::resource::{KnownPaths, Luid, ProjectPath, Resource};

/// The newest schema version, which SQLite files carry. Raised with every column that is added.
pub const SCHEMA_VERSION: i64 = 2;

/// A column of the map.
pub struct MapColumn {
    /// Its name.
    pub name: &'static str,
    /// What it holds, for those who read the schema.
    pub about: &'static str,
    /// The schema version that brought it. 0: every map has it, also one that another tool made.
    since: i64,
    /// The schema version since which the change log holds it before and after each change, if it does.
    logged_since: Option<i64>,
    field: Field,
}

/// How a row gives and takes the value of a column.
enum Field {
    /// Part of the id of a row. It is known before the others are read, and an update never writes it.
    Id(for<'a> fn(&'a Resource) -> &'a str),
    /// What a resource tells.
    Text(for<'a> fn(&'a Resource) -> Option<Cow<'a, str>>, fn(&mut Resource, &str, &mut KnownPaths)),
    /// What the store adds.
    Time(fn(&Row) -> Option<Timestamp>, fn(&mut Row, Timestamp)),
}

/// The map.
pub const MAP: [MapColumn; 11] = [
    MapColumn {
        name: "RESOURCE_TYPE",
        about: "workbook or datasource",
        since: 0,
        logged_since: None,
        field: Field::Id(|one| one.key.kind.as_str()),
    },
    MapColumn {
        name: "SITE_ID",
        about: "content URL of the site; empty for the Default site",
        since: 0,
        logged_since: None,
        field: Field::Id(|one| one.key.site.as_str()),
    },
    MapColumn {
        name: "PROJECT_NAME",
        about: "the leaf project",
        since: 0,
        logged_since: Some(0),
        field: Field::Text(
            |one| Some(one.key.project.leaf().into()),
            |one, leaf, known| one.key.project = known.leaf_only(leaf),
        ),
    },
    MapColumn {
        name: "RESOURCE_NAME",
        about: "the name, case included",
        since: 0,
        logged_since: Some(0),
        field: Field::Text(
            |one| Some((&one.key.name).into()),
            |one, name, _| name.clone_into(&mut one.key.name),
        ),
    },
    MapColumn {
        name: "RESOURCE_ID",
        about: "the LUID, as the Tableau REST API takes it",
        since: 0,
        logged_since: Some(0),
        field: Field::Id(|one| one.luid.as_str()),
    },
    // Behind PROJECT_NAME: the path wins, where it is known.
    MapColumn {
        name: "PROJECT_PATH",
        about: "the project from the root down, as in Finance/EMEA",
        since: 1,
        logged_since: Some(0),
        field: Field::Text(
            |one| one.key.project.full().map(Into::into),
            |one, path, known| one.key.project = known.parse(path),
        ),
    },
    MapColumn {
        name: "PROJECT_ID",
        about: "the LUID of the project",
        since: 1,
        logged_since: None,
        field: Field::Text(
            |one| one.details.project_luid.as_ref().map(|luid| luid.as_str().into()),
            |one, luid, _| one.details.project_luid = Luid::new(luid),
        ),
    },
    MapColumn {
        name: "VIZPORTAL_URL_ID",
        about: "the number in the address bar of a browser",
        since: 1,
        logged_since: Some(1),
        field: Field::Text(
            |one| one.details.vizportal_url_id.as_deref().map(Into::into),
            |one, number, _| one.details.vizportal_url_id = Some(number.to_owned()),
        ),
    },
    MapColumn {
        name: "CONTENT_URL",
        about: "the name in addresses of views",
        since: 2,
        logged_since: Some(2),
        field: Field::Text(
            |one| one.details.content_url.as_deref().map(Into::into),
            |one, name, _| one.details.content_url = Some(name.to_owned()),
        ),
    },
    MapColumn {
        name: "FIRST_SEEN_AT",
        about: "UTC: when this LUID was first seen",
        since: 1,
        logged_since: None,
        field: Field::Time(|row| row.first_seen_at, |row, time| row.first_seen_at = Some(time)),
    },
    MapColumn {
        name: "CHANGED_AT",
        about: "UTC: the time of the snapshot that last changed the row",
        since: 1,
        logged_since: None,
        field: Field::Time(|row| row.changed_at, |row, time| row.changed_at = Some(time)),
    },
];

impl MapColumn {
    /// What a row has in this column. Times have six digits, and are UTC.
    #[must_use]
    pub fn text<'a>(&self, row: &'a Row) -> Option<Cow<'a, str>> {
        match &self.field {
            Field::Time(get, _) => get(row).map(|time| format!("{time:.6}").into()),
            _ => self.of(&row.resource),
        }
    }

    /// What a resource has in this column; nothing in one that the store fills.
    pub(super) fn of<'a>(&self, resource: &'a Resource) -> Option<Cow<'a, str>> {
        match &self.field {
            Field::Id(get) => Some(get(resource).into()),
            Field::Text(get, _) => get(resource),
            Field::Time(..) => None,
        }
    }

    /// What a new row has in this column.
    pub(super) fn of_new<'a>(&self, resource: &'a Resource, taken_at: &'a str) -> Option<Cow<'a, str>> {
        if matches!(self.field, Field::Time(..)) { Some(taken_at.into()) } else { self.of(resource) }
    }

    /// Puts what was read into a row, which has its id already.
    pub(super) fn put(&self, row: &mut Row, text: &str, known: &mut Known) -> Result<(), jiff::Error> {
        match &self.field {
            Field::Id(_) => {}
            Field::Text(_, put) => put(&mut row.resource, text, &mut known.paths),
            Field::Time(_, put) => put(row, known.time(text)?),
        }
        Ok(())
    }

    fn column(&self) -> Column {
        Column {
            name: self.name.into(),
            holds: self.holds(),
            is_mandatory: self.since == 0,
            is_added: self.since > 0,
            about: self.about,
        }
    }

    pub(super) fn holds(&self) -> Holds {
        if matches!(self.field, Field::Time(..)) { Holds::Time } else { Holds::Text }
    }

    /// Whether an update of a row writes what a resource has here.
    pub(super) fn is_told(&self) -> bool {
        matches!(self.field, Field::Text(..))
    }

    /// Whether it is part of the id of a row.
    pub(super) fn is_of_id(&self) -> bool {
        matches!(self.field, Field::Id(_))
    }

    /// Whether an upsert or a removal that is staged has it; the site stands for all of them.
    pub(super) fn is_staged(&self) -> bool {
        self.holds() == Holds::Text && self.name != SITE
    }
}

/// How a store writes its times.
pub(super) type ReadTime = fn(&str) -> Result<Timestamp, jiff::Error>;

/// What many rows have in common is read once: the rows of a site are in few projects, and were written by few runs.
pub(super) struct Known {
    paths: KnownPaths,
    read: ReadTime,
    times: HashMap<String, Timestamp>,
}

/// How many times are kept: every row may have its own.
const MOST_TIMES: usize = 1_000;

impl Known {
    pub(super) fn new(read: ReadTime) -> Self {
        Self { paths: KnownPaths::default(), read, times: HashMap::new() }
    }

    /// What stands for the project until its column is read.
    pub(super) fn no_project(&mut self) -> ProjectPath {
        self.paths.leaf_only("")
    }

    pub(super) fn time(&mut self, text: &str) -> Result<Timestamp, jiff::Error> {
        if let Some(time) = self.times.get(text) {
            return Ok(*time);
        }
        let time = (self.read)(text)?;
        if self.times.len() < MOST_TIMES {
            self.times.insert(text.to_owned(), time);
        }
        Ok(time)
    }
}

const SITE: &str = "SITE_ID";

/// The columns that are read when the site is known.
pub(super) fn read() -> impl Iterator<Item = &'static MapColumn> + Clone {
    MAP.iter().filter(|column| column.name != SITE)
}

/// The columns that the change log holds before and after each change.
pub(super) fn logged() -> impl Iterator<Item = &'static MapColumn> + Clone {
    MAP.iter().filter(|column| column.logged_since.is_some())
}

/// The name of a column of the change log.
pub(super) fn logged_name(column: &MapColumn, side: &str) -> String {
    format!("{}_{side}", column.name)
}

/// The two sides of a change.
pub(super) const SIDES: [&str; 2] = ["BEFORE", "AFTER"];

/// The columns of the map.
pub(super) fn of_map() -> Vec<Column> {
    MAP.iter().map(MapColumn::column).collect()
}

/// The columns of the table of runs.
pub(super) fn of_runs() -> Vec<Column> {
    RUNS.iter().map(runs::RunColumn::column).collect()
}

/// The columns of the change log.
pub(super) fn of_changes() -> Vec<Column> {
    let own = [
        ("RUN_ID", Holds::Text, ""),
        ("CHANGED_AT", Holds::Time, "UTC; time of the snapshot"),
        ("SITE_ID", Holds::Text, ""),
        ("CHANGE", Holds::Text, "added, replaced, moved or removed"),
        ("RESOURCE_TYPE", Holds::Text, "workbook or datasource"),
    ];
    let own = own.map(|(name, holds, about)| {
        let name = name.into();
        Column { name, holds, is_mandatory: true, is_added: false, about }
    });
    let sides = SIDES.iter().flat_map(|side| {
        logged().map(|column| Column {
            name: logged_name(column, side).into(),
            holds: Holds::Text,
            is_mandatory: false,
            is_added: column.logged_since > Some(0),
            about: "",
        })
    });
    own.into_iter().chain(sides).collect()
}

/// The names of the columns of the change log.
#[must_use]
pub fn change_names() -> Vec<Cow<'static, str>> {
    of_changes().into_iter().map(|column| column.name).collect()
}

/// What a change has in each of these columns; empty where it has nothing.
#[must_use]
pub fn change_texts(change: &RecordedChange) -> Vec<String> {
    let RecordedChange { run_id, changed_at, site, kind, change: word, .. } = change;
    let own = [run_id, &format!("{changed_at:.6}"), site.as_str(), word, kind.as_str()].map(str::to_owned);
    let sides = [change.resource_before(), change.resource_after()].into_iter().flat_map(|side| {
        let text = move |column: &MapColumn| Some(column.of(side.as_ref()?)?.into_owned());
        logged().map(move |column| text(column).unwrap_or_default())
    });
    own.into_iter().chain(sides).collect()
}

/// The names in one of the lists that statements use, by the name of the list.
pub(super) fn list(name: &str) -> Option<Vec<Cow<'static, str>>> {
    let named = |column: &'static MapColumn| Cow::Borrowed(column.name);
    Some(match name {
        "map" => MAP.iter().map(named).collect(),
        "read" => read().map(named).collect(),
        "told" => MAP.iter().filter(|column| column.is_told()).map(named).collect(),
        "logged" => logged().map(named).collect(),
        "before" => logged().map(|column| logged_name(column, SIDES[0]).into()).collect(),
        "staged" => MAP.iter().filter(|column| column.is_staged()).map(named).collect(),
        "times" => MAP.iter().filter(|column| column.holds() == Holds::Time).map(named).collect(),
        "runs" => RUNS.iter().map(|column| column.name.into()).collect(),
        "changes" => of_changes().into_iter().map(|column| column.name).collect(),
        "sides" => {
            let on = |side: &'static str| logged().map(move |column| logged_name(column, side).into());
            SIDES.into_iter().flat_map(on).collect()
        }
        _ => return None,
    })
}
