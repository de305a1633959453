//! How many refreshes may start, and how often jobs may be looked at: Tableau Cloud rations both for each site.
//!
//! The ledger counts, so that commands that run side by side, and those that follow each other, share one budget.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::ledger::{Ledger, LedgerError};
use super::settings::{Rate, RefreshSettings};
use crate::resource::SiteName;

const OLDEST_START: &str = include_str!("../../sql/queue/oldest_start.sql");
const INSERT_START: &str = include_str!("../../sql/queue/insert_start.sql");
const RECENT_STARTS: &str = include_str!("../../sql/queue/recent_starts.sql");
const FORGET_STARTS: &str = include_str!("../../sql/queue/forget_starts.sql");
const COUNT_POLLS: &str = include_str!("../../sql/queue/count_polls.sql");
const INSERT_POLL: &str = include_str!("../../sql/queue/insert_poll.sql");
const FORGET_POLLS: &str = include_str!("../../sql/queue/forget_polls.sql");
/// Polls are counted in buckets, this many to the period.
const BUCKETS: i64 = 1000;

/// What is left to one server's sites.
#[derive(Debug, Clone)]
pub struct Budget {
    ledger: Ledger,
    server: String,
    starts: Rate,
    polls: Rate,
}

/// A start that is counted.
#[derive(Debug)]
pub struct Start(Option<i64>);

impl Budget {
    /// The budget of a server's sites as the ledger knows it.
    #[must_use]
    pub fn new(ledger: Ledger, server: String, settings: &RefreshSettings) -> Self {
        Self { ledger, server, starts: settings.starts, polls: settings.polls }
    }

    /// Counts a start; or says when the next one will be allowed.
    pub async fn start(&self, site: &SiteName) -> Result<Result<Start, Timestamp>, LedgerError> {
        let Rate::Limited { count, per } = self.starts else { return Ok(Ok(Start(None))) };
        let (server, site, per) = (self.server.clone(), key(site), milliseconds(per));
        let reserve = move |connection: &rusqlite::Connection| {
            let now = Timestamp::now().as_millisecond();
            connection.execute(FORGET_STARTS, params![server, site, now - per])?;
            // The start that must be forgotten before there is room: the `count`th from the end.
            let query = params![server, site, i64::from(count) - 1];
            let oldest = connection.query_row(OLDEST_START, query, |row| row.get::<_, i64>(0)).optional()?;
            if let Some(oldest) = oldest {
                return Ok(Err(at(oldest + per + 1)));
            }
            connection.execute(INSERT_START, params![server, site, now])?;
            Ok(Ok(Start(Some(connection.last_insert_rowid()))))
        };
        self.ledger.run("count a refresh", reserve).await
    }

    /// The answer came: Tableau counted the start between then and now, so it counts from now.
    pub async fn settle(&self, start: Start) -> Result<(), LedgerError> {
        let Some(id) = start.0 else { return Ok(()) };
        let settle = move |connection: &rusqlite::Connection| {
            let now = Timestamp::now().as_millisecond();
            connection.execute("UPDATE STARTS SET AT_MS = ?2 WHERE ID = ?1", params![id, now])
        };
        self.ledger.run("count a refresh", settle).await.map(drop)
    }

    /// Counts a look at a job; or says when the next one will be allowed.
    pub async fn poll(&self, site: &SiteName) -> Result<Result<(), Timestamp>, LedgerError> {
        let Rate::Limited { count, per } = self.polls else { return Ok(Ok(())) };
        let (server, site, per) = (self.server.clone(), key(site), milliseconds(per));
        let width = (per / BUCKETS).max(1);
        let reserve = move |connection: &rusqlite::Connection| {
            let now = Timestamp::now().as_millisecond();
            connection.execute(FORGET_POLLS, params![server, site, now - per - width])?;
            let (polls, oldest): (i64, Option<i64>) =
                connection
                    .query_row(COUNT_POLLS, params![server, site], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if polls >= i64::from(count) {
                return Ok(Err(at(oldest.unwrap_or(now) + per + width + 1)));
            }
            connection.execute(INSERT_POLL, params![server, site, now - now.rem_euclid(width)])?;
            Ok(Ok(()))
        };
        self.ledger.run("count a status request", reserve).await
    }

    /// When each of `wanted` refreshes on a site can start at the earliest, counted from now.
    pub async fn forecast(&self, site: &SiteName, wanted: usize) -> Result<Vec<Duration>, LedgerError> {
        let Rate::Limited { count, per } = self.starts else {
            return Ok(vec![Duration::ZERO; wanted]);
        };
        let (server, site) = (self.server.clone(), key(site));
        let now = Timestamp::now().as_millisecond();
        let since = now - milliseconds(per);
        let recent = move |connection: &rusqlite::Connection| {
            let mut statement = connection.prepare(RECENT_STARTS)?;
            let times = statement.query_map(params![server, site, since], |row| row.get::<_, i64>(0))?;
            times.collect::<rusqlite::Result<Vec<_>>>()
        };
        let mut starts = self.ledger.run("count the refreshes", recent).await?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut forecast = Vec::with_capacity(wanted);
        for _ in 0..wanted {
            let freed = starts.len().checked_sub(count).map(|at| starts[at] + milliseconds(per) + 1);
            let start = freed.map_or(now, |freed| freed.max(now));
            starts.push(start);
            forecast.push(Duration::from_millis((start - now).unsigned_abs()));
        }
        Ok(forecast)
    }
}

/// Tableau tells sites apart whatever their case.
fn key(site: &SiteName) -> String {
    site.as_str().to_lowercase()
}

fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 4)
}

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap_or(Timestamp::MAX)
}
