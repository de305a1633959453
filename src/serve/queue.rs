//! The durable queue: what was accepted is here, until it is done or listed as failed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::delivery::Delivery;
use crate::refresh::Begun;
use crate::refresh::ledger::{Ledger, LedgerError};
use crate::refresh::target::Target;
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};

const INSERT_DELIVERY: &str = include_str!("../../sql/queue/insert_delivery.sql");
const INSERT_REFRESH: &str = include_str!("../../sql/queue/insert_refresh.sql");
const DUE: &str = include_str!("../../sql/queue/due.sql");
const STARTING: &str = include_str!("../../sql/queue/starting.sql");
const RUNNING: &str = include_str!("../../sql/queue/running.sql");
const FINISH: &str = include_str!("../../sql/queue/finish.sql");
const POSTPONE: &str = include_str!("../../sql/queue/postpone.sql");
const WAIT_AGAIN: &str = include_str!("../../sql/queue/wait_again.sql");
const WAITING_TWIN: &str = include_str!("../../sql/queue/waiting_twin.sql");
const JOIN_TWIN: &str = include_str!("../../sql/queue/join_twin.sql");
const LATEST: &str = include_str!("../../sql/queue/latest.sql");
const FAILED: &str = include_str!("../../sql/queue/failed.sql");
const COUNTS: &str = include_str!("../../sql/queue/counts.sql");
const FORGET: &str = include_str!("../../sql/queue/forget.sql");
const FORGET_DELIVERIES: &str = include_str!("../../sql/queue/forget_deliveries.sql");

/// How long the ids of events are remembered, in days before the newest one: longer than an event may be old.
pub const MEMORY: i64 = 35;
/// How long refreshes that are done are listed, in days. Failed ones stay until they are tried again.
const HISTORY: i64 = 30;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The states that a refresh can be in.
pub const STATES: [&str; 6] = ["waiting", "starting", "running", "succeeded", "failed", "superseded"];

/// The queue.
#[derive(Debug, Clone)]
pub struct Queue {
    ledger: Ledger,
}

/// A refresh that is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its number.
    pub id: i64,
    /// What to refresh.
    pub target: Target,
    /// How often it has failed.
    pub attempt: u32,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// Where to take it up again, and what the map said then.
    pub begun: Option<(Begun, Resource)>,
}

/// A refresh as the status page and `--list-failed` show it.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its number, for `--retry`.
    pub id: i64,
    /// What to refresh, as the rule names it.
    pub target: String,
    /// `waiting`, `starting`, `running`, `succeeded`, `failed` or `superseded`.
    pub state: String,
    /// How many deliveries it answers.
    pub deliveries: i64,
    /// How often it has failed.
    pub attempt: u32,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Its job in Tableau.
    pub job_id: Option<String>,
    /// Why it failed, or will be tried again.
    pub message: Option<String>,
}

/// The resource that a refresh was begun for, as the row keeps it.
#[derive(Serialize, Deserialize)]
struct StoredResource {
    kind: ResourceKind,
    site: SiteName,
    project: String,
    /// Whether the project is a whole path.
    is_rooted: bool,
    name: String,
    luid: Luid,
    project_luid: Option<Luid>,
}

impl Queue {
    /// The queue in this ledger.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    /// Takes a delivery in, with the refreshes that hang on it; `false` when its event was taken in before.
    /// Refreshes of a target that waits already become one. Durable when this returns.
    pub async fn accept(
        &self,
        delivery: &Delivery,
        targets: Vec<Target>,
        due: Timestamp,
    ) -> Result<bool, LedgerError> {
        let Delivery { event_id, job_id, job_name, run_id, at, .. } = delivery.clone();
        let accept = move |connection: &Connection| {
            let now = Timestamp::now().as_millisecond();
            let event = params![event_id, now, job_id, job_name, run_id, at.as_millisecond(), MEMORY * DAY];
            if connection.prepare_cached(INSERT_DELIVERY)?.execute(event)? == 0 {
                return Ok(false);
            }
            for target in &targets {
                let refresh = params![json(target), now, due.as_millisecond()];
                connection.prepare_cached(INSERT_REFRESH)?.execute(refresh)?;
            }
            Ok(true)
        };
        self.ledger.run("accept a delivery", accept).await
    }

    /// What is due and not done, the longest due first. A row that cannot be read fails, and holds up no other.
    pub async fn due(&self) -> Result<Vec<Due>, LedgerError> {
        let due = |connection: &Connection| {
            let now = Timestamp::now().as_millisecond();
            let mut statement = connection.prepare_cached(DUE)?;
            let rows = statement.query_map([now], |row| Ok((row.get::<_, i64>(0)?, due_from(row))))?;
            let mut due = Vec::new();
            for (id, one) in rows.collect::<rusqlite::Result<Vec<_>>>()? {
                match one {
                    Ok(one) => due.push(one),
                    Err(error) => {
                        let reason = format!("its row in the queue cannot be read: {error}");
                        tracing::error!(refresh = id, reason, "the refresh failed for good");
                        connection.prepare_cached(FINISH)?.execute(params![id, "failed", now, reason])?;
                    }
                }
            }
            Ok(due)
        };
        self.ledger.run("read the queue", due).await
    }

    /// The POST is sent next.
    pub async fn starting(
        &self,
        id: i64,
        resource: &Resource,
        luid: &Luid,
        since: Timestamp,
    ) -> Result<(), LedgerError> {
        let ResourceKey { site, kind, project, name } = resource.key.clone();
        let kept = StoredResource {
            kind,
            site,
            is_rooted: project.is_rooted(),
            project: if project.is_rooted() { project.to_string() } else { project.leaf().to_owned() },
            name,
            luid: resource.luid.clone(),
            project_luid: resource.details.project_luid.clone(),
        };
        let (kept, luid, since) = (json(&kept), luid.as_str().to_owned(), format!("{since:.6}"));
        let now = Timestamp::now().as_millisecond();
        self.write("note a start", STARTING, move |sql, connection| {
            connection.prepare_cached(sql)?.execute(params![id, kept, luid, since, now])
        })
        .await
    }

    /// The refresh is this job.
    pub async fn running(&self, id: i64, luid: &Luid, job: &Luid) -> Result<(), LedgerError> {
        let (luid, job) = (luid.as_str().to_owned(), job.as_str().to_owned());
        self.write("note a job", RUNNING, move |sql, connection| {
            connection.prepare_cached(sql)?.execute(params![id, luid, job])
        })
        .await
    }

    /// It is done, well or not.
    pub async fn finish(
        &self,
        id: i64,
        is_success: bool,
        message: Option<String>,
    ) -> Result<(), LedgerError> {
        let state = if is_success { "succeeded" } else { "failed" };
        let now = Timestamp::now().as_millisecond();
        self.write("note an end", FINISH, move |sql, connection| {
            connection.prepare_cached(sql)?.execute(params![id, state, now, message])
        })
        .await
    }

    /// It goes on later from where it is.
    pub async fn postpone(
        &self,
        id: i64,
        until: Timestamp,
        attempt: u32,
        message: String,
    ) -> Result<(), LedgerError> {
        self.write("postpone a refresh", POSTPONE, move |sql, connection| {
            connection.prepare_cached(sql)?.execute(params![id, until.as_millisecond(), attempt, message])
        })
        .await
    }

    /// It begins anew later, unless the same target waits already: then that one answers for both.
    pub async fn wait_again(
        &self,
        id: i64,
        until: Timestamp,
        attempt: u32,
        message: Option<String>,
    ) -> Result<(), LedgerError> {
        let again =
            move |connection: &Connection| wait_again(connection, id, until, attempt, message.as_deref());
        self.ledger.run("postpone a refresh", again).await.map(drop)
    }

    /// Puts failed refreshes back, one or all, and answers how many.
    pub async fn retry(&self, id: Option<i64>) -> Result<usize, LedgerError> {
        let retry = move |connection: &Connection| {
            let failed = connection
                .prepare("SELECT ID FROM REFRESHES WHERE STATE = 'failed' AND ID = COALESCE(?1, ID)")?
                .query_map([id], |row| row.get::<_, i64>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            for id in &failed {
                wait_again(connection, *id, Timestamp::now(), 0, None)?;
            }
            Ok(failed.len())
        };
        self.ledger.run("put failed refreshes back", retry).await
    }

    /// The refreshes of late: what is open, then what is done.
    pub async fn latest(&self) -> Result<Vec<Entry>, LedgerError> {
        self.entries(LATEST).await
    }

    /// The refreshes that failed for good.
    pub async fn failed(&self) -> Result<Vec<Entry>, LedgerError> {
        self.entries(FAILED).await
    }

    async fn entries(&self, sql: &'static str) -> Result<Vec<Entry>, LedgerError> {
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], entry_from)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        self.ledger.run("read the queue", read).await
    }

    /// How many refreshes are in each state.
    pub async fn counts(&self) -> Result<Vec<(String, i64)>, LedgerError> {
        let count = |connection: &Connection| {
            let mut statement = connection.prepare_cached(COUNTS)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        self.ledger.run("count the queue", count).await
    }

    /// Whether it can take anything in.
    pub async fn probe(&self) -> Result<(), LedgerError> {
        self.ledger.probe().await
    }

    /// Forgets what is long past.
    pub async fn forget(&self) -> Result<(), LedgerError> {
        let now = Timestamp::now().as_millisecond();
        let forget = move |connection: &Connection| {
            connection.execute(FORGET_DELIVERIES, [MEMORY * DAY])?;
            connection.execute(FORGET, [now - HISTORY * DAY])
        };
        self.ledger.run("delete old entries", forget).await.map(drop)
    }

    async fn write(
        &self,
        doing: &'static str,
        sql: &'static str,
        write: impl FnOnce(&'static str, &Connection) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Result<(), LedgerError> {
        self.ledger.run(doing, move |connection| write(sql, connection)).await.map(drop)
    }
}

fn wait_again(
    connection: &Connection,
    id: i64,
    until: Timestamp,
    attempt: u32,
    message: Option<&str>,
) -> rusqlite::Result<usize> {
    let twin = connection.query_row(WAITING_TWIN, [id], |row| row.get::<_, i64>(0)).optional()?;
    let Some(twin) = twin else {
        let again = params![id, until.as_millisecond(), attempt, message];
        return connection.prepare_cached(WAIT_AGAIN)?.execute(again);
    };
    connection.execute(JOIN_TWIN, [twin, id])?;
    let now = Timestamp::now().as_millisecond();
    connection.prepare_cached(FINISH)?.execute(params![id, "superseded", now, message])
}

fn json(value: &impl Serialize) -> String {
    // Of text and numbers alone, so that there is nothing that could fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn due_from(row: &Row<'_>) -> rusqlite::Result<Due> {
    let target: String = row.get(1)?;
    let target = parsed(1, serde_json::from_str(&target))?;
    let state: String = row.get(2)?;
    let since = || row.get::<_, Option<String>>(5).map(|text| text.and_then(|text| text.parse().ok()));
    let luid =
        |column| row.get::<_, Option<String>>(column).map(|text| text.and_then(|text| Luid::new(&text)));
    let begun = match (state.as_str(), luid(6)?, since()?, luid(7)?) {
        ("running", Some(luid), Some(since), Some(job)) => Some(Begun::Running { luid, job, since }),
        ("starting", Some(luid), Some(since), _) => Some(Begun::Starting { luid, since }),
        _ => None,
    };
    let resource = row.get::<_, Option<String>>(8)?;
    let resource =
        resource.map(|text| parsed(8, serde_json::from_str::<StoredResource>(&text))).transpose()?;
    Ok(Due {
        id: row.get(0)?,
        target,
        attempt: row.get(3)?,
        queued_at: at(row.get(4)?),
        begun: begun.zip(resource.map(Resource::from)),
    })
}

fn entry_from(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let target: String = row.get(1)?;
    Ok(Entry {
        id: row.get(0)?,
        target: serde_json::from_str::<Target>(&target).map_or(target, |target| target.to_string()),
        state: row.get(2)?,
        deliveries: row.get(3)?,
        attempt: row.get(4)?,
        queued_at: at(row.get(5)?),
        due_at: at(row.get(6)?),
        finished_at: row.get::<_, Option<i64>>(7)?.map(at),
        job_id: row.get(8)?,
        message: row.get(9)?,
    })
}

fn parsed<T>(column: usize, value: serde_json::Result<T>) -> rusqlite::Result<T> {
    value.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(millisecond).unwrap_or_default()
}

impl From<StoredResource> for Resource {
    fn from(kept: StoredResource) -> Self {
        let StoredResource { kind, site, project, is_rooted, name, luid, project_luid } = kept;
        let project = if is_rooted { ProjectPath::parse(&project) } else { ProjectPath::leaf_only(&project) };
        let key = ResourceKey { site, kind, project, name };
        Self { key, luid, details: Details { project_luid, ..Details::default() } }
    }
}
