//! How the stores understand what they read: tables made by others, and rows as text, column by column.

use jiff::Timestamp;

use super::columns::{self, Known, MapColumn, ReadTime};
use super::inspect::RunGroup;
use super::{RecordedChange, Side};
use crate::mapping::Row;
use crate::resource::{Details, Luid, Resource, ResourceKey, ResourceKind, SiteName};

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

/// The rows of `load.sql`, and how many of them have a misspelt `RESOURCE_TYPE`. The error says what is wrong with a
/// row.
pub(super) struct Rows<'a> {
    site: &'a SiteName,
    reader: RowReader,
    read: Vec<Row>,
    misspelt: u64,
}

impl<'a> Rows<'a> {
    pub(super) fn new(site: &'a SiteName, time: ReadTime) -> Self {
        Self { site, reader: RowReader::new(columns::read(), time), read: Vec::new(), misspelt: 0 }
    }

    /// Takes a row in.
    pub(super) fn add(&mut self, texts: &[Option<impl AsRef<str>>]) -> Result<(), String> {
        let word = text(texts, self.reader.kind);
        if let Some(kind) = ResourceKind::from_column(word) {
            self.read.push(self.reader.row(self.site, kind, texts)?);
        } else if ResourceKind::from_column(&word.trim().to_lowercase()).is_some() {
            self.misspelt += 1;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> (Vec<Row>, u64) {
        (self.read, self.misspelt)
    }
}

/// The rows of `find.sql`, whose first column is the site; what it has behind those of the map comes last of all.
pub(super) fn rows_of_sites(texts: Vec<Texts>, time: ReadTime) -> Result<Vec<Row>, String> {
    let mut found = Vec::new();
    for columns in texts {
        // Rows of no site are nobody's.
        if let [Some(site), columns @ ..] = columns.as_slice() {
            let site = SiteName::from_content_url(site);
            let mut rows = Rows::new(&site, time);
            rows.add(columns)?;
            found.extend(rows.finish().0);
        }
    }
    Ok(found)
}

/// The text of one of the columns that were read; empty where there is none.
fn text(texts: &[Option<impl AsRef<str>>], column: Option<usize>) -> &str {
    column.and_then(|column| texts.get(column)?.as_ref()).map_or("", AsRef::as_ref)
}

/// Reads rows that have the same columns.
struct RowReader {
    columns: Vec<&'static MapColumn>,
    kind: Option<usize>,
    name: Option<usize>,
    luid: Option<usize>,
    known: Known,
}

impl RowReader {
    fn new(columns: impl Iterator<Item = &'static MapColumn>, time: ReadTime) -> Self {
        let columns: Vec<_> = columns.collect();
        let of = |name: &str| columns.iter().position(|column| column.name == name);
        let (kind, name, luid) = (of("RESOURCE_TYPE"), of("RESOURCE_NAME"), of("RESOURCE_ID"));
        Self { columns, kind, name, luid, known: Known::new(time) }
    }

    fn row(
        &mut self,
        site: &SiteName,
        kind: ResourceKind,
        texts: &[Option<impl AsRef<str>>],
    ) -> Result<Row, String> {
        let name = || text(texts, self.name);
        let luid = Luid::new(text(texts, self.luid));
        let luid = luid.ok_or_else(|| format!("{kind} `{}` has no RESOURCE_ID", name()))?;
        let project = self.known.no_project();
        let key = ResourceKey { site: site.clone(), kind, project, name: String::new() };
        let resource = Resource { key, luid, details: Details::default() };
        let mut row = Row { resource, first_seen_at: None, changed_at: None };
        for (column, text) in self.columns.iter().zip(texts) {
            let Some(text) = text else { continue };
            column.put(&mut row, text.as_ref(), &mut self.known).map_err(|error| {
                format!("{} of {kind} `{}` is not a time: {error}", column.name, row.resource.key.name)
            })?;
        }
        Ok(row)
    }
}

/// Reads rows of `changes.sql` and `past.sql`. The error says what is wrong with a row.
pub(super) struct ChangeReader(RowReader);

impl ChangeReader {
    pub(super) fn new(time: ReadTime) -> Self {
        Self(RowReader::new(columns::logged(), time))
    }

    /// A change.
    pub(super) fn read(&mut self, texts: &[Option<String>]) -> Result<RecordedChange, String> {
        const OWN: [usize; 5] = [0, 1, 2, 3, 4];
        let [run_id, changed_at, site, change, kind] = OWN.map(|column| text(texts, Some(column)).to_owned());
        let site = SiteName::from_content_url(&site);
        let kind =
            ResourceKind::from_column(&kind).ok_or_else(|| format!("`{kind}` is not a RESOURCE_TYPE"))?;
        let sides = texts.get(OWN.len()..).unwrap_or_default();
        let (before, after) = sides.split_at(self.0.columns.len().min(sides.len()));
        let (before, after) = (self.side(&site, kind, before)?, self.side(&site, kind, after)?);
        let changed_at =
            self.0.known.time(&changed_at).map_err(|error| format!("CHANGED_AT is not a time: {error}"))?;
        Ok(RecordedChange { run_id, changed_at, site, kind, change, before, after })
    }

    /// One side of a change; `None` when it has no LUID.
    fn side(
        &mut self,
        site: &SiteName,
        kind: ResourceKind,
        texts: &[Option<String>],
    ) -> Result<Option<Side>, String> {
        if text(texts, self.0.luid).trim().is_empty() {
            return Ok(None);
        }
        let Resource { key, luid, details } = self.0.row(site, kind, texts)?.resource;
        Ok(Some(Side { project: key.project, name: key.name, luid, details }))
    }
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
