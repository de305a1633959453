//! Watching the extract, for users who may not read jobs: it says when it was refreshed.

use graphql_client::{GraphQLQuery, Response};
use jiff::Timestamp;

use super::wait::Pauses;
use super::{Attendant, Outcome, RefreshError, Refreshed, Refresher, Step};
use crate::resource::ResourceKind;
use crate::tableau::TableauError;

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

impl Refresher {
    /// Watches until the extract was refreshed; `None` when the time is over. That a job failed cannot be seen.
    pub(super) async fn watch(
        &self,
        refreshed: &mut Refreshed,
        since: Timestamp,
        pauses: &mut Pauses,
        attendant: &dyn Attendant,
    ) -> Result<Option<Outcome>, RefreshError> {
        refreshed.is_watched = true;
        attendant.step(Step::Watching).await?;
        while pauses.pass(None, attendant).await? {
            match self.is_refreshed_since(refreshed, since).await {
                Ok(true) => return Ok(Some(Outcome::Succeeded)),
                Ok(false) => {}
                Err(error @ TableauError::SignInRefused { .. }) => return Err(error.into()),
                Err(reason) => {
                    tracing::warn!(%reason, "could not ask when the extract was refreshed, asking again");
                    self.sessions.forget(&reason).await;
                }
            }
        }
        refreshed.notes.push(
            "this user may not read jobs, so a job that failed looks like one that takes long: ask an administrator, or \
             look at the extract's history in Tableau"
                .to_owned(),
        );
        Ok(None)
    }

    /// Whether an extract of the resource was refreshed after that second, as the Metadata API knows. Times are in whole
    /// seconds: in the same one, it may be the refresh before that is shown.
    pub(super) async fn is_refreshed_since(
        &self,
        refreshed: &Refreshed,
        since: Timestamp,
    ) -> Result<bool, TableauError> {
        let session = self.sessions.on(refreshed.site()).await?;
        let _turn = self.sessions.metadata_turn().await;
        let doing = "ask when the extract was refreshed";
        let luid = refreshed.luid.as_str().to_owned();
        let times: Vec<Option<String>> = match refreshed.key().kind {
            ResourceKind::Workbook => {
                let query = WorkbookExtractTimes::build_query(workbook_extract_times::Variables { luid });
                let answer: Response<workbook_extract_times::ResponseData> =
                    session.metadata(doing, &query).await?;
                let workbooks = answer.data.and_then(|data| data.workbooks).unwrap_or_default();
                let sources = workbooks.into_iter().flatten().filter_map(|one| one.embedded_datasources);
                let sources = sources.flatten().flatten();
                sources
                    .flat_map(|one| [one.extract_last_update_time, one.extract_last_refresh_time])
                    .collect()
            }
            ResourceKind::Datasource => {
                let query = DatasourceExtractTimes::build_query(datasource_extract_times::Variables { luid });
                let answer: Response<datasource_extract_times::ResponseData> =
                    session.metadata(doing, &query).await?;
                let sources = answer.data.and_then(|data| data.published_datasources).unwrap_or_default();
                let sources = sources.into_iter().flatten();
                sources
                    .flat_map(|one| [one.extract_last_update_time, one.extract_last_refresh_time])
                    .collect()
            }
        };
        let mut times = times.into_iter().flatten().filter_map(|time| time.parse::<Timestamp>().ok());
        Ok(times.any(|time| time > since))
    }
}
