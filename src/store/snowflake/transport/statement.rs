//! One statement: sent, polled for, and given up after its deadline.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Request, Response};
use tokio::time::{sleep, timeout};
use url::Url;

use super::super::error::Fault;
use super::abort::{Abort, Guard, Running};
use super::answer::{Answer, Unanswered, local_answer};
use super::chunks::Chunks;
use super::exchange::{Repeatable, note_query_id, repeatable};
use super::login::{Login, Tokens, authorization};
use super::server::{ANSWER_TIMEOUT, RETRY};

const BETWEEN_POLLS: Duration = Duration::from_millis(100);

/// How often in a row an expired session is renewed for one statement.
const RENEWALS: u32 = 2;

/// A session that ends while one of its statements runs says nothing of the statement, which had been accepted.
fn outcome_is_open(fault: Fault) -> Fault {
    if fault.is_session_ended() {
        return Fault::ConnectionLost { reason: "the session ended meanwhile".to_owned() };
    }
    fault
}

/// What is sent for one statement, each time the same.
struct Sending<'a> {
    url: Url,
    body: &'a [u8],
    repeatable: Repeatable,
}

/// The statements of one session.
pub(super) struct Statements {
    pub(super) login: Arc<Login>,
    pub(super) running: Running,
}

impl Statements {
    /// The crate's statement, up to the answer that it understands. The parts of its result are noted in `chunks`.
    pub(super) async fn run(&self, request: Request, chunks: &Chunks) -> Result<Response, Fault> {
        let mut url = self.login.server.url("queries/v1/query-request");
        url.set_query(request.url().query());
        let id = request.url().query_pairs().find(|(key, _)| key == "requestId");
        let guard = self.running.begin(Abort {
            login: Arc::clone(&self.login),
            request_id: id.map(|(_, id)| id.into_owned()).unwrap_or_default(),
        });
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let sending = Sending { url, body, repeatable: repeatable() };
        let limit = self.login.options.deadline;
        let answer = match timeout(limit, self.final_answer(&sending)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(fault)) => return Err(self.give_up(guard, fault).await),
            Err(_) => return Err(self.give_up(guard, Fault::DeadlinePassed { limit }).await),
        };
        guard.ended();
        for_the_crate(answer, chunks)
    }

    async fn give_up(&self, guard: Guard, fault: Fault) -> Fault {
        if fault.is_outcome_unknown() {
            // It may still be running, and whoever looks at its traces next should find them complete.
            guard.abort().await;
        } else {
            guard.ended();
        }
        fault
    }

    async fn final_answer(&self, sending: &Sending<'_>) -> Result<Answer, Fault> {
        let mut answer = self.submit(sending).await?;
        let (mut renewals, mut is_fetched) = (0, false);
        loop {
            let url = if answer.is_in_progress() {
                self.result_url(&answer)?
            } else if answer.lacks_rows() && !is_fetched {
                // The result stays at this address for a day, whatever became of the first answer's rows.
                is_fetched = true;
                let query_id = answer.text("queryId").unwrap_or_default();
                self.login.server.url(&format!("queries/{query_id}/result"))
            } else {
                break;
            };
            // Snowflake holds the request until there is news; this is for a server that does not.
            sleep(BETWEEN_POLLS).await;
            answer = self.poll(&url, &mut renewals).await?;
        }
        if let Some(query_id) = answer.text("queryId") {
            note_query_id(query_id);
        }
        if !answer.succeeded() {
            return Err(answer.fault());
        }
        if answer.lacks_rows() {
            // No rows and rows that did not come are not the same: a map would look empty.
            return Err(Fault::Answer {
                what: "the answer announced rows and brought none, twice".to_owned(),
            });
        }
        Ok(answer)
    }

    async fn submit(&self, sending: &Sending<'_>) -> Result<Answer, Fault> {
        let mut tokens = self.login.tokens().await?;
        let (mut attempt, mut renewals, mut pauses) = (1, 0, RETRY.pauses());
        loop {
            match self.send_once(sending, &tokens, attempt).await {
                // A refused token means that nothing was executed, so the statement may be sent again.
                Ok(answer) if answer.code() == "390112" && renewals < RENEWALS => {
                    renewals += 1;
                    tokens = self.login.renew(&tokens).await?;
                }
                Ok(answer) => return Ok(answer),
                Err(failure) => {
                    let harmless = failure.is_refusal() || sending.repeatable == Repeatable::Yes;
                    let Some(pause) = pauses.next().filter(|_| failure.is_passing() && harmless) else {
                        return Err(self.unanswered(failure));
                    };
                    tracing::debug!(attempt, reason = failure.describe(), "sending a statement again");
                    sleep(pause).await;
                    attempt += 1;
                }
            }
        }
    }

    async fn send_once(
        &self,
        sending: &Sending<'_>,
        tokens: &Tokens,
        attempt: u32,
    ) -> Result<Answer, Unanswered> {
        let mut url = sending.url.clone();
        if attempt > 1 {
            // As Snowflake's own drivers mark a repetition.
            url.query_pairs_mut().append_pair("retryCount", &(attempt - 1).to_string());
        }
        let sent = self
            .login
            .server
            .http
            .post(url)
            .header(ACCEPT, "application/snowflake")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, authorization(&tokens.session))
            .body(sending.body.to_vec())
            .timeout(ANSWER_TIMEOUT);
        Answer::send(sent).await
    }

    async fn poll(&self, url: &Url, renewals: &mut u32) -> Result<Answer, Fault> {
        let mut tokens = self.login.tokens().await?;
        let mut pauses = RETRY.pauses();
        loop {
            let sent = self
                .login
                .server
                .http
                .get(url.clone())
                .header(ACCEPT, "application/snowflake")
                .header(AUTHORIZATION, authorization(&tokens.session))
                .timeout(ANSWER_TIMEOUT);
            match Answer::send(sent).await {
                Ok(answer) if answer.code() == "390112" && *renewals < RENEWALS => {
                    *renewals += 1;
                    tokens = self.login.renew(&tokens).await.map_err(outcome_is_open)?;
                }
                Ok(answer) if answer.fault().is_session_ended() => {
                    return Err(outcome_is_open(answer.fault()));
                }
                Ok(answer) => return Ok(answer),
                Err(failure) => match pauses.next().filter(|_| failure.is_passing()) {
                    Some(pause) => sleep(pause).await,
                    None => return Err(Fault::ConnectionLost { reason: failure.describe() }),
                },
            }
        }
    }

    /// The address to poll, which must be this server's: the session token goes there.
    fn result_url(&self, answer: &Answer) -> Result<Url, Fault> {
        let path = answer.text("getResultUrl").unwrap_or_default();
        let server = &self.login.server.connection.server;
        let url = server.join(path);
        url.ok().filter(|url| !path.is_empty() && url.origin() == server.origin()).ok_or_else(|| {
            Fault::Answer {
                what: "a running statement came without an address on the same server".to_owned(),
            }
        })
    }

    fn unanswered(&self, failure: Unanswered) -> Fault {
        let (refused, reason) = (failure.is_refusal(), failure.describe());
        match failure {
            Unanswered::Broken(source) if refused => self.login.server.unreachable(source),
            Unanswered::Status(..) if refused => Fault::Answer { what: reason },
            _ => Fault::ConnectionLost { reason },
        }
    }
}

fn for_the_crate(mut answer: Answer, chunks: &Chunks) -> Result<Response, Fault> {
    let Some(mut data) = answer.take_data() else {
        return Err(Fault::Answer { what: "a statement succeeded without data".to_owned() });
    };
    chunks.reorder(&mut data)?;
    Ok(local_answer(answer.completed(data)))
}
