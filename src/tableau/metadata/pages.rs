//! The queries that list resources, and one page of their answers. Types that `graphql_client` generates do not leave
//! this file.

use graphql_client::{GraphQLQuery, QueryBody};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::verdict::MetadataError;
use super::{ask, parted};
use crate::resource::{Luid, ResourceKind};
use crate::tableau::error::TableauError;
use crate::tableau::session::Session;
use crate::tableau::shapes::read_mended;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "graphql/schema.graphql",
    query_path = "graphql/workbooks.graphql",
    response_derives = "Debug"
)]
struct WorkbooksPage;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "graphql/schema.graphql",
    query_path = "graphql/workbooks_before_2022_3.graphql",
    response_derives = "Debug"
)]
struct WorkbooksPageBefore20223;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "graphql/schema.graphql",
    query_path = "graphql/published_datasources.graphql",
    response_derives = "Debug"
)]
struct PublishedDatasourcesPage;

/// A node of the Metadata API, each LUID once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// `None` where the API gave an empty one.
    pub luid: Option<Luid>,
    /// `None` where the API withholds it for lack of permission.
    pub name: Option<String>,
    /// The number in the browser URL.
    pub vizportal_url_id: Option<String>,
    /// `None` in a Personal Space, and where it is withheld.
    pub project_name: Option<String>,
    /// Workbooks only, and not on old servers.
    pub project_luid: Option<Luid>,
}

/// One page, free of the types that `graphql_client` generates.
pub struct MetadataPage {
    /// Those that are not null.
    pub nodes: Vec<Node>,
    /// Where the next page begins; the last page has one too.
    pub end_cursor: Option<String>,
    /// Whether no page follows.
    pub is_last: bool,
    /// How many nodes the whole listing is said to have.
    pub total_count: Option<i64>,
}

/// A page, and what the Metadata API has to say about it.
pub struct PageAnswer {
    /// Absent where an error left nothing.
    pub page: Option<MetadataPage>,
    /// Errors, and warnings beside good data.
    pub errors: Vec<MetadataError>,
}

/// What to ask for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Workbooks or published data sources.
    pub kind: ResourceKind,
    /// Whether the server knows `projectLuid` of workbooks.
    pub knows_project_luid: bool,
    /// The most nodes of the page.
    pub first: i64,
    /// The cursor after which it begins.
    pub after: Option<String>,
}

impl PageRequest {
    /// What errors and the log say is being done.
    #[must_use]
    pub const fn doing(&self) -> &'static str {
        self.kind.facts().listing
    }

    /// Asks.
    pub async fn send(&self, session: &Session) -> Result<PageAnswer, TableauError> {
        let (first, after) = (Some(self.first), self.after.clone());
        match (self.kind, self.knows_project_luid) {
            (ResourceKind::Workbook, true) => {
                let query = WorkbooksPage::build_query(workbooks_page::Variables { first, after });
                self.query::<workbooks_page::ResponseData>(session, &query).await
            }
            (ResourceKind::Workbook, false) => {
                let variables = workbooks_page_before20223::Variables { first, after };
                let query = WorkbooksPageBefore20223::build_query(variables);
                self.query::<workbooks_page_before20223::ResponseData>(session, &query).await
            }
            (ResourceKind::Datasource, _) => {
                let variables = published_datasources_page::Variables { first, after };
                let query = PublishedDatasourcesPage::build_query(variables);
                self.query::<published_datasources_page::ResponseData>(session, &query).await
            }
        }
    }

    /// Reads the body of an answer.
    pub fn read(&self, body: &[u8]) -> serde_json::Result<PageAnswer> {
        match (self.kind, self.knows_project_luid) {
            (ResourceKind::Workbook, true) => page_of::<workbooks_page::ResponseData>(body),
            (ResourceKind::Workbook, false) => page_of::<workbooks_page_before20223::ResponseData>(body),
            (ResourceKind::Datasource, _) => page_of::<published_datasources_page::ResponseData>(body),
        }
    }

    async fn query<D: DeserializeOwned + Into<Option<MetadataPage>> + Send + 'static>(
        &self,
        session: &Session,
        query: &QueryBody<impl Serialize + Sync>,
    ) -> Result<PageAnswer, TableauError> {
        let (data, errors) = ask::<D>(session, self.doing(), query).await?;
        Ok(PageAnswer { page: data.and_then(Into::into), errors })
    }
}

fn page_of<D: DeserializeOwned + Into<Option<MetadataPage>>>(body: &[u8]) -> serde_json::Result<PageAnswer> {
    let (data, errors) = parted::<D>(read_mended(body, |body| serde_json::from_slice(body))?);
    Ok(PageAnswer { page: data.and_then(Into::into), errors })
}

/// The three queries differ in their generated types alone.
macro_rules! page_from {
    ($data:expr, $connection:ident, $project_luid:expr) => {{
        let connection = $data.$connection?;
        let page_info = connection.page_info;
        let nodes = connection.nodes.unwrap_or_default().into_iter().flatten();
        Some(MetadataPage {
            nodes: nodes
                .map(|node| Node {
                    project_luid: $project_luid(&node),
                    luid: node.luid.as_deref().and_then(Luid::new),
                    name: node.name,
                    vizportal_url_id: node.vizportal_url_id.filter(|number| !number.is_empty()),
                    project_name: node.project_name,
                })
                .collect(),
            is_last: page_info.as_ref().and_then(|info| info.has_next_page) != Some(true),
            end_cursor: page_info.and_then(|info| info.end_cursor),
            total_count: connection.total_count,
        })
    }};
}

impl From<workbooks_page::ResponseData> for Option<MetadataPage> {
    fn from(data: workbooks_page::ResponseData) -> Self {
        page_from!(
            data,
            workbooks_connection,
            |node: &workbooks_page::WorkbooksPageWorkbooksConnectionNodes| {
                node.project_luid.as_deref().and_then(Luid::new)
            }
        )
    }
}

impl From<workbooks_page_before20223::ResponseData> for Option<MetadataPage> {
    fn from(data: workbooks_page_before20223::ResponseData) -> Self {
        page_from!(data, workbooks_connection, |_: &_| None)
    }
}

impl From<published_datasources_page::ResponseData> for Option<MetadataPage> {
    fn from(data: published_datasources_page::ResponseData) -> Self {
        page_from!(data, published_datasources_connection, |_: &_| None)
    }
}
