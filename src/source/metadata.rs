//! Tableau's Metadata API is the list; REST is the witness beside it.
//!
//! The Metadata API lags behind, keeps ghosts and lacks project paths; REST knows what exists now. Both are
//! asked side by side in one session and reconciled. Without the witness the Metadata API alone decides, and its
//! listing counts as complete only by its own evidence: no code that says otherwise, and as many distinct nodes
//! as it announced.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use graphql_client::{GraphQLQuery, QueryBody, Response};
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::reconcile::{Evidence, Listed, Node, reconcile};
use super::rest::{self, Witness};
use super::{Source, SourceError};
use crate::resource::{Luid, ResourceKind, SiteName};
use crate::snapshot::{Header, Snapshot};
use crate::tableau::{Session, Tableau};

/// The most that Tableau gives at once (help.tableau.com, `meta_api_pagination`).
const LARGEST_PAGE: i64 = 1000;
/// A page this small that still exceeds a limit will not get better.
const SMALLEST_PAGE: i64 = 10;
/// How many pages in a row must go well before a page that was cut grows again.
const GOOD_PAGES_TO_GROW: u32 = 3;
const RATE_PAUSES: u32 = 6;
const FIRST_RATE_PAUSE: Duration = Duration::from_secs(1);
/// Ghosts up to this number are each looked up by LUID before they are left out.
const MOST_LOOKED_UP: usize = 50;

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

/// The Metadata API of one server, with REST as its witness.
#[derive(Debug)]
pub struct MetadataSource {
    tableau: Tableau,
    progress: ProgressBar,
}

impl MetadataSource {
    /// Sends nothing yet.
    #[must_use]
    pub fn new(tableau: Tableau) -> Self {
        Self { tableau, progress: ProgressBar::hidden() }
    }

    /// Counts on `progress` what has been listed.
    #[must_use]
    pub fn with_progress(self, progress: ProgressBar) -> Self {
        Self { progress, ..self }
    }
}

#[async_trait]
impl Source for MetadataSource {
    fn name(&self) -> &'static str {
        "metadata"
    }

    fn server(&self) -> String {
        self.tableau.server().identity()
    }

    async fn snapshot(&self, site: &SiteName) -> Result<Snapshot, SourceError> {
        let session = self.tableau.sign_in(site).await?;
        let snapshot = self.snapshot_in(&session).await;
        self.progress.finish_and_clear();
        self.tableau.sign_out().await;
        snapshot
    }

    async fn abort(&self) {
        self.progress.finish_and_clear();
        self.tableau.sign_out().await;
    }
}

impl MetadataSource {
    async fn snapshot_in(&self, session: &Session) -> Result<Snapshot, SourceError> {
        let taken_at = now();
        // The two metadata listings run one after the other: concurrent metadata calls on one token meet 401.
        let metadata = async {
            let mut listed = BTreeMap::new();
            for kind in ResourceKind::ALL {
                listed.insert(kind, list(session, kind, &self.progress).await?);
            }
            Ok::<_, SourceError>(listed)
        };
        let (listed, witness) = tokio::join!(metadata, rest::witness(session));
        let listed = listed?;

        let mut warnings = Vec::new();
        let witness = match witness {
            Ok(mut witness) => {
                look_up_unwitnessed(session, &listed, &mut witness).await;
                Some(witness)
            }
            Err(error) => {
                tracing::warn!(reason = %error, "REST could not be asked, the Metadata API decides alone");
                warnings.push(format!(
                    "REST could not be asked, the Metadata API decided alone: {error}"
                ));
                None
            }
        };
        let found = reconcile(session.site(), listed, witness);
        let mut notes = found.notes;
        notes.warnings.splice(0..0, warnings);
        let header = Header {
            server: self.server(),
            site: session.site().clone(),
            source: self.name().to_owned(),
            taken_at,
            complete: found.complete,
            notes,
        };
        Ok(Snapshot::new(header, found.resources))
    }
}

/// Now, in the microseconds that the stores keep.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// What only the Metadata API lists is mostly gone, but may have been published after REST was asked, or have
/// slipped through between two of its pages. Each is looked up by its LUID and joins the witness if it exists.
async fn look_up_unwitnessed(
    session: &Session,
    listed: &BTreeMap<ResourceKind, Listed>,
    witness: &mut Witness,
) {
    for (kind, listing) in &mut witness.listings {
        let known: BTreeSet<&Luid> = listing.items.iter().map(|item| &item.id).collect();
        let nodes = listed.get(kind).into_iter().flat_map(|listed| &listed.nodes);
        let unwitnessed: BTreeSet<Luid> = nodes
            .filter_map(|node| node.luid.clone())
            .filter(|luid| !known.contains(luid))
            .collect();
        if unwitnessed.len() > MOST_LOOKED_UP {
            continue;
        }
        for luid in unwitnessed {
            match rest::find(session, *kind, &luid).await {
                Ok(Some(resource)) => listing.items.push(resource),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%kind, %luid, reason = %error, "could not look up what only the Metadata API lists");
                    listing.is_complete = false;
                }
            }
        }
    }
}

/// One page, free of the types that `graphql_client` generates.
struct Page {
    nodes: Vec<Node>,
    end_cursor: Option<String>,
    is_last: bool,
    total_count: Option<i64>,
}

/// The three queries differ in their generated types alone.
macro_rules! page_from {
    ($data:expr, $connection:ident, $project_luid:expr) => {{
        let connection = $data.$connection?;
        let page_info = connection.page_info;
        let nodes = connection.nodes.unwrap_or_default().into_iter().flatten();
        Some(Page {
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

impl From<workbooks_page::ResponseData> for Option<Page> {
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

impl From<workbooks_page_before20223::ResponseData> for Option<Page> {
    fn from(data: workbooks_page_before20223::ResponseData) -> Self {
        page_from!(data, workbooks_connection, |_: &_| None)
    }
}

impl From<published_datasources_page::ResponseData> for Option<Page> {
    fn from(data: published_datasources_page::ResponseData) -> Self {
        page_from!(data, published_datasources_connection, |_: &_| None)
    }
}

/// Lists one kind to its end.
async fn list(session: &Session, kind: ResourceKind, progress: &ProgressBar) -> Result<Listed, SourceError> {
    let mut listing = Pager::new(kind);
    progress.reset();
    progress.set_message(format!("{}: {kind}s", session.site()));
    loop {
        let answer = match listing.ask(session).await {
            Err(SourceError::Tableau(error)) if error.may_pass_with_less() && listing.ask_for_less() => {
                tracing::warn!(reason = %error, page = listing.first, "asking for a smaller page");
                continue;
            }
            answer => answer?,
        };
        let step = listing.take(answer)?;
        progress.set_position(listing.nodes.len() as u64);
        match step {
            Step::Next => {}
            Step::Pause(pause) => tokio::time::sleep(pause).await,
            Step::Done => return Ok(listing.finish()),
        }
    }
}

/// What to do after an answer.
enum Step {
    Next,
    Pause(Duration),
    Done,
}

struct Answer {
    page: Option<Page>,
    errors: Vec<graphql_client::Error>,
}

/// One listing on its way through the pages.
struct Pager {
    kind: ResourceKind,
    doing: &'static str,
    first: i64,
    after: Option<String>,
    cursors: BTreeSet<String>,
    good_pages: u32,
    rate_pauses: u32,
    knows_project_luid: bool,
    nodes: Vec<Node>,
    total_count: Option<i64>,
    codes: BTreeSet<String>,
}

impl Pager {
    fn new(kind: ResourceKind) -> Self {
        Self {
            kind,
            doing: match kind {
                ResourceKind::Workbook => "list the workbooks by the Metadata API",
                ResourceKind::Datasource => "list the published data sources by the Metadata API",
            },
            first: LARGEST_PAGE,
            after: None,
            cursors: BTreeSet::new(),
            good_pages: 0,
            rate_pauses: 0,
            knows_project_luid: true,
            nodes: Vec::new(),
            total_count: None,
            codes: BTreeSet::new(),
        }
    }

    async fn ask(&self, session: &Session) -> Result<Answer, SourceError> {
        let (first, after) = (Some(self.first), self.after.clone());
        match (self.kind, self.knows_project_luid) {
            (ResourceKind::Workbook, true) => {
                let variables = workbooks_page::Variables { first, after };
                self.send::<workbooks_page::ResponseData>(session, &WorkbooksPage::build_query(variables))
                    .await
            }
            (ResourceKind::Workbook, false) => {
                let variables = workbooks_page_before20223::Variables { first, after };
                let query = WorkbooksPageBefore20223::build_query(variables);
                self.send::<workbooks_page_before20223::ResponseData>(session, &query)
                    .await
            }
            (ResourceKind::Datasource, _) => {
                let variables = published_datasources_page::Variables { first, after };
                let query = PublishedDatasourcesPage::build_query(variables);
                self.send::<published_datasources_page::ResponseData>(session, &query)
                    .await
            }
        }
    }

    async fn send<D: DeserializeOwned + Into<Option<Page>>>(
        &self,
        session: &Session,
        query: &QueryBody<impl Serialize + Sync>,
    ) -> Result<Answer, SourceError> {
        let response: Response<D> = session.metadata(self.doing, query).await?;
        Ok(Answer {
            page: response.data.and_then(Into::into),
            errors: response.errors.unwrap_or_default(),
        })
    }

    fn take(&mut self, answer: Answer) -> Result<Step, SourceError> {
        let mut too_much = None;
        let mut doubts = BTreeSet::new();
        for error in &answer.errors {
            match Verdict::of(error) {
                Verdict::Harmless => {}
                Verdict::Doubtful => drop(doubts.insert(code_of(error))),
                Verdict::TooMuch => too_much = Some(error),
                Verdict::TooFast if self.rate_pauses < RATE_PAUSES => {
                    let pause = FIRST_RATE_PAUSE * 2_u32.pow(self.rate_pauses);
                    self.rate_pauses += 1;
                    tracing::warn!(
                        seconds = pause.as_secs(),
                        "the Metadata API limits the rate, waiting"
                    );
                    return Ok(Step::Pause(pause));
                }
                Verdict::UnknownProjectLuid if self.knows_project_luid => {
                    tracing::info!("this server does not know projectLuid yet, asking without it");
                    self.knows_project_luid = false;
                    return Ok(Step::Next);
                }
                Verdict::Fatal if answer.page.is_some() => drop(doubts.insert(code_of(error))),
                Verdict::TooFast | Verdict::UnknownProjectLuid | Verdict::Fatal => {
                    return Err(self.refused(Some(error)));
                }
            }
        }
        if let Some(error) = too_much {
            if self.ask_for_less() {
                tracing::warn!(code = code_of(error), page = self.first, "asking for a smaller page");
                return Ok(Step::Next);
            }
            doubts.insert(code_of(error));
        }
        let Some(page) = answer.page else {
            return Err(self.refused(too_much.or(answer.errors.first())));
        };
        self.codes.append(&mut doubts);
        Ok(self.turn(page))
    }

    /// Halves the page; `false` when it is as small as it gets.
    fn ask_for_less(&mut self) -> bool {
        let was = self.first;
        self.first = (was / 2).max(SMALLEST_PAGE);
        self.good_pages = 0;
        self.first < was
    }

    fn turn(&mut self, page: Page) -> Step {
        self.nodes.extend(page.nodes);
        self.total_count = page.total_count;
        self.good_pages += 1;
        if self.good_pages >= GOOD_PAGES_TO_GROW {
            self.first = (self.first * 2).min(LARGEST_PAGE);
            self.good_pages = 0;
        }
        // The last page has a cursor too: only `hasNextPage` says whether to go on.
        if page.is_last {
            return Step::Done;
        }
        match page.end_cursor {
            Some(cursor) if self.cursors.insert(cursor.clone()) => {
                self.after = Some(cursor);
                Step::Next
            }
            _ => {
                self.codes.insert("a cursor that leads nowhere".to_owned());
                Step::Done
            }
        }
    }

    fn finish(self) -> Listed {
        let mut seen = BTreeSet::new();
        let mut nodes = self.nodes;
        nodes.retain(|node| node.luid.as_ref().is_none_or(|luid| seen.insert(luid.clone())));
        let announced = self.total_count.and_then(|count| usize::try_from(count).ok());
        let evidence = Evidence {
            codes: self.codes,
            announced,
        };
        Listed { nodes, evidence }
    }

    fn refused(&self, error: Option<&graphql_client::Error>) -> SourceError {
        let code = error.map_or_else(|| "nothing".to_owned(), code_of);
        let help = match code.as_str() {
            "FEATURE_DISABLED" => Some(
                "the Metadata API is off on this server: an administrator turns it on with `tsm maintenance \
                 metadata-services enable`",
            ),
            "ACCESS_DENIED" => Some("the account needs the right to use the Metadata API on this site"),
            "SITE_DISABLED" => Some("an administrator must turn the Metadata API on for this site"),
            "RATE_EXCEEDED" => {
                Some("other programs query the Metadata API at the same time: run again later")
            }
            _ => None,
        };
        let message = error.map_or_else(|| "no data".to_owned(), |error| error.message.clone());
        SourceError::Metadata {
            doing: self.doing,
            code,
            message,
            help,
        }
    }
}

/// What an entry under `errors` means for a listing. The Metadata API sends warnings there too, beside good data
/// (help.tableau.com, `meta_api_errors`).
enum Verdict {
    /// The listing is as good as without it.
    Harmless,
    /// The data can be used, but something may be missing.
    Doubtful,
    /// A limit cut the page off: a smaller one may pass.
    TooMuch,
    /// Wait, then ask again.
    TooFast,
    /// A server before 2022.3.
    UnknownProjectLuid,
    /// Without data there is nothing to go on with.
    Fatal,
}

impl Verdict {
    fn of(error: &graphql_client::Error) -> Self {
        let message = &error.message;
        match code_of(error).as_str() {
            "MAX_PAGE_SIZE_EXCEEDED" | "INHERITANCE_INCOMPLETE" | "LINKED_RESULTS_INCOMPLETE" => {
                Self::Harmless
            }
            "NODE_LIMIT_EXCEEDED" | "TIME_LIMIT_EXCEEDED" => Self::TooMuch,
            "RATE_EXCEEDED" => Self::TooFast,
            "BACKFILL_RUNNING" | "PERMISSIONS_MODE_SWITCHED" | "USER_VISIBILITY_IS_LIMITED" => Self::Doubtful,
            // These come without a code.
            _ if message.contains("FieldUndefined") && message.contains("projectLuid") => {
                Self::UnknownProjectLuid
            }
            _ if message.contains("Execution canceled because timeout")
                || message.contains("Reached time limit")
                || message.contains("Unexpected error occurred")
                || message.contains("Internal Server Error") =>
            {
                Self::TooMuch
            }
            _ if is_warning(error) => Self::Doubtful,
            _ => Self::Fatal,
        }
    }
}

fn extension<'a>(error: &'a graphql_client::Error, name: &str) -> Option<&'a str> {
    error.extensions.as_ref()?.get(name)?.as_str()
}

fn is_warning(error: &graphql_client::Error) -> bool {
    extension(error, "severity").is_some_and(|severity| severity.eq_ignore_ascii_case("warning"))
}

fn code_of(error: &graphql_client::Error) -> String {
    extension(error, "code").unwrap_or("error").to_owned()
}
