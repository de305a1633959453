//! Where a browser brings back what a person was given by an identity provider: a listener on this machine, for one answer.

use std::collections::HashMap;
use std::future::IntoFuture as _;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

/// How long the page that says "done" may take to reach the browser.
const FAREWELL: Duration = Duration::from_secs(2);

const DONE: &str = "<!doctype html><meta charset=utf-8><title>tabmap</title><link rel=icon href=data:,>\
                    <p>Snowflake knows you now. You can close this window and go back to the terminal.";

/// What the address that the browser was sent to says.
pub(in super::super) type Query = HashMap<String, String>;

/// The listener. It is on this machine's loopback address alone.
pub(in super::super) struct Listener {
    listener: TcpListener,
    pub(in super::super) port: u16,
}

impl Listener {
    /// Listens on this port, or on any that is free for 0.
    pub(super) async fn bind(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Waits for a request for `path` in which `wanted` finds what it looks for. Others are refused and forgotten: any page
    /// and any program on this machine may send some.
    pub(super) async fn answer<T: Send + 'static>(
        self,
        path: &str,
        limit: Duration,
        wanted: impl Fn(&Query) -> Option<T> + Clone + Send + Sync + 'static,
    ) -> Option<T> {
        let (found, mut answers) = mpsc::channel(1);
        let (path, port) = (path.to_owned(), self.port);
        let service = Router::new().fallback(async move |request: Request| -> Response {
            if !is_of_a_browser_that_was_sent(&request, &path, port) {
                return StatusCode::FORBIDDEN.into_response();
            }
            let Some(answer) = wanted(&query_of(&request)) else {
                return StatusCode::BAD_REQUEST.into_response();
            };
            // The first is taken.
            let _ = found.try_send(answer);
            ([(header::CONNECTION, "close")], Html(DONE)).into_response()
        });
        let (end, ended) = oneshot::channel::<()>();
        // A set ends its tasks with itself: nobody listens any more when this is given up.
        let mut serving = JoinSet::new();
        let ended = async move { _ = ended.await };
        serving.spawn(axum::serve(self.listener, service).with_graceful_shutdown(ended).into_future());
        let answer = timeout(limit, answers.recv()).await.ok().flatten();
        let _ = end.send(());
        let _ = timeout(FAREWELL, serving.join_next()).await;
        answer
    }
}

/// Whether a browser was sent here as to a page, by this machine's own name. A request that a foreign page makes in the
/// background says so, and a foreign name that leads here has another `Host`.
fn is_of_a_browser_that_was_sent(request: &Request, path: &str, port: u16) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let hosts = [format!("localhost:{port}"), format!("127.0.0.1:{port}")];
    request.method() == Method::GET
        && request.uri().path() == path
        && header("host").is_some_and(|host| hosts.iter().any(|own| own == host))
        && header("origin").is_none_or(|origin| origin.eq_ignore_ascii_case("null"))
        && header("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

fn query_of(request: &Request) -> Query {
    let whole = format!("http://localhost{}", request.uri());
    Url::parse(&whole).map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn is_taken(method: &str, path: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_of_a_browser_that_was_sent(&request.body(Body::empty()).unwrap(), "/", 4000)
    }

    #[test]
    fn only_a_browser_that_was_sent_to_this_machine_is_listened_to() {
        let own = ("host", "localhost:4000");
        assert!(is_taken("GET", "/?token=a", &[own]));
        assert!(is_taken("GET", "/?token=a", &[("host", "127.0.0.1:4000"), ("sec-fetch-mode", "navigate")]));
        assert!(is_taken("GET", "/", &[own, ("origin", "null")]));
        for (method, path, more) in [
            ("POST", "/?token=a", own),
            ("OPTIONS", "/?token=a", own),
            ("GET", "/other?token=a", own),
            ("GET", "/?token=a", ("origin", "https://evil.example")),
            ("GET", "/?token=a", ("sec-fetch-mode", "no-cors")),
            ("GET", "/?token=a", ("sec-fetch-mode", "cors")),
        ] {
            assert!(!is_taken(method, path, &[own, more]), "{method} {path} {more:?}");
        }
        for host in ["evil.example:4000", "localhost:4001", "localhost", ""] {
            assert!(!is_taken("GET", "/?token=a", &[("host", host)]), "{host}");
        }
        assert!(!is_taken("GET", "/?token=a", &[]));
    }
}
