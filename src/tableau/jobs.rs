//! Refreshes and the jobs that they become. Every call is sent once, and its answer is named for what may be done next.

use std::marker::PhantomData;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::reply::{Reply, RetryRules};
use super::shapes::{number, or_default};
use super::{Session, TableauError};
use crate::resource::{Luid, ResourceKind};

/// As tableauserverclient 0.42 sends it.
const FULL: &str = "<tsRequest><extractRefresh /></tsRequest>";
const INCREMENTAL: &str = r#"<tsRequest><extractRefresh incremental="true" /></tsRequest>"#;
/// Servers before this version of the API refresh in full alone, and take no body.
const FIRST_WITH_A_BODY: (u32, u32) = (3, 25);
const BEFORE_THAT: &str = "<tsRequest />";
/// What a connected app needs to read jobs, and to start refreshes.
const JOBS_SCOPE: &str = "tableau:jobs:read";
const START_SCOPE: &str = "tableau:tasks:run";
/// The most that Tableau lists at once.
const PAGE_SIZE: &str = "1000";

/// What became of the one POST that starts a refresh.
#[derive(Debug)]
pub enum Posted {
    /// The refresh is this job.
    Started(Job),
    /// A job for the resource waits or runs already (409093).
    AlreadyQueued,
    /// Nothing was started; ask again after this time (429).
    Later(Duration),
    /// Nothing was started: the answer is no, or the request never left.
    Refused(TableauError),
    /// No answer, or one that was not made by Tableau: the refresh may or may not have been started.
    Lost(TableauError),
}

/// What became of one question about jobs.
#[derive(Debug)]
pub enum Polled<T> {
    /// The answer.
    Told(T),
    /// No answer this time, which says nothing about the job.
    Passing {
        /// Why.
        reason: TableauError,
        /// How long the server asks to wait, if it does.
        wait: Option<Duration>,
    },
    /// This user may not read jobs: "administrators only" (help.tableau.com, Query Job).
    Forbidden(TableauError),
    /// Tableau knows no such job: 404018, or 400031, which it answers for some jobs that exist.
    Unknown(TableauError),
}

/// A question about jobs: one request.
#[derive(Debug)]
pub struct Question<T> {
    doing: String,
    expected: &'static str,
    path: String,
    query: Vec<(&'static str, String)>,
    answer: PhantomData<fn() -> T>,
}

impl Question<Job> {
    /// How far a job is.
    #[must_use]
    pub fn job(luid: &Luid) -> Self {
        Self {
            doing: format!("ask for the status of job {luid}"),
            expected: "a job",
            path: format!("jobs/{luid}"),
            query: Vec::new(),
            answer: PhantomData,
        }
    }
}

impl Question<JobPage> {
    /// A page, from 1 on, of the extract refreshes that fit `filter`, oldest first: what is queued meanwhile comes after.
    #[must_use]
    pub fn jobs(filter: &str, page: u32) -> Self {
        Self {
            doing: "list the refresh jobs".to_owned(),
            expected: "a list of jobs",
            path: "jobs".to_owned(),
            query: vec![
                ("filter", format!("jobType:eq:refresh_extracts,{filter}")),
                ("sort", "createdAt:asc".to_owned()),
                ("pageSize", PAGE_SIZE.to_owned()),
                ("pageNumber", page.to_string()),
            ],
            answer: PhantomData,
        }
    }
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// 0 with the time when it ended, and 3, which Tableau Bridge sends.
    Success,
    /// 1.
    Failure,
    /// 2.
    Cancelled,
    /// A number that the documentation does not know.
    Other(i64),
}

/// A refresh job.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "JobAnswer")]
pub struct Job {
    /// Its id.
    pub luid: Luid,
    /// Per cent, where Tableau says.
    pub progress: Option<i64>,
    /// When it left the queue.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended; `None` while it waits or runs.
    pub finish: Option<Finish>,
    /// Whether Tableau Bridge has it: 0 without the time when it ended (tableau/server-client-python#1576, #1577).
    pub is_at_bridge: bool,
    /// What Tableau says about it.
    pub notes: Vec<String>,
    /// The LUID of the workbook or data source.
    pub resource: Option<Luid>,
}

/// A job as the list of jobs shows it, without its resource.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedJob {
    /// Its id.
    pub id: Luid,
    /// `Pending`, `InProgress`, `Success`, `Failed` or `Cancelled`.
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// The resource's name.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
    /// When it was queued.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, deserialize_with = "time")]
    pub ended_at: Option<Timestamp>,
}

/// A page of the list of jobs.
#[derive(Debug, Deserialize)]
#[serde(from = "ListAnswer")]
pub struct JobPage {
    /// What is on it.
    pub jobs: Vec<ListedJob>,
    /// How many there are on all pages, where Tableau says.
    pub total: Option<usize>,
}

impl Job {
    /// Whether nothing will happen to it any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.finish.is_some() || self.ended_at.is_some()
    }
}

impl Session {
    /// Whether the server can refresh incrementally on request.
    #[must_use]
    pub fn knows_incremental(&self) -> bool {
        let (major, minor) = self.version.split_once('.').unwrap_or((&self.version, "0"));
        (major.parse().unwrap_or(0), minor.parse().unwrap_or(0)) >= FIRST_WITH_A_BODY
    }

    /// Asks for a refresh, once. A session that has ended is renewed first: a refused token starts nothing.
    pub async fn start_refresh(&self, kind: ResourceKind, luid: &Luid, incremental: bool) -> Posted {
        let doing = format!("start the refresh of {kind} {luid}");
        let url = self.address(&format!("{}/{luid}/refresh", kind.path_segment()));
        let body = match (self.knows_incremental(), incremental) {
            (false, _) => BEFORE_THAT,
            (true, false) => FULL,
            (true, true) => INCREMENTAL,
        };
        let post =
            |http: &reqwest::Client| http.post(url.clone()).header(CONTENT_TYPE, "text/xml").body(body);
        let mut sent = self.once(&doing, post).await;
        if sent.as_ref().is_ok_and(|reply| reply.status == StatusCode::UNAUTHORIZED) {
            if let Err(error) = self.look(kind, luid).await {
                return Posted::Refused(error);
            }
            sent = self.once(&doing, post).await;
        }
        match sent {
            // Nothing was started, and with a token of one's own it will be.
            Ok(reply) if reply.status == StatusCode::UNAUTHORIZED => {
                Posted::Refused(if self.tableau.has_one_session(self.site()) {
                    TableauError::SessionTaken { doing }
                } else {
                    TableauError::OutOfScope { doing, scope: START_SCOPE }
                })
            }
            Ok(reply) => self.posted(&doing, &reply),
            Err(error) => match &error {
                // Neither a connection nor a token: nothing was sent.
                TableauError::Unreachable { source, .. } if source.is_connect() => Posted::Refused(error),
                TableauError::Unreachable { .. } => Posted::Lost(error),
                _ => Posted::Refused(error),
            },
        }
    }

    fn posted(&self, doing: &str, reply: &Reply) -> Posted {
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            return Posted::Later(reply.wait().unwrap_or(WITHOUT_A_WORD));
        }
        match self.tableau.decode::<Job>(doing, "a job", reply) {
            Ok(job) => Posted::Started(job),
            Err(error) if error.has_code("409093") => Posted::AlreadyQueued,
            Err(error @ TableauError::Refused { .. }) if !is_servers_fault(reply.status) => {
                Posted::Refused(error)
            }
            Err(error @ TableauError::Redirected { .. }) => Posted::Refused(error),
            // A 5xx may come from a gateway whose patience ended before Tableau's work did.
            Err(error) => Posted::Lost(error),
        }
    }

    /// Asks about jobs, once.
    pub async fn ask<T: DeserializeOwned>(&self, question: &Question<T>) -> Polled<T> {
        let doing = &question.doing;
        let mut url = self.address(&question.path);
        if !question.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&question.query);
        }
        let reply = match self.once(doing, |http| http.get(url)).await {
            Ok(reply) => reply,
            Err(reason) => return Polled::Passing { reason, wait: None },
        };
        match self.tableau.decode::<T>(doing, question.expected, &reply) {
            Ok(answer) => Polled::Told(answer),
            Err(error) if error.has_code("404018") || error.has_code("400031") => Polled::Unknown(error),
            Err(error @ TableauError::Refused { .. }) if reply.status == StatusCode::FORBIDDEN => {
                Polled::Forbidden(error)
            }
            Err(reason) if reply.status == StatusCode::UNAUTHORIZED => self.refused_jobs(doing, reason).await,
            Err(reason) => Polled::Passing { reason, wait: reply.wait() },
        }
    }

    /// What a 401 about jobs means: the session has ended, and is renewed here, or it is good for other calls and not
    /// for this one.
    async fn refused_jobs<T>(&self, doing: &str, reason: TableauError) -> Polled<T> {
        let sign_ins = || async { self.tableau.live.lock().await.as_ref().map(|token| token.sign_ins) };
        let before = sign_ins().await;
        let mut url = self.address("workbooks");
        url.set_query(Some("pageSize=1"));
        match self.call(doing, RetryRules::USUAL, |http| http.get(url.clone())).await {
            Err(reason) => Polled::Passing { reason, wait: None },
            Ok(_) if before == sign_ins().await && !self.tableau.has_one_session(self.site()) => {
                Polled::Forbidden(TableauError::OutOfScope { doing: doing.to_owned(), scope: JOBS_SCOPE })
            }
            Ok(_) => Polled::Passing { reason, wait: None },
        }
    }

    /// Ends a job that waits or runs.
    pub async fn cancel(&self, job: &Luid) -> Result<(), TableauError> {
        let doing = format!("cancel job {job}");
        let url = self.address(&format!("jobs/{job}"));
        let reply = self.call(&doing, RetryRules::USUAL, |http| http.put(url.clone())).await?;
        self.tableau.check(&doing, &reply)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListAnswer {
    #[serde(default, deserialize_with = "or_default")]
    pagination: Pagination,
    #[serde(default, deserialize_with = "or_default")]
    background_jobs: ListedJobs,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    #[serde(default, deserialize_with = "number")]
    total_available: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedJobs {
    #[serde(default, deserialize_with = "or_default")]
    background_job: Vec<ListedJob>,
}

impl From<ListAnswer> for JobPage {
    fn from(ListAnswer { pagination, background_jobs }: ListAnswer) -> Self {
        let total = pagination.total_available.and_then(|total| total.try_into().ok());
        Self { jobs: background_jobs.background_job, total }
    }
}

/// How long to wait when a server limits the rate and does not say for how long.
const WITHOUT_A_WORD: Duration = Duration::from_secs(60);

fn is_servers_fault(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

#[derive(Deserialize)]
struct JobAnswer {
    job: AnswerJob,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerJob {
    id: Luid,
    #[serde(default, deserialize_with = "number")]
    progress: Option<i64>,
    #[serde(default, deserialize_with = "time")]
    started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "time")]
    completed_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "number")]
    finish_code: Option<i64>,
    #[serde(default, deserialize_with = "or_default")]
    extract_refresh_job: RefreshPart,
    #[serde(default, deserialize_with = "or_default")]
    status_notes: StatusNotes,
}

#[derive(Default, Deserialize)]
struct RefreshPart {
    notes: Option<String>,
    #[serde(alias = "datasource")]
    workbook: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: Luid,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusNotes {
    #[serde(default, deserialize_with = "or_default")]
    status_note: Vec<StatusNote>,
}

#[derive(Deserialize)]
struct StatusNote {
    text: Option<String>,
}

impl From<JobAnswer> for Job {
    fn from(JobAnswer { job }: JobAnswer) -> Self {
        let AnswerJob {
            id,
            progress,
            started_at,
            completed_at,
            finish_code,
            extract_refresh_job,
            status_notes,
        } = job;
        let is_at_bridge = finish_code == Some(0) && completed_at.is_none();
        let mut notes: Vec<String> = extract_refresh_job.notes.into_iter().collect();
        for text in status_notes.status_note.into_iter().filter_map(|note| note.text) {
            if !notes.contains(&text) {
                notes.push(text);
            }
        }
        Self {
            luid: id,
            progress,
            started_at,
            ended_at: completed_at,
            is_at_bridge,
            finish: finish_code.filter(|_| !is_at_bridge).map(|code| match code {
                0 | 3 => Finish::Success,
                1 => Finish::Failure,
                2 => Finish::Cancelled,
                other => Finish::Other(other),
            }),
            notes,
            resource: extract_refresh_job.workbook.map(|named| named.id),
        }
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
}
