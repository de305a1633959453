//! `tabmap serve`: dbt's webhooks come in, refreshes go out.
//!
//! A delivery is verified before it is parsed ([`delivery`]), matched with the rules ([`settings`]), and in the durable
//! [`queue`] before it is answered. The `worker` does the rest, whenever that is. `page` and [`metrics`](mod@metrics) show how
//! it goes. TLS is left to the proxy in front.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

use self::delivery::{Delivery, Rejected};
use self::metrics::DeliveryVerdict;
use self::server::Server;
use crate::loopback::is_loopback;
use crate::refresh::target::Target;
use crate::text::{describe, on_one_line};

pub mod delivery;
mod listen;
pub mod listen_address;
pub mod map;
pub mod metrics;
mod page;
pub mod queue;
pub mod server;
pub mod settings;
pub mod turned_away;
mod worker;

/// Serves until `stop` turns true, then ends requests and attempts that have begun.
pub async fn serve(server: Arc<Server>, listener: TcpListener, stop: watch::Receiver<bool>) {
    check_targets(&server).await;
    let is_local = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
    let router = Router::new()
        .route("/", get(status_page))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route_layer(from_fn_with_state((Arc::clone(&server), is_local), known_host))
        // A delivery is signed, and this says nothing.
        .route("/webhooks/dbt", post(dbt))
        .route("/healthz", get(async || "alive\n"))
        .with_state((Arc::clone(&server), stop.clone()));
    tokio::join!(listen::listen(listener, router, stop.clone()), worker::work(Arc::clone(&server), stop));
    server.refresher.close().await;
}

/// A target without a single answer is better known before its first delivery.
async fn check_targets(server: &Server) {
    let map = match server.map.load(Duration::ZERO).await {
        Ok(map) => map,
        Err(error) => {
            tracing::warn!(reason = describe(&error).trim_end(), "the map cannot be read yet");
            return;
        }
    };
    for target in server.rules.iter().flat_map(|rule| &rule.targets) {
        let found = match server.question(target) {
            Ok(question) => question.resolve_in(&map, server.map.store.as_ref()).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = found {
            let reason = describe(&error);
            tracing::warn!(%target, reason = reason.trim_end(), "a rule's target does not match exactly one resource now");
        }
    }
}

/// On a listener of this machine alone, a request under another name comes from a page of the web whose name was made to
/// lead here (DNS rebinding), or from a proxy that `hosts` has to name.
async fn known_host(
    State((server, is_local)): State<(Arc<Server>, bool)>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_known = |url: &Url| {
        is_loopback(url)
            || server
                .hosts
                .iter()
                .any(|known| url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(known)))
    };
    if is_local && !Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_known(&url)) {
        let said = "this server listens on this machine alone and does not know the host name of the request: add it to `hosts` \
                    under [serve] in tabmap.toml if a proxy uses it\n";
        return (StatusCode::MISDIRECTED_REQUEST, said).into_response();
    }
    next.run(request).await
}

type Shared = State<(Arc<Server>, watch::Receiver<bool>)>;

async fn dbt(State((server, _)): Shared, request: Request) -> Response {
    let begun = Instant::now();
    let (status, verdict) = match delivery::verified(request, &server.secrets).await {
        Ok(delivery) => match server.places.try_acquire() {
            Ok(_place) => receive(&server, &delivery).await,
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, DeliveryVerdict::Overloaded),
        },
        Err(rejected) => refuse(&server, rejected),
    };
    server.metrics.count_delivery(verdict, begun.elapsed());
    let mut response = (status, format!("{}\n", verdict.word())).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
    }
    response
}

fn refuse(server: &Server, rejected: Rejected) -> (StatusCode, DeliveryVerdict) {
    let verdict = match rejected {
        Rejected::Unsigned => DeliveryVerdict::Unsigned,
        Rejected::Malformed => DeliveryVerdict::Malformed,
        Rejected::TooLarge | Rejected::TooSlow => DeliveryVerdict::Cut,
    };
    // Anybody can send such a thing: nothing of it is logged.
    tracing::debug!(verdict = verdict.word(), "a delivery was rejected");
    if let Some(count) =
        (verdict == DeliveryVerdict::Unsigned).then(|| server.turned_away.add(Timestamp::now())).flatten()
    {
        tracing::warn!(
            count,
            help = turned_away::REMEDY,
            "deliveries without a valid signature were refused"
        );
    }
    (rejected.status(), verdict)
}

async fn receive(server: &Server, delivery: &Delivery) -> (StatusCode, DeliveryVerdict) {
    let targets = match wanted(server, delivery) {
        Ok(targets) => targets,
        Err(verdict) => {
            tracing::info!(
                event = on_one_line(&delivery.event_id),
                event_type = on_one_line(&delivery.event_type),
                job = on_one_line(&delivery.job_name),
                status = on_one_line(&delivery.run_status),
                verdict = verdict.word(),
                "a delivery that calls for nothing"
            );
            return (StatusCode::OK, verdict);
        }
    };
    let window = SignedDuration::try_from(server.window).unwrap_or(SignedDuration::ZERO);
    let due = Timestamp::now().saturating_add(window).unwrap_or(Timestamp::MAX);
    let count = targets.len();
    match server.queue.accept(delivery, targets, due).await {
        Ok(is_new) => {
            let verdict = if is_new { DeliveryVerdict::Accepted } else { DeliveryVerdict::Repeated };
            tracing::info!(
                event = on_one_line(&delivery.event_id),
                job = on_one_line(&delivery.job_name),
                run = on_one_line(&delivery.run_id),
                targets = count,
                verdict = verdict.word(),
                "a delivery"
            );
            server.wake.notify_one();
            (StatusCode::OK, verdict)
        }
        Err(error) => {
            tracing::error!(
                reason = describe(&error).trim_end(),
                "a delivery could not be stored; dbt will send it again"
            );
            (StatusCode::INTERNAL_SERVER_ERROR, DeliveryVerdict::Failed)
        }
    }
}

/// What a delivery calls for, or why for nothing.
fn wanted(server: &Server, delivery: &Delivery) -> Result<Vec<Target>, DeliveryVerdict> {
    if !delivery.is_success() {
        return Err(DeliveryVerdict::Ignored);
    }
    if delivery.is_old(Timestamp::now()) {
        return Err(DeliveryVerdict::Old);
    }
    let mut targets: Vec<Target> = Vec::new();
    for target in server.rules.iter().filter(|rule| rule.fits(delivery)).flat_map(|rule| &rule.targets) {
        if !targets.contains(target) {
            targets.push(target.clone());
        }
    }
    if targets.is_empty() { Err(DeliveryVerdict::NoRule) } else { Ok(targets) }
}

async fn ready(State((server, stop)): Shared) -> (StatusCode, &'static str) {
    if *stop.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match server.queue.probe().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::error!(reason = describe(&error).trim_end(), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the queue cannot be written\n")
        }
    }
}

async fn metrics(State((server, _)): Shared) -> Response {
    match server.queue.counts().await {
        Ok(counts) => {
            let text = server.metrics.text(&counts);
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(error) => {
            tracing::error!(reason = describe(&error).trim_end(), "the queue cannot be counted");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn status_page(State((server, _)): Shared) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page::render(&server).await).into_response()
}
