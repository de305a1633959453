//! What the status page shows.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use tableau_simulator::{Effect, Endpoint, Fault, Outcome};

use crate::serving::{SALES, Serving, desk, event, in_state, plan, until};

#[test]
fn message_of_a_job_is_text_on_the_page_and_steers_nothing() {
    let (desk, _) = desk(SALES);
    let words = "no <b>\"ORDERS\"</b> & no \u{202e}rights\u{1b}[31m";
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Failure(words.to_owned())));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "failed") == 1);
    let (_, page) = serving.get("/");
    let shown = r"no &lt;b&gt;&quot;ORDERS&quot;&lt;/b&gt; &amp; no \u{202e}rights\u{1b}[31m";
    assert!(page.contains(shown), "{page}");
}

/// The status of an answer to a request under this name.
fn asked_as(serving: &Serving, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(serving.url.trim_start_matches("http://")).expect("connect");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("send");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.split(' ').nth(1).expect("a status").to_owned()
}

#[test]
fn pages_of_the_web_cannot_read_what_this_machine_alone_should_see() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    for path in ["/", "/metrics", "/readyz"] {
        for (host, status) in [
            ("localhost:8080", "200"),
            ("127.0.0.1", "200"),
            ("[::1]:80", "200"),
            ("evil.example.com", "421"),
            ("", "421"),
        ] {
            assert_eq!(asked_as(&serving, path, host), status, "{path} as {host}");
        }
    }
    assert_eq!(asked_as(&serving, "/healthz", "evil.example.com"), "200");
    drop(serving);
    let config = std::fs::read_to_string(desk.path("tabmap.toml")).expect("the configuration");
    desk.write("tabmap.toml", &config.replace("[serve]\n", "[serve]\nhosts = [\"hooks.example.com\"]\n"));
    let serving = Serving::start(&desk);
    assert_eq!(asked_as(&serving, "/", "hooks.example.com"), "200");
    assert_eq!(asked_as(&serving, "/", "evil.example.com"), "421");
}

#[test]
fn wrong_webhook_secret_is_one_warning_with_the_likely_cause_and_a_line_on_the_page() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    assert!(!serving.get("/").1.contains("DBT_WEBHOOK_SECRET"));
    for _ in 0..20 {
        assert_eq!(serving.post("{}", Some(&"0".repeat(64))).0, 401);
    }
    let (_, page) = serving.get("/");
    assert!(page.contains("20 deliveries without a valid signature were refused"), "{page}");
    assert!(page.contains("DBT_WEBHOOK_SECRET is not the secret"), "{page}");
    let log = std::fs::read_to_string(desk.path("log")).expect("the log");
    assert_eq!(log.matches("without a valid signature").count(), 1, "{log}");
    assert!(log.contains("DBT_WEBHOOK_SECRET is not the secret"), "{log}");
}

#[test]
fn page_counts_failures_shows_the_next_attempt_and_marks_nothing_failed_where_nothing_did() {
    let (desk, _) = desk(SALES);
    let config = std::fs::read_to_string(desk.path("tabmap.toml")).expect("the configuration");
    desk.write("tabmap.toml", &config.replace("\"50ms\"\nattempts", "\"1h\"\nattempts"));
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::KillSession).times(2));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the first failure", || serving.metric("tabmap_refreshes_total{end=\"retried\"}") == 1);
    let (_, page) = serving.get("/");
    assert!(page.contains("<td>failed</td><td>0</td>"), "{page}");
    assert!(page.contains("<td data-head=\"Failures\">1</td>"), "{page}");
    let next = page.split("<td data-head=\"Next attempt\">").nth(1).expect("a column");
    assert!(next.starts_with("20"), "{next}");
}
