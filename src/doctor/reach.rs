//! The way to Tableau: proxy, name, connection, and what the server says of itself.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::clock::of_clock;
use super::exam::Exam;
use super::outcome::CheckOutcome;
use crate::tableau::{TESTED_API, TableauError};

/// How long a name server or a proxy may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn proxy(exam: &mut Exam) -> CheckOutcome {
    let tableau = match exam.tableau() {
        Ok(tableau) => tableau,
        Err(outcome) => return outcome,
    };
    let Some(proxy) = tableau.proxy() else {
        return CheckOutcome::ok(
            "none: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name none for this server",
        );
    };
    let remedy = "correct HTTPS_PROXY (HTTP_PROXY for plain http, ALL_PROXY for both), or let NO_PROXY name the Tableau \
                  server if it is reached without a proxy";
    let address = Url::parse(&proxy).ok();
    let host = address.as_ref().and_then(Url::host_str).unwrap_or_default().trim_matches(['[', ']']);
    let port = address.as_ref().and_then(Url::port_or_known_default).unwrap_or(1080);
    match timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => CheckOutcome::ok(format!("requests go through {proxy}, which accepts connections")),
        Ok(Err(error)) => CheckOutcome::problem(
            format!("requests go through {proxy}, which accepts no connection: {error}"),
            remedy,
        ),
        Err(_) => {
            CheckOutcome::problem(format!("requests go through {proxy}, which does not answer"), remedy)
        }
    }
}

pub(super) async fn dns(exam: &mut Exam) -> CheckOutcome {
    let tableau = match exam.tableau() {
        Ok(tableau) => tableau,
        Err(outcome) => return outcome,
    };
    let (host, port) = tableau.server().host_and_port();
    let found = timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port))).await;
    let failed = match found {
        Ok(Ok(addresses)) => {
            let mut addresses: Vec<_> = addresses.map(|address| address.ip().to_string()).collect();
            addresses.dedup();
            if !addresses.is_empty() {
                return CheckOutcome::ok(format!("`{host}` is {}", addresses.join(", ")));
            }
            "it has no address".to_owned()
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer".to_owned(),
    };
    let failed = format!("the name `{host}` cannot be resolved: {failed}");
    if tableau.proxy().is_some() {
        return CheckOutcome::note(failed).and("the proxy resolves it in place of this machine");
    }
    CheckOutcome::problem(
        failed,
        "check the spelling of TABLEAU_SERVER, and the name servers of this machine; a name that only an internal network \
         knows needs its VPN, or a proxy (HTTPS_PROXY)",
    )
}

pub(super) async fn tls(exam: &mut Exam) -> CheckOutcome {
    let greeted = match exam.tableau() {
        Ok(tableau) => tableau.greet_once().await,
        Err(outcome) => return outcome,
    };
    let outcome = match &greeted {
        Err(error @ TableauError::Unreachable { .. }) => CheckOutcome::failed(error, "check the network"),
        // Whatever it is that answers, it did so over a good connection.
        _ if exam.given.tableau.as_ref().is_ok_and(|tableau| tableau.server().is_https()) => {
            CheckOutcome::ok("a connection was made, and its certificate is trusted")
        }
        _ => CheckOutcome::note("a connection was made, without TLS: the address is plain http"),
    };
    exam.greeting = Some(greeted);
    outcome
}

pub(super) fn version(exam: &Exam) -> CheckOutcome {
    let greeting = match &exam.greeting {
        Some(Ok(greeting)) => greeting,
        Some(Err(error)) => return CheckOutcome::failed(error, "check TABLEAU_SERVER"),
        None => return CheckOutcome::skipped("the server was not asked"),
    };
    let product = greeting.product.as_deref().unwrap_or("of an unknown version");
    let api = &greeting.api_version;
    let said = format!("Tableau {product}, REST API {api}");
    let [oldest, newest] = TESTED_API;
    match (numbers(api), numbers(oldest), numbers(newest)) {
        (found, oldest_found, _) if found < oldest_found => CheckOutcome::warning(
            said,
            format!(
                "the oldest REST API that this version of tabmap is tested with is {oldest}: upgrade the server"
            ),
        ),
        (found, _, newest_found) if found > newest_found => CheckOutcome::note(said)
            .and(format!("this version of tabmap is tested with REST APIs up to {newest}")),
        _ => CheckOutcome::ok(said),
    }
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

pub(super) fn clock(exam: &Exam) -> CheckOutcome {
    match &exam.greeting {
        Some(Ok(greeting)) => of_clock("Tableau", greeting.ahead),
        _ => CheckOutcome::skipped("the server gave no answer with a date"),
    }
}
