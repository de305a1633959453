//! What the stores share about the three tables: their columns, and how their rows, read as text, are understood.
//!
//! A new column of the map stands in `added` below, in `row`, and, for each store, in the statements that create, load
//! and write the map: `sql/sqlite/{schema,load,insert_resource,update_resource}.sql` with `sqlite/apply.rs`, and
//! `sql/snowflake/{create_resources,load,create_staged_rows,stage_rows,merge,collapse_duplicates}.sql` with
//! `snowflake/staging.rs`. Where it comes from is `resource.rs`; what outlives a listing that does not know it,
//! `with_knowledge_of` in `diff.rs`.

use std::vec::IntoIter;

use jiff::Timestamp;

use super::{RecordedChange, Side};
use crate::mapping::Row;
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};

/// The columns of one of the tables.
pub(super) struct Table {
    /// What a table of that name must have, whoever made it.
    pub(super) required: &'static [&'static str],
    /// What the table of another tool or of an earlier version may lack; [`super::Store::migrate`] adds it.
    pub(super) added: &'static [&'static str],
}

/// The map.
pub(super) const RESOURCES: Table = Table {
    required: &["RESOURCE_TYPE", "SITE_ID", "PROJECT_NAME", "RESOURCE_NAME", "RESOURCE_ID"],
    added: &["PROJECT_PATH", "PROJECT_ID", "VIZPORTAL_URL_ID", "FIRST_SEEN_AT", "CHANGED_AT"],
};

/// One row for each run and site.
pub(super) const RUNS: Table = Table {
    required: &[
        "RUN_ID",
        "SERVER_URL",
        "SITE_ID",
        "SOURCE",
        "SNAPSHOT_AT",
        "STARTED_AT",
        "FINISHED_AT",
        "STATUS",
        "WORKBOOKS",
        "DATASOURCES",
        "ADDED",
        "REPLACED",
        "MOVED",
        "REMOVED",
        "CORRECTED",
        "LAGGING",
        "GHOSTS",
        "SKIPPED",
        "AMBIGUOUS",
        "WARNINGS",
        "TOOL_VERSION",
    ],
    added: &[],
};

/// The change log.
pub(super) const CHANGES: Table = Table {
    required: &[
        "RUN_ID",
        "CHANGED_AT",
        "SITE_ID",
        "CHANGE",
        "RESOURCE_TYPE",
        "PROJECT_PATH_BEFORE",
        "PROJECT_NAME_BEFORE",
        "RESOURCE_NAME_BEFORE",
        "RESOURCE_ID_BEFORE",
        "PROJECT_PATH_AFTER",
        "PROJECT_NAME_AFTER",
        "RESOURCE_NAME_AFTER",
        "RESOURCE_ID_AFTER",
    ],
    added: &["VIZPORTAL_URL_ID_BEFORE", "VIZPORTAL_URL_ID_AFTER"],
};

/// A column that was found.
pub(super) struct Column {
    /// In upper case.
    pub(super) name: String,
    /// As the store spells it.
    pub(super) data_type: String,
    /// Never null, and without a default: an insert must name it.
    pub(super) is_mandatory: bool,
}

impl Table {
    /// Why a table with the columns `found` is something else; `None` when it is ours or can be adopted.
    pub(super) fn why_foreign(&self, found: &[Column]) -> Option<String> {
        if let Some(missing) = self.required.iter().find(|name| !is_among(found, name)) {
            return Some(format!("it has no column {missing}"));
        }
        let is_ours =
            |column: &Column| self.required.iter().chain(self.added).any(|name| column.name == *name);
        let in_the_way = found.iter().find(|column| column.is_mandatory && !is_ours(column))?;
        Some(format!("its column {} must not be null and has no default", in_the_way.name))
    }

    /// The columns that a table with the columns `found` still needs.
    pub(super) fn missing(&self, found: &[Column]) -> Vec<&'static str> {
        self.added.iter().copied().filter(|name| !is_among(found, name)).collect()
    }
}

fn is_among(found: &[Column], name: &str) -> bool {
    found.iter().any(|column| column.name == name)
}

/// A row as text, column by column.
pub(super) type Texts = Vec<Option<String>>;

/// How a store writes its times.
pub(super) type ReadTime = fn(&str) -> Result<Timestamp, jiff::Error>;

/// The rows of `load.sql`, and how many of them have a misspelt `RESOURCE_TYPE`. The error says what is wrong with a
/// row.
pub(super) fn rows(site: &SiteName, texts: Vec<Texts>, time: ReadTime) -> Result<(Vec<Row>, u64), String> {
    let mut rows = Vec::with_capacity(texts.len());
    let mut misspelt = 0;
    for columns in texts {
        let word = columns.first().cloned().flatten().unwrap_or_default();
        if let Some(kind) = ResourceKind::from_column(&word) {
            rows.push(row(site, kind, columns, time)?);
        } else if ResourceKind::from_column(&word.trim().to_lowercase()).is_some() {
            misspelt += 1;
        }
    }
    Ok((rows, misspelt))
}

/// The rows of `find.sql`, whose first column is the site; what it has behind those of the map comes last of all.
pub(super) fn rows_of_sites(texts: Vec<Texts>, time: ReadTime) -> Result<Vec<Row>, String> {
    let mut found = Vec::new();
    for mut columns in texts {
        // Rows of no site are nobody's.
        if let Some(site) = columns.remove(0) {
            found.extend(rows(&SiteName::from_content_url(&site), vec![columns], time)?.0);
        }
    }
    Ok(found)
}

fn row(site: &SiteName, kind: ResourceKind, columns: Texts, time: ReadTime) -> Result<Row, String> {
    let mut columns = columns.into_iter().skip(1);
    let mut next = || columns.next().flatten();
    let (project_name, name) = (next().unwrap_or_default(), next().unwrap_or_default());
    let luid = next().as_deref().and_then(Luid::new);
    let luid = luid.ok_or_else(|| format!("{kind} `{name}` has no RESOURCE_ID"))?;
    let project = project(next(), &project_name);
    let project_luid = next().as_deref().and_then(Luid::new);
    let vizportal_url_id = next();
    let mut moment = |column: &str| {
        let parsed = next().map(|text| time(&text)).transpose();
        parsed.map_err(|error| format!("{column} of {kind} `{name}` is not a time: {error}"))
    };
    let (first_seen_at, changed_at) = (moment("FIRST_SEEN_AT")?, moment("CHANGED_AT")?);
    let key = ResourceKey { site: site.clone(), kind, project, name };
    let resource = Resource { key, luid, details: Details { project_luid, vizportal_url_id } };
    Ok(Row { resource, first_seen_at, changed_at })
}

/// One row of `history.sql` or `past.sql`. The error says what is wrong with the row.
pub(super) fn recorded_change(columns: Texts, time: ReadTime) -> Result<RecordedChange, String> {
    let mut columns = columns.into_iter();
    let mut text = || columns.next().flatten().unwrap_or_default();
    let (run_id, changed_at, site, change, kind) = (text(), text(), text(), text(), text());
    let (mut before, mut after) = (side(&mut columns), side(&mut columns));
    for side in [&mut before, &mut after] {
        let vizportal_url_id = columns.next().flatten();
        if let Some(side) = side {
            side.details.vizportal_url_id = vizportal_url_id;
        }
    }
    Ok(RecordedChange {
        run_id,
        changed_at: time(&changed_at).map_err(|error| format!("CHANGED_AT is not a time: {error}"))?,
        site: SiteName::from_content_url(&site),
        kind: ResourceKind::from_column(&kind).ok_or_else(|| format!("`{kind}` is not a RESOURCE_TYPE"))?,
        change,
        before,
        after,
    })
}

/// One side of a change, whose number stands in a column further on; `None` when it has no LUID.
fn side(columns: &mut IntoIter<Option<String>>) -> Option<Side> {
    let mut next = || columns.next().flatten();
    let (path, leaf, name) = (next(), next().unwrap_or_default(), next().unwrap_or_default());
    let luid = Luid::new(&next()?)?;
    Some(Side { project: project(path, &leaf), name, luid, details: Details::default() })
}

fn project(path: Option<String>, leaf: &str) -> ProjectPath {
    path.map_or_else(|| ProjectPath::leaf_only(leaf), |path| ProjectPath::parse(&path))
}

/// One row of `complete.sql`: a site and the snapshot time of its last complete sync.
pub(super) fn complete_at(columns: Texts, time: ReadTime) -> Result<(SiteName, Timestamp), String> {
    let mut columns = columns.into_iter();
    let mut text = || columns.next().flatten().unwrap_or_default();
    let site = SiteName::from_content_url(&text());
    Ok((site, snapshot_at(&text(), time)?))
}

/// The time of a snapshot in the table of runs.
pub(super) fn snapshot_at(text: &str, time: ReadTime) -> Result<Timestamp, String> {
    time(text).map_err(|error| format!("SNAPSHOT_AT is not a time: {error}"))
}
