//! A session that somebody else opened: it is taken over instead of a sign-in, and left open.

use std::fmt::Write as _;

use reqwest::Response;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::error::Fault;
use super::super::quoting::literal;
use super::super::refusals;
use super::answer::{Answer, Unanswered, local_answer};
use super::login::{Login, Tokens, authorization, login_answer, session_parameters};
use super::server::{ANSWER_TIMEOUT, RETRY};

impl Login {
    /// Gives the session the parameters that a sign-in would have, by which it is seen whether it is open.
    pub(super) async fn adopt(&self, [session, master]: [SecretString; 2]) -> Result<Response, Fault> {
        let mut tokens = Tokens { session, master };
        *self.tokens.lock().await = Some(tokens.clone());
        let statement = alter_session(&session_parameters(&self.options));
        let mut answer = self.ask(&tokens, &statement).await?;
        if answer.code() == "390112" {
            tokens = self.renew(&tokens).await.map_err(|fault| self.refused(fault))?;
            answer = self.ask(&tokens, &statement).await?;
        }
        if !answer.succeeded() {
            return Err(self.refused(answer.fault()));
        }
        tracing::debug!(server = self.server.name(), "took over a snowflake session");
        Ok(local_answer(login_answer(&Map::new()).to_string().into_bytes()))
    }

    async fn ask(&self, tokens: &Tokens, statement: &str) -> Result<Answer, Fault> {
        let send = || {
            let mut url = self.server.url("queries/v1/query-request");
            url.query_pairs_mut().append_pair("requestId", &Uuid::new_v4().to_string());
            let body =
                json!({ "sqlText": statement, "asyncExec": false, "sequenceId": 1, "isInternal": false });
            let sent = self.server.http.post(url).header(ACCEPT, "application/snowflake");
            let sent = sent.header(AUTHORIZATION, authorization(&tokens.session)).json(&body);
            Answer::send(sent.timeout(ANSWER_TIMEOUT))
        };
        let answer = RETRY.run(send, |failure, pause| failure.is_passing().then_some(pause)).await;
        answer.map_err(|failure| match failure {
            Unanswered::Broken(source) => self.server.unreachable(source),
            failure => Fault::Answer { what: failure.describe() },
        })
    }

    /// A session that does not let itself be taken over is a refused sign-in to whoever named it.
    fn refused(&self, fault: Fault) -> Fault {
        let remedies = self.server.connection.authenticator.remedies();
        match fault {
            Fault::SessionEnded { code, message } | Fault::Statement { code, message, .. } => {
                let remedy = refusals::remedy(&code, remedies);
                Fault::SignInRefused { code, message, remedy }
            }
            other => other,
        }
    }
}

/// "ALTER SESSION" on docs.snowflake.com. What only a sign-in knows is left out.
fn alter_session(parameters: &Map<String, Value>) -> String {
    let mut statement = "ALTER SESSION SET".to_owned();
    for (name, value) in parameters.iter().filter(|(name, _)| *name != "CLIENT_VALIDATE_DEFAULT_PARAMETERS") {
        let value = value.as_str().map_or_else(|| value.to_string(), literal);
        // Writing to a string cannot fail.
        let _ = write!(statement, " {name} = {value}");
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_of_a_session_are_set_in_one_statement() {
        let parameters = json!({"AUTOCOMMIT": true, "QUERY_TAG": "it's", "CLIENT_VALIDATE_DEFAULT_PARAMETERS": true, "LOCK_TIMEOUT": 300});
        let statement = alter_session(parameters.as_object().unwrap());
        assert!(statement.starts_with("ALTER SESSION SET "), "{statement}");
        for part in [" AUTOCOMMIT = true", " LOCK_TIMEOUT = 300", " QUERY_TAG = 'it"] {
            assert!(statement.contains(part), "{statement}");
        }
        assert!(!statement.contains("VALIDATE"), "{statement}");
    }
}
