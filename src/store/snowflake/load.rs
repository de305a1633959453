//! Reading: the rows of a site, the version they stand for, the change log.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::quoting::text;
use super::{Session, SnowflakeStore, sql};
use crate::mapping::{Mapping, Row, Version};
use crate::resource::{Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};
use crate::store::{Past, RecordedChange, Side, Store, StoreError};

pub(super) async fn sites(store: &SnowflakeStore, session: &Session) -> Result<Vec<SiteName>, StoreError> {
    let statement = store.tables.render(sql::SITES, &[]);
    let rows =
        session.query("list the sites", &statement).await.map_err(|error| store.not_initialised(error))?;
    let names = rows.into_iter().filter_map(|row| row.into_iter().next().flatten());
    Ok(names.map(|name| SiteName::from_content_url(&name)).collect())
}

/// The version is read before the rows. When a run finishes between the two, the rows are newer than the version,
/// and a plan made from them is refused: never the other way round.
pub(super) async fn mapping(
    store: &SnowflakeStore,
    session: &Session,
    site: &SiteName,
) -> Result<Mapping, StoreError> {
    let state = state(store, session, site, "", "").await?;
    // The text depends on the site alone, so that an unchanged map is answered from Snowflake's result cache
    // ("Using persisted query results", docs.snowflake.com).
    let statement = store.tables.render(sql::LOAD, &[("site", &text(site.as_str()))]);
    let loaded =
        session.query("load the map", &statement).await.map_err(|error| store.not_initialised(error))?;
    let mut rows = Vec::with_capacity(loaded.len());
    let mut foreign_rows = 0;
    for columns in loaded {
        match row(store, site, columns)? {
            Some(row) => rows.push(row),
            None => foreign_rows += 1,
        }
    }
    Ok(Mapping {
        site: site.clone(),
        rows,
        version: state.version,
        server: state.server,
        newest_snapshot_at: state.newest_snapshot_at,
        foreign_rows,
    })
}

/// What the runs say about a site and the map.
pub(super) struct State {
    pub(super) version: Version,
    pub(super) newest_snapshot_at: Option<Timestamp>,
    pub(super) server: Option<String>,
    /// A server that is not the one asked about.
    pub(super) other_server: Option<String>,
    /// Whether the run asked about is still on its way.
    pub(super) is_applying: bool,
}

pub(super) async fn state(
    store: &SnowflakeStore,
    session: &Session,
    site: &SiteName,
    server: &str,
    run: &str,
) -> Result<State, StoreError> {
    let values = [("site", &*text(site.as_str())), ("server", &*text(server)), ("run", &*text(run))];
    let statement = store.tables.render(sql::VERSION, &values);
    let rows =
        session.query("read the runs", &statement).await.map_err(|error| store.not_initialised(error))?;
    let mut columns = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut next = || columns.next().flatten();
    let finished = next().and_then(|count| count.parse().ok()).unwrap_or_default();
    let newest_snapshot_at = next().map(|text| time(&text)).transpose().map_err(|error| {
        let reason = format!("SNAPSHOT_AT is not a time: {error}");
        StoreError::UnreadableRow {
            store: store.name(),
            table: store.tables.full(&store.tables.runs),
            reason,
        }
    })?;
    let (server, other_server) = (next(), next());
    let is_applying = next().is_some_and(|count| count != "0");
    Ok(State { version: Version(finished), newest_snapshot_at, server, other_server, is_applying })
}

/// One row of the map; `None` when its `RESOURCE_TYPE` is not ours.
fn row(
    store: &SnowflakeStore,
    site: &SiteName,
    columns: Vec<Option<String>>,
) -> Result<Option<Row>, StoreError> {
    let unreadable = |reason| StoreError::UnreadableRow {
        store: store.name(),
        table: store.tables.full(&store.tables.resources),
        reason,
    };
    let mut columns = columns.into_iter();
    let mut next = || columns.next().flatten();
    let Some(kind) = next().as_deref().and_then(ResourceKind::from_column) else {
        return Ok(None);
    };
    let (project_name, name) = (next().unwrap_or_default(), next().unwrap_or_default());
    let luid = next().as_deref().and_then(Luid::new);
    let luid = luid.ok_or_else(|| unreadable(format!("{kind} `{name}` has no RESOURCE_ID")))?;
    let project = project(next(), &project_name);
    let project_luid = next().as_deref().and_then(Luid::new);
    let vizportal_url_id = next();
    let mut moment = |column: &str| {
        let parsed = next().map(|text| time(&text)).transpose();
        parsed.map_err(|error| unreadable(format!("{column} of {kind} `{name}` is not a time: {error}")))
    };
    let (first_seen_at, changed_at) = (moment("FIRST_SEEN_AT")?, moment("CHANGED_AT")?);
    let key = ResourceKey { site: site.clone(), kind, project, name };
    let resource = Resource { key, luid, project_luid, vizportal_url_id };
    Ok(Some(Row { resource, first_seen_at, changed_at }))
}

pub(super) async fn history(
    store: &SnowflakeStore,
    session: &Session,
    luid: &Luid,
) -> Result<Vec<RecordedChange>, StoreError> {
    let statement = store.tables.render(sql::HISTORY, &[("luid", &text(luid.as_str()))]);
    let rows =
        session.query("read the changes", &statement).await.map_err(|error| store.not_initialised(error))?;
    rows.into_iter().map(|columns| recorded_change(store, columns)).collect()
}

pub(super) async fn past(store: &SnowflakeStore, session: &Session) -> Result<Past, StoreError> {
    let query = async |doing, template| {
        let answer = session.query(doing, &store.tables.render(template, &[])).await;
        answer.map_err(|error| store.not_initialised(error))
    };
    let changes = query("read the changes", sql::PAST).await?;
    let changes =
        changes.into_iter().map(|columns| recorded_change(store, columns)).collect::<Result<_, _>>()?;
    let mut complete_at = BTreeMap::new();
    for columns in query("read the runs", sql::COMPLETE).await? {
        let mut columns = columns.into_iter();
        let mut next = || columns.next().flatten().unwrap_or_default();
        let site = SiteName::from_content_url(&next());
        let at = time(&next()).map_err(|error| StoreError::UnreadableRow {
            store: store.name(),
            table: store.tables.full(&store.tables.runs),
            reason: format!("SNAPSHOT_AT is not a time: {error}"),
        })?;
        complete_at.insert(site, at);
    }
    Ok(Past { changes, complete_at })
}

fn recorded_change(
    store: &SnowflakeStore,
    columns: Vec<Option<String>>,
) -> Result<RecordedChange, StoreError> {
    let unreadable = |reason| StoreError::UnreadableRow {
        store: store.name(),
        table: store.tables.full(&store.tables.changes),
        reason,
    };
    let mut columns = columns.into_iter();
    let mut next = || columns.next().flatten();
    let (run_id, changed_at) = (next().unwrap_or_default(), next().unwrap_or_default());
    let (site, change, kind) =
        (next().unwrap_or_default(), next().unwrap_or_default(), next().unwrap_or_default());
    let mut next_side = || {
        let (path, leaf, name) = (next(), next().unwrap_or_default(), next().unwrap_or_default());
        let luid = Luid::new(&next()?)?;
        Some(Side { project: project(path, &leaf), name, luid, vizportal_url_id: None })
    };
    let (mut before, mut after) = (next_side(), next_side());
    for number in [&mut before, &mut after] {
        let value = next();
        if let Some(side) = number {
            side.vizportal_url_id = value;
        }
    }
    Ok(RecordedChange {
        run_id,
        changed_at: time(&changed_at)
            .map_err(|error| unreadable(format!("CHANGED_AT is not a time: {error}")))?,
        site: SiteName::from_content_url(&site),
        kind: ResourceKind::from_column(&kind)
            .ok_or_else(|| unreadable(format!("`{kind}` is not a RESOURCE_TYPE")))?,
        change,
        before,
        after,
    })
}

fn project(path: Option<String>, leaf: &str) -> ProjectPath {
    path.map_or_else(|| ProjectPath::leaf_only(leaf), |path| ProjectPath::parse(&path))
}

/// A `TIMESTAMP_NTZ` as text, which is UTC here.
fn time(text: &str) -> Result<Timestamp, jiff::Error> {
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
