//! What the contract is tested on, and the words to write its tests in.

use async_trait::async_trait;
use jiff::Timestamp;
use tabmap::diff::{ChangeSet, diff};
use tabmap::plan::{Limits, MaxRemoved, Plan};
use tabmap::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};
use tabmap::snapshot::{Header, Notes, Snapshot};
use tabmap::store::sqlite::SqliteStore;
use tabmap::store::{Applied, Run, Store, StoreError};
use test_support::emulator::Tenant;

use crate::opens::Opens;

/// Runs each test on a SQLite file and on the Snowflake emulator.
macro_rules! on_both_stores {
    ($($(#[$doc:meta])* $name:ident)*) => {
        mod sqlite {
            $($(#[$doc])* #[tokio::test] async fn $name() {
                super::$name(&super::SqliteGround::new()).await;
            })*
        }
        mod snowflake {
            $($(#[$doc])* #[tokio::test] async fn $name() {
                super::$name(&super::Tenant::new().await).await;
            })*
        }
    };
}

pub const RESOURCES: &str = "API__TABLEAU__RESOURCES";
pub const RUNS: &str = "API__TABLEAU__SYNC_RUNS";
pub const CHANGES: &str = "API__TABLEAU__RESOURCE_CHANGES";

pub const SERVER: &str = "https://tableau.example.com";

/// A place for a map, of which a test may open stores and look behind them.
#[async_trait]
pub trait Ground: Send + Sync {
    /// A store that shares nothing with others but the place.
    fn store(&self) -> Box<dyn Store>;

    /// The name of a table in SQL.
    fn table(&self, name: &str) -> String;

    /// Runs a statement aside from any store.
    async fn sql(&self, statement: &str) -> Vec<Vec<Option<String>>>;

    /// Makes room for a map that another tool writes.
    async fn prepare(&self) {}
}

/// A new SQLite file.
pub struct SqliteGround {
    folder: tempfile::TempDir,
}

impl SqliteGround {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }
}

#[async_trait]
impl Ground for SqliteGround {
    fn store(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::new(&self.folder.path().join("map.db")))
    }

    fn table(&self, name: &str) -> String {
        name.to_owned()
    }

    async fn sql(&self, statement: &str) -> Vec<Vec<Option<String>>> {
        let connection = rusqlite::Connection::open(self.folder.path().join("map.db")).unwrap();
        let mut statement = connection.prepare(statement).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let text = |index| match row.get_unwrap::<_, rusqlite::types::Value>(index) {
                rusqlite::types::Value::Null => None,
                rusqlite::types::Value::Text(text) => Some(text),
                rusqlite::types::Value::Integer(number) => Some(number.to_string()),
                other => panic!("{other:?}"),
            };
            found.push((0..columns).map(text).collect());
        }
        found
    }
}

/// A new database of the Snowflake emulator.
#[async_trait]
impl Ground for Tenant {
    fn store(&self) -> Box<dyn Store> {
        Box::new(Opens::store(self))
    }

    fn table(&self, name: &str) -> String {
        format!("\"{}\".\"MAPPING_TABLES\".\"{name}\"", self.database)
    }

    async fn sql(&self, statement: &str) -> Vec<Vec<Option<String>>> {
        Tenant::sql(self, &[statement]).await
    }

    async fn prepare(&self) {
        Tenant::sql(self, &["CREATE SCHEMA IF NOT EXISTS MAPPING_TABLES"]).await;
    }
}

pub fn site(name: &str) -> SiteName {
    SiteName::from_content_url(name)
}

/// A minute of the day on which the tests happen.
pub fn minute(minute: i64) -> Timestamp {
    "2026-11-20T08:00:00.000123Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(minute)
}

/// A resource; the project is written `Finance/EMEA`.
pub fn resource(site_name: &str, kind: ResourceKind, project: &str, name: &str, luid: &str) -> Resource {
    Resource {
        key: ResourceKey {
            site: site(site_name),
            kind,
            project: ProjectPath::parse(project),
            name: name.to_owned(),
        },
        luid: Luid::new(luid).unwrap(),
        details: Details {
            project_luid: Luid::new(&format!("project-of-{project}")),
            vizportal_url_id: Some(format!("{}", luid.len() + name.len())),
            content_url: Some(name.replace(' ', "")),
        },
    }
}

pub fn workbook(project: &str, name: &str, luid: &str) -> Resource {
    resource("Main", ResourceKind::Workbook, project, name, luid)
}

pub fn snapshot_of(site_name: &str, server: &str, taken_at: Timestamp, resources: Vec<Resource>) -> Snapshot {
    let header = Header {
        server: server.to_owned(),
        site: site(site_name),
        source: "metadata".to_owned(),
        taken_at,
        complete: ResourceKind::ALL.into_iter().collect(),
        notes: Notes { warnings: vec!["it's a warning, with `$$` in it".to_owned()], ..Notes::default() },
    };
    Snapshot::new(header, resources)
}

pub fn snapshot(taken_at: Timestamp, resources: Vec<Resource>) -> Snapshot {
    snapshot_of("Main", SERVER, taken_at, resources)
}

/// Whatever is gone may be removed.
pub const NO_LIMITS: Limits = Limits { max_removed: MaxRemoved::Percent(100), is_for_this_run: true };

pub fn approve(changes: ChangeSet) -> Plan {
    Plan::approve(changes, NO_LIMITS).expect("a plan within its limits")
}

/// Load, diff, approve.
pub async fn plan(store: &dyn Store, snapshot: &Snapshot) -> Plan {
    approve(diff(snapshot, &store.load(&snapshot.header.site).await.unwrap()))
}

/// One sync of one site, begun again when the map changed meanwhile, as the command does.
pub async fn sync(store: &dyn Store, snapshot: &Snapshot) -> Result<(Plan, Applied), StoreError> {
    for _ in 0..3 {
        let plan = plan(store, snapshot).await;
        match store.apply(&Run::begin(), &plan).await {
            Err(StoreError::MappingChanged) => {}
            result => return result.map(|applied| (plan, applied)),
        }
    }
    Err(StoreError::MappingChanged)
}

/// The resources of a site as the map has them, sorted.
pub async fn mapped(store: &dyn Store, site_name: &str) -> Vec<Resource> {
    let mapping = store.load(&site(site_name)).await.unwrap();
    let mut resources: Vec<_> = mapping.rows.into_iter().map(|row| row.resource).collect();
    resources.sort();
    resources
}

pub fn sorted(mut resources: Vec<Resource>) -> Vec<Resource> {
    resources.sort();
    resources
}
