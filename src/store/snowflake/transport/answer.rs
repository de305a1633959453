//! What an answer of Snowflake says, and the form in which the crate understands it.

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::super::error::Fault;
use crate::bounded_body::{Body, LARGEST_DOCUMENT, mebibytes, read_up_to};

/// The body of an answer: `success`, `code`, `message`, `data`.
pub(super) struct Answer {
    body: Map<String, Value>,
}

/// Why there is no [`Answer`].
pub(super) enum Unanswered {
    /// The connection broke on the way.
    Broken(reqwest::Error),
    /// Something else answered, or Snowflake's front without its back: 503, 429, a page in HTML.
    Status(StatusCode, String),
    /// The answer goes on and on.
    TooLarge,
}

impl Unanswered {
    /// Whether another attempt may fare better: what Snowflake's own drivers retry. Redirects are among it: production
    /// sends them, and the drivers ask the same address again (snowflakedb/snowflake-jdbc#2128, #2311).
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Broken(_) => true,
            Self::TooLarge => false,
            Self::Status(status, _) => {
                status.is_server_error()
                    || [
                        StatusCode::REQUEST_TIMEOUT,
                        StatusCode::TOO_MANY_REQUESTS,
                        StatusCode::TEMPORARY_REDIRECT,
                        StatusCode::PERMANENT_REDIRECT,
                    ]
                    .contains(status)
            }
        }
    }

    /// Whether certainly nothing was executed.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Broken(error) => error.is_connect(),
            Self::TooLarge => false,
            Self::Status(status, _) => {
                status.is_redirection() || status.is_client_error() && *status != StatusCode::REQUEST_TIMEOUT
            }
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Broken(error) if error.is_timeout() => "no answer in time".to_owned(),
            Self::Broken(error) if error.is_connect() => "no connection".to_owned(),
            Self::Broken(_) => "the connection broke".to_owned(),
            Self::TooLarge => format!("the answer is larger than {}", mebibytes(LARGEST_DOCUMENT)),
            Self::Status(status, start) => format!("HTTP status {status}, beginning with `{start}`"),
        }
    }
}

impl Answer {
    /// Sends a request and reads the answer. Its text never goes into an error when it is JSON, because login answers
    /// hold tokens.
    pub(super) async fn send(request: RequestBuilder) -> Result<Self, Unanswered> {
        let response = request.send().await.map_err(Unanswered::Broken)?;
        let status = response.status();
        let Body { bytes, is_too_large } =
            read_up_to(LARGEST_DOCUMENT, response).await.map_err(Unanswered::Broken)?;
        if is_too_large {
            return Err(Unanswered::TooLarge);
        }
        match serde_json::from_slice(&bytes) {
            // Errors come with status 200, or with another one and the same body.
            Ok(Value::Object(body)) if body.contains_key("success") => Ok(Self { body }),
            Ok(_) => Err(Unanswered::Status(status, "JSON without `success`".to_owned())),
            Err(_) => {
                let start: String = String::from_utf8_lossy(&bytes).chars().take(80).collect();
                Err(Unanswered::Status(status, start.split_whitespace().collect::<Vec<_>>().join(" ")))
            }
        }
    }

    pub(super) fn succeeded(&self) -> bool {
        self.body.get("success") == Some(&Value::Bool(true))
    }

    /// The code, wherever it stands; empty for success.
    pub(super) fn code(&self) -> String {
        let in_data = self.data().and_then(|data| data.get("errorCode"));
        match self.body.get("code").filter(|code| !code.is_null()).or(in_data) {
            Some(Value::String(code)) => code.clone(),
            Some(Value::Number(code)) => format!("{:0>6}", code.to_string()),
            _ => String::new(),
        }
    }

    pub(super) fn message(&self) -> String {
        self.body.get("message").and_then(Value::as_str).unwrap_or("no message").to_owned()
    }

    pub(super) fn data(&self) -> Option<&Map<String, Value>> {
        self.body.get("data").and_then(Value::as_object)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.data()?.get(key)?.as_str()
    }

    /// Whether the statement is still running, by code ("333334" while polling).
    pub(super) fn is_in_progress(&self) -> bool {
        ["333333", "333334"].contains(&self.code().as_str())
    }

    /// Whether the answer announces rows and has none, neither inside nor in chunks.
    pub(super) fn lacks_rows(&self) -> bool {
        let Some(data) = self.data().filter(|_| self.succeeded()) else {
            return false;
        };
        let has = |key: &str| match data.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::Array(rows)) => !rows.is_empty(),
            Some(value) => value != "",
        };
        data.get("total").and_then(Value::as_u64).unwrap_or_default() > 0
            && !["rowset", "rowsetBase64", "chunks"].into_iter().any(has)
    }

    pub(super) fn fault(&self) -> Fault {
        let query_id = self.text("queryId").filter(|id| !id.is_empty()).map(str::to_owned);
        Fault::from_code(&self.code(), &self.message(), query_id)
    }

    /// The body for the crate, with the fields that it insists on and Snowflake leaves out at times.
    pub(super) fn completed(mut self, data: Map<String, Value>) -> Vec<u8> {
        self.body.insert("data".to_owned(), Value::Object(completed(data)));
        Value::Object(self.body).to_string().into_bytes()
    }

    /// The data of a successful answer, taken out.
    pub(super) fn take_data(&mut self) -> Option<Map<String, Value>> {
        match self.body.remove("data") {
            Some(Value::Object(data)) => Some(data),
            _ => None,
        }
    }
}

fn completed(mut data: Map<String, Value>) -> Map<String, Value> {
    let total = data.get("total").cloned().unwrap_or_else(|| json!(0));
    let defaults = [
        ("parameters", json!([])),
        ("rowtype", json!([])),
        ("total", json!(0)),
        ("returned", total),
        ("queryId", json!("")),
        ("finalRoleName", json!("")),
        ("statementTypeId", json!(0)),
        ("version", json!(0)),
    ];
    for (key, value) in defaults {
        if data.get(key).is_none_or(Value::is_null) {
            data.insert(key.to_owned(), value);
        }
    }
    for column in data.get_mut("rowtype").and_then(Value::as_array_mut).into_iter().flatten() {
        // The crate knows a fixed list of types and fails on VECTOR, MAP, GEOGRAPHY and those to come.
        let known = [
            "fixed",
            "real",
            "text",
            "date",
            "variant",
            "timestamp_ltz",
            "timestamp_ntz",
            "timestamp_tz",
            "object",
            "binary",
            "time",
            "boolean",
            "array",
        ];
        if let Some(kind) = column.get_mut("type").filter(|kind| !known.iter().any(|name| *kind == name)) {
            *kind = json!("text");
        }
    }
    data
}

/// An answer that did not come over the network.
pub(super) fn local_answer(body: Vec<u8>) -> Response {
    let mut response = http::Response::new(body);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response.into()
}
