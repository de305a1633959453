//! Reading: the rows of a site, the version they stand for, the change log.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::place::Place;
use super::quoting::{literal, text};
use super::staging::moment;
use super::{Session, sql};
use crate::mapping::{Mapping, Version};
use crate::resource::SiteName;
use crate::store::columns::{self, Holds, MapColumn, SIDES};
use crate::store::rows::{self, ChangeReader, Rows};
use crate::store::{ChangeFilter, Found, Lookup, Past, RecordedChange, StoreError};

pub(super) async fn sites(place: &Place, session: &Session) -> Result<Vec<SiteName>, StoreError> {
    let statement = place.tables.render(sql::SITES, &[]);
    let rows =
        session.query("list the sites", &statement).await.map_err(|error| place.not_initialised(error))?;
    let names = rows.into_iter().filter_map(|row| row.into_iter().next().flatten());
    Ok(names.map(|name| SiteName::from_content_url(&name)).collect())
}

/// All that a sync reads of a site.
pub(super) async fn mapping(
    place: &Place,
    session: &Session,
    site: &SiteName,
) -> Result<Mapping, StoreError> {
    let nothing = |columns| vec!["NULL::VARCHAR"; columns].join(", ");
    let width = columns::read().count();
    let values = [
        ("site", &*text(site.as_str())),
        ("server", &*text("")),
        ("run", &text("")),
        ("read", &read()),
        ("state_columns", STATE_COLUMNS),
        ("behind_state", &nothing(width - STATE_WIDTH)),
        ("behind_site", &nothing(width - 1)),
    ];
    let statement = place.tables.render(sql::LOAD, &values);
    let loaded =
        session.query("load the map", &statement).await.map_err(|error| place.not_initialised(error))?;
    let (mut sites, mut state) = (Vec::new(), State::default());
    let mut rows = Rows::new(site, time);
    for row in loaded {
        match row.as_slice() {
            [Some(part), columns @ ..] if part == "row" => {
                rows.add(columns).map_err(place.unreadable(&place.tables.resources))?;
            }
            [Some(part), Some(site), ..] if part == "site" => sites.push(SiteName::from_content_url(site)),
            [Some(part), columns @ ..] if part == "state" => state = State::of(place, columns)?,
            _ => {}
        }
    }
    sites.sort();
    let (rows, misspelt_rows) = rows.finish();
    let State { version, newest_snapshot_at, server, .. } = state;
    Ok(Mapping { site: site.clone(), rows, sites, version, server, newest_snapshot_at, misspelt_rows })
}

pub(super) async fn find(
    place: &Place,
    session: &Session,
    lookup: &Lookup,
    sites: &[SiteName],
) -> Result<Found, StoreError> {
    let condition = condition(lookup, lookup.columns().iter().map(|column| format!("R.{column}")));
    let statement = place.tables.render(sql::FIND, &[("condition", &condition), ("read", &read())]);
    let found = session.query("look a resource up", &statement).await;
    let found = found.map_err(|error| place.not_initialised(error))?;
    let server = found.first().and_then(|columns| columns.last().cloned().flatten());
    let mut rows = rows::rows_of_sites(found, time).map_err(place.unreadable(&place.tables.resources))?;
    rows.retain(|row| lookup.fits_on(sites, row));
    Ok(Found { rows, server })
}

/// What the runs say about a site and the map.
#[derive(Default)]
pub(super) struct State {
    pub(super) version: Version,
    pub(super) newest_snapshot_at: Option<Timestamp>,
    pub(super) server: Option<String>,
    /// A server that is not the one asked about.
    pub(super) other_server: Option<String>,
    /// Whether the run asked about is still on its way.
    pub(super) is_applying: bool,
}

/// Its columns, as [`State::of`] reads them.
const STATE_COLUMNS: &str = "G.FINISHED::VARCHAR AS FINISHED, \
    TO_VARCHAR(G.NEWEST, 'YYYY-MM-DD HH24:MI:SS.FF6') AS NEWEST, G.SERVER::VARCHAR AS SERVER, \
    G.OTHER_SERVER::VARCHAR AS OTHER_SERVER, G.MINE::VARCHAR AS MINE";
const STATE_WIDTH: usize = 5;

impl State {
    fn of(place: &Place, columns: &[Option<String>]) -> Result<Self, StoreError> {
        let mut columns = columns.iter();
        let mut next = || columns.next().and_then(Option::as_deref);
        let finished = next().and_then(|count| count.parse().ok()).unwrap_or_default();
        let newest_snapshot_at = next().map(|text| rows::snapshot_at(text, time)).transpose();
        let newest_snapshot_at = newest_snapshot_at.map_err(place.unreadable(&place.tables.runs))?;
        let (server, other_server) = (next().map(str::to_owned), next().map(str::to_owned));
        let is_applying = next().is_some_and(|count| count != "0");
        Ok(Self { version: Version(finished), newest_snapshot_at, server, other_server, is_applying })
    }
}

pub(super) async fn state(
    place: &Place,
    session: &Session,
    site: &SiteName,
    server: &str,
    run: &str,
) -> Result<State, StoreError> {
    let values = [
        ("site", &*text(site.as_str())),
        ("server", &*text(server)),
        ("run", &*text(run)),
        ("state_columns", STATE_COLUMNS),
    ];
    let statement = place.tables.render(sql::VERSION, &values);
    let rows =
        session.query("read the runs", &statement).await.map_err(|error| place.not_initialised(error))?;
    State::of(place, rows.first().map_or(&[], Vec::as_slice))
}

pub(super) async fn changes(
    place: &Place,
    session: &Session,
    filter: &ChangeFilter,
) -> Result<Vec<RecordedChange>, StoreError> {
    let ChangeFilter { lookup, since, run_id } = filter;
    let of_resource = lookup.as_ref().map(|lookup| {
        let on = |side: &'static str| lookup.columns().iter().map(move |column| format!("C.{column}_{side}"));
        format!("({})", condition(lookup, SIDES.into_iter().flat_map(on)))
    });
    let since = since.map(|since| format!("C.CHANGED_AT >= {}::TIMESTAMP_NTZ", text(&moment(since))));
    let of_run = run_id.as_ref().map(|run_id| format!("C.RUN_ID = {}", text(run_id)));
    let conditions: Vec<_> = [of_resource, since, of_run].into_iter().flatten().collect();
    let condition = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    let statement = place.tables.render(sql::CHANGES, &[("condition", &condition)]);
    let mut changes = read_changes(place, session, &statement).await?;
    changes.retain(|change| change.fits(filter));
    Ok(changes)
}

pub(super) async fn past(place: &Place, session: &Session) -> Result<Past, StoreError> {
    let changes = read_changes(place, session, &place.tables.render(sql::PAST, &[])).await?;
    let rows = session.query("read the runs", &place.tables.render(sql::COMPLETE, &[])).await;
    let rows = rows.map_err(|error| place.not_initialised(error))?.into_iter();
    let complete_at = rows.map(|columns| rows::complete_at(columns, time)).collect::<Result<_, _>>();
    Ok(Past { changes, complete_at: complete_at.map_err(place.unreadable(&place.tables.runs))? })
}

async fn read_changes(
    place: &Place,
    session: &Session,
    statement: &str,
) -> Result<Vec<RecordedChange>, StoreError> {
    let rows = session.query("read the changes", statement).await;
    let rows = rows.map_err(|error| place.not_initialised(error))?.into_iter();
    let mut reader = ChangeReader::new(time);
    let changes = rows.map(|columns| reader.read(&columns)).collect::<Result<_, _>>();
    changes.map_err(place.unreadable(&place.tables.changes))
}

/// The condition that one of the columns holds what is looked up. A table of another tool may hold numbers as numbers.
fn condition(lookup: &Lookup, columns: impl Iterator<Item = String>) -> String {
    let texts: Vec<_> = lookup.texts().iter().map(|one| literal(one)).collect();
    let is = |column: String| texts.iter().map(move |text| format!("{column}::VARCHAR = {text}"));
    columns.flat_map(is).collect::<Vec<_>>().join(" OR ")
}

/// The columns of the map as text, as they are read.
fn read() -> String {
    let text = |column: &MapColumn| match column.holds() {
        Holds::Time => format!("TO_VARCHAR(R.{0}, 'YYYY-MM-DD HH24:MI:SS.FF6') AS {0}", column.name),
        Holds::Text | Holds::Number => format!("R.{0}::VARCHAR AS {0}", column.name),
    };
    columns::read().map(text).collect::<Vec<_>>().join(", ")
}

/// A `TIMESTAMP_NTZ` as text, which is UTC here.
pub(super) fn time(text: &str) -> Result<Timestamp, jiff::Error> {
    Ok(text.parse::<DateTime>()?.to_zoned(TimeZone::UTC)?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_without_zone_is_utc() {
        let expected: Timestamp = "2026-11-21T20:47:04.123456Z".parse().unwrap();
        assert_eq!(time("2026-11-21 20:47:04.123456").unwrap(), expected);
        assert!(time("yesterday").is_err());
    }
}
