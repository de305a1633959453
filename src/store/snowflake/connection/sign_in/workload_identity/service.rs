//! Asks the services of a cloud that tell a workload who it is.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::bounded_body::{Body, read_up_to};
use crate::retry::RetryPolicy;
use crate::store::snowflake::error::Fault;

/// Outside the cloud nothing answers at the address of such a service, not even with a refusal.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// These services answer 429 and 5xx while a machine starts, and when many processes ask at once.
const RETRY: RetryPolicy = RetryPolicy::new(4, Duration::from_millis(500));

/// Far more than the answer with a token has.
const LARGEST_ANSWER: usize = 1 << 20;

/// Of an error's text as much is shown.
const LONGEST_REASON: usize = 300;

/// A service, as errors name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// Such as "the metadata server of Google Cloud".
    pub(super) name: &'static str,
    /// What to do where it does not answer, or refuses.
    pub(super) remedy: &'static str,
    /// Whether it is part of the machine. A proxy could not reach it then, and would answer for another machine.
    pub(super) is_local: bool,
}

/// Why there is no answer.
enum Failure {
    Unreachable,
    Status(StatusCode, String),
    TooLarge,
}

impl Failure {
    fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable | Self::TooLarge => false,
            Self::Status(status, _) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl Service {
    /// Sends what `request` makes, which holds `secret` if that is not empty, and returns the text of the answer.
    pub(super) async fn ask(
        &self,
        secret: &str,
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<SecretString, Fault> {
        // Redirects are not followed: no such service sends one, and the request may hold a secret.
        let mut http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .redirect(redirect::Policy::none())
            .referer(false);
        if self.is_local {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|_| self.fault("the HTTP client could not be made"))?;
        let answer = RETRY
            .run(|| attempt(request(&http), secret), |failure, pause| failure.is_passing().then_some(pause))
            .await;
        let bytes = answer.map_err(|failure| self.fault(self.describe(&failure)))?;
        match String::from_utf8(bytes) {
            Ok(text) if !text.trim().is_empty() => Ok(text.trim().into()),
            _ => Err(self.fault(format!("{} answered no text", self.name))),
        }
    }

    /// The token, if the text is one: something else may answer where no such service is.
    pub(super) fn token(&self, text: SecretString) -> Result<SecretString, Fault> {
        if is_token(text.expose_secret()) {
            return Ok(text);
        }
        Err(self.fault(format!("{} answered something else than a token", self.name)))
    }

    fn describe(&self, failure: &Failure) -> String {
        let name = self.name;
        match failure {
            Failure::Unreachable => format!("{name} does not answer"),
            Failure::Status(status, reason) => format!("{name} answered status {}{reason}", status.as_u16()),
            Failure::TooLarge => format!("the answer of {name} is too large"),
        }
    }

    /// The error with this reason.
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::NoToken { reason: reason.into(), remedy: self.remedy }
    }
}

async fn attempt(request: RequestBuilder, secret: &str) -> Result<Vec<u8>, Failure> {
    let unreachable = |_| Failure::Unreachable;
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let Body { bytes, is_too_large } = read_up_to(LARGEST_ANSWER, response).await.map_err(unreachable)?;
    if !status.is_success() {
        return Err(Failure::Status(status, reason_in(&bytes, secret)));
    }
    if is_too_large { Err(Failure::TooLarge) } else { Ok(bytes) }
}

/// Whether this has the form of a signed JSON Web Token (RFC 7515, section 7.1).
fn is_token(text: &str) -> bool {
    let of_base64url = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.split('.').count() == 3 && text.split('.').all(of_base64url)
}

/// What an error's answer says, if it is JSON as OAuth's (RFC 6749, section 5.2) is, and does not repeat the secret.
fn reason_in(body: &[u8], secret: &str) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = body["error_description"].as_str().or_else(|| body["error"].as_str()).unwrap_or_default();
    let repeats_it = !secret.is_empty() && text.contains(secret);
    let text: String = text.chars().take(LONGEST_REASON).collect();
    if text.is_empty() || repeats_it { String::new() } else { format!(": {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_answers_everything_is_no_token() {
        assert!(is_token("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln-bmF_0dXJl"));
        for text in ["", "a.b", "a.b.", "a.b.c.d", "<p>Log in. Now. Please</p>", "a.b.c\nd"] {
            assert!(!is_token(text), "{text}");
        }
    }

    #[test]
    fn the_reason_of_an_error_is_what_oauth_calls_it_and_never_the_whole_answer() {
        assert_eq!(
            reason_in(br#"{"error": "e", "error_description": "Identity not found"}"#, ""),
            ": Identity not found"
        );
        assert_eq!(reason_in(br#"{"error": "invalid_request"}"#, ""), ": invalid_request");
        assert_eq!(reason_in(br#"{"access_token": "secret"}"#, ""), "");
        assert_eq!(reason_in(b"<html></html>", ""), "");
        let repeated = br#"{"error": "no such token: s3cret"}"#;
        assert_eq!(reason_in(repeated, "s3cret"), "");
        let long = format!(r#"{{"error": "{}"}}"#, "x".repeat(10_000));
        assert_eq!(reason_in(long.as_bytes(), "").len(), LONGEST_REASON + 2);
    }
}
