//! How the stores understand what they read: tables made by others, and rows as text, column by column.

use std::vec::IntoIter;

use jiff::Timestamp;

use super::columns::{self, MapColumn};
use super::inspect::RunGroup;
use super::{RecordedChange, Side};
use crate::mapping::Row;
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};

/// A column that was found.
pub(super) struct FoundColumn {
    /// In upper case.
    pub(super) name: String,
    /// As the store spells it.
    pub(super) data_type: String,
    /// Never null, and without a default: an insert must name it.
    pub(super) is_mandatory: bool,
}

/// Why a table with the columns `found` is something else than one with ours; `None` when it is ours or can be adopted.
pub(super) fn why_foreign(ours: &[columns::Column], found: &[FoundColumn]) -> Option<String> {
    if let Some(missing) = ours.iter().find(|column| !column.is_added && !is_among(found, &column.name)) {
        return Some(format!("it has no column {}", missing.name));
    }
    let is_ours = |column: &FoundColumn| ours.iter().any(|one| column.name == one.name);
    let in_the_way = found.iter().find(|column| column.is_mandatory && !is_ours(column))?;
    Some(format!("its column {} must not be null and has no default", in_the_way.name))
}

/// Those of our columns that a table with the columns `found` still needs.
pub(super) fn missing<'a>(
    ours: &'a [columns::Column],
    found: &[FoundColumn],
) -> impl Iterator<Item = &'a columns::Column> {
    ours.iter().filter(|column| column.is_added && !is_among(found, &column.name))
}

fn is_among(found: &[FoundColumn], name: &str) -> bool {
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
    for texts in texts {
        let word = text_of("RESOURCE_TYPE", columns::read(), &texts);
        if let Some(kind) = ResourceKind::from_column(word) {
            rows.push(row(site, kind, columns::read(), texts, time)?);
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

/// The text of one of the columns that were read; empty where there is none.
fn text_of<'a>(
    name: &str,
    mut columns: impl Iterator<Item = &'static MapColumn>,
    texts: &'a [Option<String>],
) -> &'a str {
    let at = columns.position(|column| column.name == name);
    at.and_then(|at| texts.get(at)?.as_deref()).unwrap_or_default()
}

fn row(
    site: &SiteName,
    kind: ResourceKind,
    columns: impl Iterator<Item = &'static MapColumn> + Clone,
    texts: Texts,
    time: ReadTime,
) -> Result<Row, String> {
    let name = text_of("RESOURCE_NAME", columns.clone(), &texts).to_owned();
    let luid = Luid::new(text_of("RESOURCE_ID", columns.clone(), &texts));
    let luid = luid.ok_or_else(|| format!("{kind} `{name}` has no RESOURCE_ID"))?;
    let key = ResourceKey { site: site.clone(), kind, project: ProjectPath::leaf_only(""), name };
    let resource = Resource { key, luid, details: Details::default() };
    let mut row = Row { resource, first_seen_at: None, changed_at: None };
    for (column, text) in columns.zip(texts) {
        let Some(text) = text else { continue };
        column.put(&mut row, text, time).map_err(|error| {
            format!("{} of {kind} `{}` is not a time: {error}", column.name, row.resource.key.name)
        })?;
    }
    Ok(row)
}

/// One row of `changes.sql` or `past.sql`. The error says what is wrong with the row.
pub(super) fn recorded_change(texts: Texts, time: ReadTime) -> Result<RecordedChange, String> {
    let mut texts = texts.into_iter();
    let mut text = || texts.next().flatten().unwrap_or_default();
    let (run_id, changed_at, site, change, kind) = (text(), text(), text(), text(), text());
    let site = SiteName::from_content_url(&site);
    let kind = ResourceKind::from_column(&kind).ok_or_else(|| format!("`{kind}` is not a RESOURCE_TYPE"))?;
    let (before, after) = (side(&site, kind, &mut texts, time)?, side(&site, kind, &mut texts, time)?);
    let changed_at = time(&changed_at).map_err(|error| format!("CHANGED_AT is not a time: {error}"))?;
    Ok(RecordedChange { run_id, changed_at, site, kind, change, before, after })
}

/// One side of a change; `None` when it has no LUID.
fn side(
    site: &SiteName,
    kind: ResourceKind,
    texts: &mut IntoIter<Option<String>>,
    time: ReadTime,
) -> Result<Option<Side>, String> {
    let texts: Texts = texts.take(columns::logged().count()).collect();
    if text_of("RESOURCE_ID", columns::logged(), &texts).trim().is_empty() {
        return Ok(None);
    }
    let Resource { key, luid, details } = row(site, kind, columns::logged(), texts, time)?.resource;
    Ok(Some(Side { project: key.project, name: key.name, luid, details }))
}

/// One row of `complete.sql`: a site and the snapshot time of its last complete sync.
pub(super) fn complete_at(columns: Texts, time: ReadTime) -> Result<(SiteName, Timestamp), String> {
    let mut columns = columns.into_iter();
    let mut text = || columns.next().flatten().unwrap_or_default();
    let site = SiteName::from_content_url(&text());
    Ok((site, snapshot_at(&text(), time)?))
}

/// One row of `run_groups.sql`. The error says what is wrong with the row.
pub(super) fn run_group(texts: Texts, time: ReadTime) -> Result<RunGroup, String> {
    let mut texts = texts.into_iter();
    let mut text = || texts.next().flatten();
    let (site, server, status, count) = (text(), text(), text(), text());
    let started_at = text().map(|text| time(&text)).transpose();
    let started_at = started_at.map_err(|error| format!("STARTED_AT is not a time: {error}"))?;
    Ok(RunGroup {
        site: SiteName::from_content_url(&site.unwrap_or_default()),
        server: server.unwrap_or_default(),
        status: status.unwrap_or_default(),
        count: count.and_then(|count| count.parse().ok()).unwrap_or_default(),
        started_at,
        snapshot_at: text().map(|text| snapshot_at(&text, time)).transpose()?,
    })
}

/// The time of a snapshot in the table of runs.
pub(super) fn snapshot_at(text: &str, time: ReadTime) -> Result<Timestamp, String> {
    time(text).map_err(|error| format!("SNAPSHOT_AT is not a time: {error}"))
}
