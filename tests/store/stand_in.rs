//! A stand-in for a service that a test cannot reach, on this machine: each answer is what the test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

/// A request, as far as tests look at it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method, path and query: `GET /token?audience=x`. The host of a request that came as to a proxy is left out.
    pub line: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Asked {
    /// A header as text, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A server that runs until the test ends.
pub struct StandIn {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StandIn {
    /// Starts one that answers status and body.
    pub async fn start(answer: impl Fn(&Asked) -> (u16, String) + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let service = Router::new().fallback(async move |request: Request| -> Response {
            let (parts, body) = request.into_parts();
            let body: Bytes = to_bytes(body, 1 << 20).await.unwrap();
            let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            let request = Asked {
                line: format!("{} {}{query}", parts.method, parts.uri.path()),
                headers: parts.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            };
            let (status, body) = answer(&request);
            log.lock().unwrap().push(request);
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        });
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { address, asked }
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The first lines of them.
    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}
