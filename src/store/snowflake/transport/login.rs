//! Sign-in, renewal and the end of the session.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Request, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use super::super::client_name::{APP_ID, APP_VERSION};
use super::super::connection::{Connection, Fields};
use super::super::error::Fault;
use super::super::options::SessionOptions;
use super::super::refusals;
use super::answer::{Answer, Unanswered, local_answer};
use super::server::{ANSWER_TIMEOUT, FAREWELL_TIMEOUT, RETRY, Server};

/// All attempts together stay below the 60 seconds within which a key pair's token must arrive ("Key-pair
/// authentication and key-pair rotation: troubleshooting", docs.snowflake.com).
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(12);

/// A token's place holder. The crate prints what it gets at debug level.
const KEPT_HERE: &str = "kept-by-the-transport";

/// What stands for the session in requests.
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) session: SecretString,
    pub(super) master: SecretString,
}

/// The session on its server, from sign-in to its end.
pub(super) struct Login {
    pub(super) server: Server,
    pub(super) options: SessionOptions,
    /// `None` before sign-in and after the end. The crate never sees them.
    pub(super) tokens: Mutex<Option<Tokens>>,
}

impl Login {
    pub(super) fn new(server: Server, options: SessionOptions) -> Self {
        Self { server, options, tokens: Mutex::default() }
    }

    /// The crate's login request, rewritten.
    pub(super) async fn sign_in(&self, request: Request) -> Result<Response, Fault> {
        let connection = &self.server.connection;
        if let Some(tokens) = connection.authenticator.session()? {
            return self.adopt(tokens).await;
        }
        let unexpected = |what: &str| Fault::Answer { what: what.to_owned() };
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let body: Value =
            serde_json::from_slice(body).map_err(|_| unexpected("the login request is not JSON"))?;
        let fields = connection.authenticator.fields().await?;
        let body = login_body(body, connection, fields, &self.options);
        let url = login_url(self.server.url("session/v1/login-request"), request.url(), connection);

        let send = || {
            let sent = self.server.http.post(url.clone()).header(ACCEPT, "application/json").json(&body);
            Answer::send(sent.timeout(SIGN_IN_TIMEOUT))
        };
        // Whoever signs in twice has a session too many, which ends by itself.
        let answer = RETRY.run(send, |failure, pause| failure.is_passing().then_some(pause)).await;
        let mut answer = answer.map_err(|failure| match failure {
            Unanswered::Broken(source) => self.server.unreachable(source),
            failure => Fault::Answer { what: failure.describe() },
        })?;
        if !answer.succeeded() {
            let code = answer.code();
            let remedy = refusals::remedy(&code, connection.authenticator.remedies());
            return Err(Fault::SignInRefused { code, message: answer.message(), remedy });
        }
        let data = answer.take_data().unwrap_or_default();
        let token = |key: &str| data.get(key).and_then(Value::as_str).map(SecretString::from);
        let (Some(session), Some(master)) = (token("token"), token("masterToken")) else {
            return Err(unexpected("the login answer has no token"));
        };
        *self.tokens.lock().await = Some(Tokens { session, master });
        tracing::debug!(server = self.server.name(), "signed in to snowflake");
        Ok(local_answer(login_answer(&data).to_string().into_bytes()))
    }

    /// Renews the session with its master token. What lives in the session, temporary tables too, stays.
    pub(super) async fn renew(&self, refused: &Tokens) -> Result<Tokens, Fault> {
        let mut tokens = self.tokens.lock().await;
        match &*tokens {
            // Somebody else renewed it while this statement was on its way.
            Some(current) if current.session.expose_secret() != refused.session.expose_secret() => {
                return Ok(current.clone());
            }
            Some(_) => {}
            None => return Err(session_ended("the session was closed")),
        }
        let body = json!({ "oldSessionToken": refused.session.expose_secret(), "requestType": "RENEW" });
        let send = || {
            let mut url = self.server.url("session/token-request");
            url.query_pairs_mut().append_pair("requestId", &Uuid::new_v4().to_string());
            let sent = self
                .server
                .http
                .post(url)
                .header(ACCEPT, "application/snowflake")
                .header(AUTHORIZATION, authorization(&refused.master))
                .json(&body)
                .timeout(ANSWER_TIMEOUT);
            Answer::send(sent)
        };
        let answer = RETRY.run(send, |failure, pause| failure.is_passing().then_some(pause)).await;
        let answer = answer
            .map_err(|failure| session_ended(&format!("it could not be renewed: {}", failure.describe())))?;
        if !answer.succeeded() {
            return Err(Fault::SessionEnded { code: answer.code(), message: answer.message() });
        }
        let token = |key: &str| answer.text(key).map(SecretString::from);
        let (Some(session), Some(master)) = (token("sessionToken"), token("masterToken")) else {
            return Err(session_ended("the answer to its renewal has no token"));
        };
        let renewed = Tokens { session, master };
        *tokens = Some(renewed.clone());
        tracing::debug!("renewed the snowflake session");
        Ok(renewed)
    }

    /// Ends the session, and with it whatever still runs in it.
    pub(super) async fn close(&self) -> Result<(), Fault> {
        let Some(tokens) = self.tokens.lock().await.take() else {
            return Ok(());
        };
        if self.server.connection.authenticator.opened_elsewhere() {
            return Ok(());
        }
        let mut url = self.server.url("session");
        url.query_pairs_mut()
            .append_pair("delete", "true")
            .append_pair("requestId", &Uuid::new_v4().to_string());
        let sent = self
            .server
            .http
            .post(url)
            .header(ACCEPT, "application/snowflake")
            .header(AUTHORIZATION, authorization(&tokens.session))
            .json(&Value::Null)
            .timeout(FAREWELL_TIMEOUT);
        match Answer::send(sent).await {
            Ok(answer) if answer.succeeded() || answer.fault().is_session_ended() => Ok(()),
            Ok(answer) => Err(answer.fault()),
            Err(Unanswered::Broken(source)) => Err(self.server.unreachable(source)),
            Err(failure) => Err(Fault::Answer { what: failure.describe() }),
        }
    }

    pub(super) async fn tokens(&self) -> Result<Tokens, Fault> {
        self.tokens.lock().await.clone().ok_or_else(|| session_ended("the session was closed"))
    }
}

fn session_ended(message: &str) -> Fault {
    Fault::SessionEnded { code: "390104".to_owned(), message: message.to_owned() }
}

/// The header of a token. Marked as sensitive, so that no log of the HTTP client shows it.
pub(super) fn authorization(token: &SecretString) -> HeaderValue {
    let header = format!("Snowflake Token=\"{}\"", token.expose_secret());
    let mut value = HeaderValue::from_str(&header).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Names as the settings have them: the crate makes them upper case, and so breaks quoted ones. The database and
/// schema of the connection are left out, since every name of ours is complete, and a wrong one would fail sign-in.
fn login_url(mut url: Url, asked: &Url, connection: &Connection) -> Url {
    let of_request = ["clientStartTime", "requestId", "request_guid"];
    let named = [("warehouse", &connection.warehouse), ("roleName", &connection.role)];
    url.query_pairs_mut()
        .extend_pairs(asked.query_pairs().filter(|(key, _)| of_request.contains(&&**key)))
        .extend_pairs(named.iter().filter_map(|(key, value)| value.as_ref().map(|value| (*key, value))));
    url
}

fn login_body(mut body: Value, connection: &Connection, fields: Fields, options: &SessionOptions) -> Value {
    let Some(data) = body.get_mut("data").and_then(Value::as_object_mut) else {
        return body;
    };
    // The crate knows passwords and key pairs only, and sends an empty password for all else.
    data.remove("PASSWORD");
    data.remove("LOGIN_NAME");
    data.insert("CLIENT_APP_ID".to_owned(), json!(APP_ID));
    data.insert("CLIENT_APP_VERSION".to_owned(), json!(APP_VERSION));
    data.insert("ACCOUNT_NAME".to_owned(), json!(connection.account));
    if let Some(user) = &connection.user {
        data.insert("LOGIN_NAME".to_owned(), json!(user));
    }
    data.insert("SESSION_PARAMETERS".to_owned(), Value::Object(session_parameters(options)));
    data.insert(
        "CLIENT_ENVIRONMENT".to_owned(),
        json!({ "APPLICATION": "tabmap", "OS": std::env::consts::OS, "OS_VERSION": std::env::consts::ARCH }),
    );
    for (name, value) in fields {
        data.insert(name.to_owned(), json!(value.expose_secret()));
    }
    body
}

/// Set at sign-in: one round trip less, and no need for ALTER SESSION. See "Parameters" on docs.snowflake.com.
pub(super) fn session_parameters(options: &SessionOptions) -> Map<String, Value> {
    let mut parameters = Map::new();
    parameters.insert("QUERY_TAG".to_owned(), json!(options.query_tag));
    parameters.insert("TIMEZONE".to_owned(), json!("UTC"));
    // The default is twelve hours.
    parameters.insert("LOCK_TIMEOUT".to_owned(), json!(options.lock_timeout.as_secs()));
    // The default is two days.
    parameters.insert("STATEMENT_TIMEOUT_IN_SECONDS".to_owned(), json!(options.statement_timeout.as_secs()));
    // MERGE must fail rather than choose, should two rows of the plan ever meet one row of the map.
    parameters.insert("ERROR_ON_NONDETERMINISTIC_MERGE".to_owned(), json!(true));
    // What follows is Snowflake's default, and an account or a user may have set something else: work that is never
    // committed, times that are read otherwise, names that lose their case, results that are cut short.
    parameters.insert("AUTOCOMMIT".to_owned(), json!(true));
    parameters.insert("TIMESTAMP_INPUT_FORMAT".to_owned(), json!("AUTO"));
    parameters.insert("QUOTED_IDENTIFIERS_IGNORE_CASE".to_owned(), json!(false));
    parameters.insert("ROWS_PER_RESULTSET".to_owned(), json!(0));
    parameters.insert("GO_QUERY_RESULT_FORMAT".to_owned(), json!("ARROW"));
    // Names must compare byte for byte in the tables that `init` creates.
    parameters.insert("DEFAULT_DDL_COLLATION".to_owned(), json!(""));
    // A role or warehouse that does not exist fails sign-in, not some later statement.
    parameters.insert("CLIENT_VALIDATE_DEFAULT_PARAMETERS".to_owned(), json!(true));
    parameters
}

/// The login answer for the crate: no tokens, and a session that never expires, since renewal happens here.
pub(super) fn login_answer(data: &Map<String, Value>) -> Value {
    json!({
        "code": null,
        "message": null,
        "success": true,
        "data": {
            "sessionId": data.get("sessionId").and_then(Value::as_i64).unwrap_or_default(),
            "token": KEPT_HERE,
            "masterToken": KEPT_HERE,
            "serverVersion": data.get("serverVersion").and_then(Value::as_str).unwrap_or_default(),
            "sessionInfo": { "roleName": "" },
            "masterValidityInSeconds": -1,
            "validityInSeconds": -1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_is_given_no_token_that_it_could_print() {
        let data = json!({"token": "t0p", "masterToken": "s3cret", "sessionId": 7, "serverVersion": "10"});
        let answer = login_answer(data.as_object().unwrap()).to_string();
        assert!(!answer.contains("t0p") && !answer.contains("s3cret"), "{answer}");
        assert_eq!(answer.matches(KEPT_HERE).count(), 2);
    }

    #[test]
    fn a_tokens_header_is_marked_as_sensitive() {
        let header = authorization(&SecretString::from("t0p"));
        assert!(header.is_sensitive());
        assert_eq!(header.to_str().unwrap(), "Snowflake Token=\"t0p\"");
    }
}
