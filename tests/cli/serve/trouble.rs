//! What could keep the server from its work, or make it do work that is not its own.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tableau_simulator::{Content, Effect, Endpoint, Fault, Kind, Options, Outcome, Simulator};

use crate::serving::{SALES, Serving, desk, event, in_state, plan, signature, until, write_config};

fn queue(desk: &test_support::desk::Desk) -> Connection {
    let queue = Connection::open(desk.path("tabmap-refreshes.db")).expect("open the queue");
    queue.busy_timeout(Duration::from_secs(10)).expect("wait for locks");
    queue
}

#[test]
fn delivery_fails_where_the_map_belongs_to_another_server() {
    let (mut desk, _) = desk(SALES);
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    let other = Simulator::start(Options { content, ..Options::default() }).expect("start the simulator");
    other.publish("MySite", Kind::Workbook, &["default"], "Sales");
    desk.set("TABLEAU_SERVER", other.url());
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "failed") == 1);
    let listed = desk.done(&["serve", "--list-failed"]);
    assert!(listed.contains("this map belongs to the Tableau server"), "{listed}");
    assert_eq!((other.requests().len(), other.jobs().len()), (0, 0));
}

#[test]
fn refresh_that_was_begun_on_another_server_is_not_taken_up() {
    let (mut desk, _) = desk(SALES);
    desk.tableau.plan_jobs(plan(0, 60_000, Outcome::Success));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the start", || in_state(&desk, "running") == 1);
    serving.kill();
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    let other = Simulator::start(Options { content, ..Options::default() }).expect("start the simulator");
    desk.set("TABLEAU_SERVER", other.url());
    let _serving = Serving::start(&desk);
    until("the end", || in_state(&desk, "failed") == 1);
    assert!(other.requests().is_empty());
}

#[test]
fn clients_that_never_read_do_not_make_it_deaf() {
    let (desk, _) = desk(SALES);
    let mut serving = Serving::start(&desk);
    let address = serving.url.trim_start_matches("http://").parse().expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let greedy = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(400);
    let clients: Vec<tokio::net::TcpStream> = runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..300 {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.set_recv_buffer_size(4096).expect("a small buffer");
            let client = socket.connect(address).await.expect("connect");
            // What does not fit is what a client that never reads would leave unsent too.
            let _ = client.try_write(greedy.as_bytes());
            clients.push(client);
        }
        clients
    });
    let begun = Instant::now();
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    assert!(begun.elapsed() < Duration::from_secs(10), "dbt waits no longer");
    assert_eq!(serving.terminate(), Some(0));
    drop(clients);
}

#[test]
fn session_that_was_taken_is_left_and_the_next_look_signs_in_anew() {
    let (desk, _) = desk(SALES);
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::LoseAnswer).once());
    // More often than the looks of one attempt meet it, with the token and with the one of the second sign-in.
    desk.tableau.arm(Fault::on(Endpoint::Jobs, Effect::KillSession).times(20));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "succeeded") + in_state(&desk, "failed") == 1);
    assert_eq!(in_state(&desk, "succeeded"), 1, "{}", desk.done(&["serve", "--list-failed"]));
    assert_eq!(desk.tableau.jobs().len(), 1);
    assert!(serving.metric("tabmap_refreshes_total{end=\"retried\"}") >= 1);
}

#[test]
fn session_that_is_taken_at_the_start_is_no_refusal_of_the_refresh() {
    let (desk, _) = desk(SALES);
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::KillSession).times(2));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "succeeded") + in_state(&desk, "failed") == 1);
    assert_eq!((in_state(&desk, "succeeded"), desk.tableau.jobs().len()), (1, 1));
    assert_eq!(serving.metric("tabmap_refreshes_total{end=\"retried\"}"), 1);
}

#[test]
fn bookkeeping_that_fails_after_the_start_does_not_start_a_second_refresh() {
    let (desk, _) = desk(SALES);
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::Delay { milliseconds: 1000 }).once());
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the start", || desk.tableau.requests().iter().any(|one| one.endpoint == Endpoint::Refresh));
    queue(&desk).execute_batch("DROP TABLE STARTS; DROP TABLE POLLS").expect("break the ledger");
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!(desk.tableau.jobs().len(), 1);
}

#[test]
fn row_that_cannot_be_read_fails_alone() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    queue(&desk)
        .execute_batch("INSERT INTO REFRESHES (TARGET, STATE, QUEUED_MS, DUE_MS) VALUES ('{\"flow\": 1}', 'waiting', 0, 0)")
        .expect("a row of another version");
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!((in_state(&desk, "failed"), desk.tableau.jobs().len()), (1, 1));
    let listed = desk.done(&["serve", "--list-failed"]);
    assert!(listed.contains("cannot be read"), "{listed}");
}

#[test]
fn no_refresh_at_a_time_is_refused_as_a_setting() {
    let (desk, _) = desk(SALES);
    write_config(&desk, "max_parallel = 0", SALES);
    desk.run(&["serve"]).refused(2, &["nonzero"]);
}

#[test]
fn senders_that_do_not_finish_take_no_place_from_those_that_do() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    let address = serving.url.trim_start_matches("http://");
    let head = format!(
        "POST /webhooks/dbt HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: 100\r\n\r\n",
        "0".repeat(64)
    );
    let idle: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(address).expect("connect");
            stream.write_all(head.as_bytes()).expect("send the head");
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    drop(idle);
}

#[test]
fn terminated_server_does_not_sit_out_a_long_wait_that_tableau_asks_for() {
    let (desk, _) = desk(SALES);
    let limited =
        Effect::RestError { code: 429_000, headers: [("Retry-After".to_owned(), "250".to_owned())].into() };
    desk.tableau.arm(Fault::on(Endpoint::Workbook, limited));
    for signals in [1, 2] {
        let mut serving = Serving::start(&desk);
        assert_eq!(serving.deliver(&event(&format!("wev_{signals}"), "42")), "accepted");
        until("the look", || desk.tableau.requests().iter().any(|one| one.endpoint == Endpoint::Workbook));
        let begun = Instant::now();
        if signals == 1 {
            assert_eq!(serving.terminate(), Some(0));
        } else {
            let asked = Command::new("kill").arg(serving.id().to_string()).status().expect("start kill");
            assert!(asked.success());
            until("the end of its readiness", || !serving.is_reachable());
            assert_eq!(serving.terminate(), Some(1), "the second signal ends it at once");
        }
        assert!(begun.elapsed() < Duration::from_secs(120));
        assert_eq!(in_state(&desk, "waiting"), 1, "what was accepted stays in the queue");
        desk.tableau.clear_requests();
    }
    desk.tableau.clear_faults();
    let _serving = Serving::start(&desk);
    until("the refresh", || in_state(&desk, "succeeded") == 1);
}

#[test]
fn queue_that_vanished_or_cannot_grow_is_not_ready_and_takes_nothing() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    assert_eq!(serving.get("/readyz").0, 200);
    std::fs::rename(desk.path("tabmap-refreshes.db"), desk.path("elsewhere.db")).expect("move the queue");
    let (status, said) = serving.get("/readyz");
    assert_eq!(status, 503, "{said}");
    let body = event("wev_1", "42").to_string();
    assert_eq!(serving.post(&body, Some(&signature(&body))).0, 500);
    std::fs::rename(desk.path("elsewhere.db"), desk.path("tabmap-refreshes.db")).expect("move it back");
    assert_eq!(serving.get("/readyz").0, 200);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
}

#[test]
#[cfg(unix)]
fn full_disk_turns_readiness_red() {
    let (desk, _) = desk(SALES);
    // As much as the files of a new queue take, and little more.
    let serving = Serving::start_in_shell(&desk, "trap '' XFSZ; ulimit -f 300");
    let mut number = 0;
    until("a full disk", || {
        number += 1;
        let body = event(&format!("wev_{number}"), "42").to_string();
        serving.post(&body, Some(&signature(&body)));
        serving.get("/readyz").0 == 503
    });
    assert_eq!(serving.get("/healthz").0, 200);
}

#[test]
fn event_stays_known_by_its_own_time_when_the_clock_was_wrong() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    let first = event("wev_1", "42");
    assert_eq!(serving.deliver(&first), "accepted");
    drop(serving);
    // As a clock that was a year behind wrote it down.
    let a_year_ago = jiff::Timestamp::now().as_millisecond() - 365 * 24 * 60 * 60 * 1000;
    queue(&desk)
        .execute("UPDATE DELIVERIES SET RECEIVED_MS = ?1", [a_year_ago])
        .expect("a clock that was wrong");
    // What is long past is forgotten at the start.
    let serving = Serving::start(&desk);
    until("the sweep", || serving.get("/readyz").0 == 200);
    assert_eq!(serving.deliver(&event("wev_2", "42")), "accepted");
    assert_eq!(serving.deliver(&first), "repeated");
}

#[test]
fn lock_is_of_the_file_whatever_name_leads_to_it_and_follows_no_link() {
    let (desk, _) = desk(SALES);
    desk.write("victim", "keep me");
    std::os::unix::fs::symlink(desk.path("victim"), desk.path("tabmap-refreshes.db.lock")).expect("a link");
    desk.run(&["serve", "--listen", "127.0.0.1:0"]).refused(1, &["tabmap-refreshes.db.lock", "lock"]);
    assert_eq!(std::fs::read_to_string(desk.path("victim")).expect("a file"), "keep me");
    std::fs::remove_file(desk.path("tabmap-refreshes.db.lock")).expect("remove the link");
    let _serving = Serving::start(&desk);
    std::os::unix::fs::symlink(desk.path("tabmap-refreshes.db"), desk.path("other-name.db")).expect("a link");
    write_config(&desk, "file = \"other-name.db\"", SALES);
    desk.run(&["serve", "--listen", "127.0.0.1:0"]).refused(1, &["another `tabmap serve` uses the queue"]);
}
