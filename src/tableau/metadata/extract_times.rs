//! When an extract was refreshed. Types that `graphql_client` generates do not leave this file.

use graphql_client::GraphQLQuery;
use jiff::Timestamp;

use super::ask;
use super::verdict::MetadataError;
use crate::resource::{Luid, ResourceKind};
use crate::tableau::error::TableauError;
use crate::tableau::session::Session;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "graphql/schema.graphql",
    query_path = "graphql/extract_times.graphql",
    response_derives = "Debug"
)]
struct WorkbookExtractTimes;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "graphql/schema.graphql",
    query_path = "graphql/extract_times.graphql",
    response_derives = "Debug"
)]
struct DatasourceExtractTimes;

/// How the schema names times.
type DateTime = String;

impl Session {
    /// When the extracts of a resource were refreshed and updated; no times where an error left nothing.
    pub async fn extract_times(
        &self,
        doing: &str,
        kind: ResourceKind,
        luid: &Luid,
    ) -> Result<(Option<Vec<Timestamp>>, Vec<MetadataError>), TableauError> {
        let luid = luid.as_str().to_owned();
        let (times, errors): (Option<Vec<_>>, _) = match kind {
            ResourceKind::Workbook => {
                let query = WorkbookExtractTimes::build_query(workbook_extract_times::Variables { luid });
                let (data, errors) = ask::<workbook_extract_times::ResponseData>(self, doing, &query).await?;
                let times = data.and_then(|data| data.workbooks).map(|workbooks| {
                    let sources = workbooks.into_iter().flatten().filter_map(|one| one.embedded_datasources);
                    let sources = sources.flatten().flatten();
                    sources
                        .flat_map(|one| [one.extract_last_update_time, one.extract_last_refresh_time])
                        .collect()
                });
                (times, errors)
            }
            ResourceKind::Datasource => {
                let query = DatasourceExtractTimes::build_query(datasource_extract_times::Variables { luid });
                let (data, errors) =
                    ask::<datasource_extract_times::ResponseData>(self, doing, &query).await?;
                let times = data.and_then(|data| data.published_datasources).map(|sources| {
                    let sources = sources.into_iter().flatten();
                    sources
                        .flat_map(|one| [one.extract_last_update_time, one.extract_last_refresh_time])
                        .collect()
                });
                (times, errors)
            }
        };
        let times = times.map(|times| {
            times.into_iter().flatten().filter_map(|time: DateTime| time.parse().ok()).collect()
        });
        Ok((times, errors))
    }
}
