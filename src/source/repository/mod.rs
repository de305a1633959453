//! Tableau Server's own PostgreSQL lists the site: its repository, the database `workgroup`. No sign-in to Tableau is needed.
//!
//! One read-only transaction sees the site as it is at one moment, so each kind is complete, and what is not in it is gone.
//! Each site has a transaction of its own, begun after its map was loaded: a snapshot that is shared between sites could be
//! older than the map of the last of them. The tables do not say which server they belong to: the settings do, and a
//! repository that knows nothing of what the map holds is refused.

mod connect;
pub mod error;
mod rows;
pub mod settings;
mod tls;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio_postgres::{Client, IsolationLevel, Row, Transaction};

use self::connect::Connector;
use self::error::RepositoryError;
use self::rows::{ListedRow, found, luids_of};
use self::settings::RepositorySettings;
use super::listings::now;
use super::{Source, SourceError, SourceName};
use crate::mapping::Mapping;
use crate::resource::{ListedSite, SiteName, SiteState};
use crate::snapshot::{Header, Snapshot};
use crate::tableau::ServerUrl;

const RESOURCES: &str = include_str!("../../../sql/repository/resources.sql");
const ANY_OF_THESE: &str = include_str!("../../../sql/repository/any_of_these.sql");
/// Each is compared with every row of three tables.
const LUIDS_AT_ONCE: usize = 1000;
const PROJECTS_CONTENTS: &str = "public.projects_contents";
/// In its place, on servers that do not have it yet.
const NO_PROJECTS_CONTENTS: &str = "(SELECT NULL::text AS content_type, NULL::integer AS content_id, \
     NULL::integer AS project_id, NULL::integer AS site_id WHERE FALSE)";

const STATEMENT_TIMEOUT: Duration = Duration::from_secs(120);
/// How much longer than the server we wait for a statement to end.
const GRACE: Duration = Duration::from_secs(10);

/// The repository of one Tableau server.
pub struct RepositorySource {
    server: ServerUrl,
    connector: Connector,
    statement_timeout: Duration,
}

impl RepositorySource {
    /// Sends nothing yet.
    pub fn new(
        server: ServerUrl,
        settings: RepositorySettings,
        password: SecretString,
    ) -> Result<Self, RepositoryError> {
        let connector = Connector::new(&server.host_and_port().0, settings, password)?;
        Ok(Self { server, connector, statement_timeout: STATEMENT_TIMEOUT })
    }

    /// The same, waiting this long for each answer.
    #[must_use]
    pub fn with_statement_timeout(self, statement_timeout: Duration) -> Self {
        Self { statement_timeout, ..self }
    }

    async fn read(&self, asked: &SiteName, known: &Mapping) -> Result<Snapshot, RepositoryError> {
        let mut client = self.connector.open().await?;
        let taken_at = now();
        let transaction = self.begin(&mut client).await?;
        let sites = self.list_sites(&transaction).await?;
        let site = self.active(sites, asked)?;
        let rows = self.rows(&transaction, site.number).await?;
        let found = found(&site.name, rows, known);
        let header = Header {
            server: self.server.identity(),
            site: site.name,
            source: SourceName::Repository.to_string(),
            taken_at,
            complete: found.complete,
            notes: found.notes,
        };
        Ok(Snapshot::new(header, found.resources).knowing_gone(found.gone))
    }

    async fn all_sites(&self) -> Result<Vec<ListedSite>, RepositoryError> {
        let mut client = self.connector.open().await?;
        let transaction = self.begin(&mut client).await?;
        let sites = self.list_sites(&transaction).await?.into_iter();
        Ok(sites.map(|site| ListedSite { name: site.name, state: SiteState::of(&site.status) }).collect())
    }

    /// A transaction that sees one moment, writes nothing, and in which no statement takes too long.
    async fn begin<'a>(&self, client: &'a mut Client) -> Result<Transaction<'a>, RepositoryError> {
        let doing = "begin to read";
        let begin =
            client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = self.within(doing, begin.start()).await?;
        let milliseconds = self.statement_timeout.as_millis().to_string();
        let limit = "SELECT set_config('statement_timeout', $1, TRUE)";
        self.within(doing, transaction.query(limit, &[&milliseconds])).await?;
        Ok(transaction)
    }

    async fn list_sites(&self, transaction: &Transaction<'_>) -> Result<Vec<Site>, RepositoryError> {
        let doing = "list the sites";
        let sites = "SELECT id, COALESCE(url_namespace, '')::text, COALESCE(status, '')::text FROM public.sites ORDER BY id";
        let rows = self.within(doing, transaction.query(sites, &[])).await?;
        rows.iter()
            .map(Site::of)
            .collect::<Result<_, _>>()
            .map_err(|error| self.connector.failed(doing, error))
    }

    /// The site that is meant, where somebody could sign in to it.
    fn active(&self, sites: Vec<Site>, asked: &SiteName) -> Result<Site, RepositoryError> {
        let mut meant: Vec<Site> = sites.into_iter().filter(|site| site.name.is_same_site(asked)).collect();
        meant.sort_by_key(|site| !site.is_active());
        let found = match meant.into_iter().next() {
            Some(site) if site.is_active() => return Ok(site),
            Some(asleep) => format!("no active, but a {},", asleep.status),
            None => "no".to_owned(),
        };
        Err(RepositoryError::Site {
            address: self.connector.address.clone(),
            found,
            site: asked.clone(),
            hint: asked.hint().map(|hint| format!("; {hint}")).unwrap_or_default(),
        })
    }

    async fn rows(
        &self,
        transaction: &Transaction<'_>,
        site: i32,
    ) -> Result<Vec<ListedRow>, RepositoryError> {
        let doing = "list the site";
        let probe = "SELECT to_regclass($1::text) IS NOT NULL";
        let probed = self.within(doing, transaction.query_one(probe, &[&PROJECTS_CONTENTS])).await?;
        let is_there = probed.try_get(0).map_err(|error| self.connector.failed(doing, error))?;
        let contents = if is_there { PROJECTS_CONTENTS } else { NO_PROJECTS_CONTENTS };
        let sql = RESOURCES.replace("{projects_contents}", contents);
        let rows = self.within(doing, transaction.query(&sql, &[&site])).await?;
        rows.iter()
            .map(ListedRow::of)
            .collect::<Result<_, _>>()
            .map_err(|error| self.connector.failed(doing, error))
    }

    /// Whether one of these LUIDs is in the repository, on whatever site.
    async fn has_any(&self, luids: &[String]) -> Result<bool, RepositoryError> {
        let mut client = self.connector.open().await?;
        let transaction = self.begin(&mut client).await?;
        let doing = "look for what the map holds";
        for luids in luids.chunks(LUIDS_AT_ONCE) {
            let row = self.within(doing, transaction.query_one(ANY_OF_THESE, &[&luids])).await?;
            if row.try_get(0).map_err(|error| self.connector.failed(doing, error))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The answer, within the time that a statement has and a little more.
    async fn within<T>(
        &self,
        doing: &'static str,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, RepositoryError> {
        let timed_out = || RepositoryError::TimedOut {
            doing,
            address: self.connector.address.clone(),
            seconds: self.statement_timeout.as_secs(),
        };
        match tokio::time::timeout(self.statement_timeout + GRACE, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.code().is_some_and(|code| code.code() == "57014") => Err(timed_out()),
            Ok(Err(error)) => Err(self.connector.failed(doing, error)),
            Err(_) => Err(timed_out()),
        }
    }
}

struct Site {
    number: i32,
    name: SiteName,
    status: String,
}

impl Site {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let name: String = row.try_get(1)?;
        Ok(Self { number: row.try_get(0)?, name: SiteName::from_content_url(&name), status: row.try_get(2)? })
    }

    fn is_active(&self) -> bool {
        self.status == "active"
    }
}

impl ListedRow {
    fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            kind: row.try_get("kind")?,
            luid: row.try_get("luid")?,
            name: row.try_get("name")?,
            number: row.try_get("number")?,
            content_url: row.try_get("content_url")?,
            is_in_project: row.try_get("is_in_project")?,
            project_luid: row.try_get("project_luid")?,
            project_name: row.try_get("project_name")?,
            project_path: row.try_get("project_path")?,
        })
    }
}

#[async_trait]
impl Source for RepositorySource {
    fn name(&self) -> &'static str {
        SourceName::Repository.as_str()
    }

    fn server(&self) -> String {
        self.server.identity()
    }

    async fn snapshot(&self, site: &SiteName, known: &Mapping) -> Result<Snapshot, SourceError> {
        Ok(self.read(site, known).await?)
    }

    async fn sites(&self, _at: &SiteName) -> Result<Vec<ListedSite>, SourceError> {
        Ok(self.all_sites().await?)
    }

    fn other_server(&self, rows: usize) -> Option<SourceError> {
        let address = self.connector.address.clone();
        Some(RepositoryError::OtherServer { address, rows, server: self.server.identity() }.into())
    }

    async fn knows_any(&self, known: &Mapping) -> Result<bool, SourceError> {
        let luids = luids_of(known);
        Ok(!luids.is_empty() && self.has_any(&luids).await?)
    }
}
