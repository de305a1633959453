//! `serve`: what comes in signed is done once, whatever happens in between, and nothing else is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use tableau_simulator::{Effect, Endpoint, Fault, Kind, Outcome};

use crate::serving::{
    SALES, SECRET, Serving, desk, desk_with, event, in_state, plan, signature, until, write_config,
};

mod page;
mod trouble;

#[test]
fn good_run_of_a_job_refreshes_what_hangs_on_it() {
    let (desk, sales) = desk(SALES);
    let serving = Serving::start(&desk);
    assert!(serving.url.starts_with("http://127.0.0.1:"));
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    let jobs = desk.tableau.jobs();
    assert_eq!((jobs.len(), &jobs[0].resource, jobs[0].status.as_str()), (1, &sales, "Success"));
    assert_eq!(serving.metric("tabmap_refreshes_total{end=\"succeeded\"}"), 1);
}

#[test]
fn events_that_are_no_good_end_of_a_run_are_answered_and_not_acted_on() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    for (event_type, status) in [
        ("job.run.started", "Running"),
        ("job.run.errored", "Errored"),
        ("job.run.completed", "Errored"),
        ("job.run.completed", "Cancelled"),
        ("job.run.completed", "success"),
        ("job.run.invented", "Success"),
    ] {
        let mut event = event("wev_1", "42");
        event["eventType"] = event_type.into();
        event["data"]["runStatus"] = status.into();
        assert_eq!(serving.deliver(&event), "ignored", "{event_type} {status}");
    }
    assert_eq!(serving.deliver(&event("wev_1", "43")), "no_rule");
    // What dbt sends to test an endpoint: fixed values, years old.
    let mut test = event("wev_2L6ZDoilyiWzKkSA59Gmc2d7FDD", "42");
    test["timestamp"] = "2023-01-31T19:29:35.789265936Z".into();
    assert_eq!(serving.deliver(&test), "old");
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted", "none of them used the id up");
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!(desk.tableau.jobs().len(), 1);
}

#[test]
fn event_that_is_repeated_acts_once_even_after_a_restart() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    for _ in 0..4 {
        assert_eq!(serving.deliver(&event("wev_1", "42")), "repeated");
    }
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    serving.kill();
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "repeated");
    assert_eq!(serving.deliver(&event("wev_2", "42")), "accepted");
    until("the second refresh", || in_state(&desk, "succeeded") == 2);
    assert_eq!(desk.tableau.jobs().len(), 2);
}

#[test]
fn rules_match_by_job_id_name_and_environment_and_targets_by_name_address_and_luid() {
    let (desk, sales) = desk("");
    let orders = desk.publish(Kind::Datasource, &["Finance", "EMEA"], "Orders");
    let costs = desk.publish(Kind::Workbook, &["Ops"], "Costs");
    desk.sync();
    let number =
        desk.tableau.resources("MySite").into_iter().find(|one| one.luid == costs).expect("on the site");
    write_config(
        &desk,
        "",
        &format!(
            "[[webhook.rule]]\njob_id = \"1\"\nrefresh = [{{ workbook = \"Sales\" }}]\n\
             [[webhook.rule]]\njob_name = \"Job 2\"\nenvironment = \"Production\"\n\
             refresh = [{{ datasource = \"Orders\", project = \"Finance/EMEA\", site = \"MySite\" }}, {{ luid = \"{sales}\" }}]\n\
             [[webhook.rule]]\nenvironment = \"9\"\njob_id = 3\nrefresh = [{{ url = \"{}/#/site/MySite/workbooks/{}/views\" }}]\n\
             [[webhook.rule]]\nenvironment = \"Staging\"\nrefresh = [{{ workbook = \"Sales\" }}]\n",
            desk.tableau.url(),
            number.vizportal_url_id,
        ),
    );
    let serving = Serving::start(&desk);
    let mut done = 0;
    for (job, expected) in [("1", vec![&sales]), ("2", vec![&orders, &sales]), ("3", vec![&costs])] {
        let before = desk.tableau.jobs().len();
        assert_eq!(serving.deliver(&event(&format!("wev_{job}"), job)), "accepted");
        done += expected.len();
        until("the refreshes", || in_state(&desk, "succeeded") == done);
        let mut refreshed: Vec<_> =
            desk.tableau.jobs()[before..].iter().map(|job| job.resource.clone()).collect();
        let mut expected: Vec<_> = expected.into_iter().cloned().collect();
        refreshed.sort();
        expected.sort();
        assert_eq!(refreshed, expected, "job {job}");
    }
    drop(serving);
    for (rule, reason) in [
        ("[[webhook.rule]]\nrefresh = [{ workbook = \"Sales\" }]\n", "at least one of `job_id`"),
        ("[[webhook.rule]]\njob_id = 1\n", "a rule needs `refresh`"),
        ("[[webhook.rule]]\njob_id = 1\nrefresh = [{ project = \"x\" }]\n", "exactly one of"),
        ("[[webhook.rule]]\njob = 1\n", "unknown field"),
    ] {
        write_config(&desk, "", rule);
        desk.run(&["serve"]).refused(2, &[reason]);
    }
}

#[test]
fn deliveries_within_a_short_window_become_one_refresh() {
    let (desk, _) = desk(SALES);
    let config = std::fs::read_to_string(desk.path("tabmap.toml")).expect("the configuration");
    desk.write("tabmap.toml", &config.replace("window = \"100ms\"", "window = \"2s\""));
    let serving = Serving::start(&desk);
    for number in 0..20 {
        assert_eq!(serving.deliver(&event(&format!("wev_{number}"), "42")), "accepted");
    }
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!((desk.tableau.jobs().len(), in_state(&desk, "waiting")), (1, 0));
    let (_, page) = serving.get("/");
    assert!(page.contains("<td data-head=\"Deliveries\">20</td>"), "it says how many it answered: {page}");
}

#[test]
fn job_that_began_before_the_data_was_ready_is_waited_for_and_followed_by_another() {
    let (desk, _) = desk(SALES);
    desk.tableau.plan_jobs(plan(0, 3000, Outcome::Success));
    desk.done(&["refresh", "workbook", "Sales", "--no-wait"]);
    // Tableau's times have whole seconds: the delivery must fall into a later one.
    std::thread::sleep(Duration::from_millis(1100));
    desk.tableau.plan_jobs(plan(0, 30, Outcome::Success));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!(desk.tableau.jobs().len(), 2);
    assert!(desk.tableau.jobs().iter().all(|job| job.status == "Success"));

    // One that has not begun to read yet is as good as ours.
    desk.tableau.plan_jobs(plan(1500, 30, Outcome::Success));
    desk.done(&["refresh", "workbook", "Sales", "--no-wait"]);
    assert_eq!(serving.deliver(&event("wev_2", "42")), "accepted");
    until("the refresh", || in_state(&desk, "succeeded") == 2);
    assert_eq!(desk.tableau.jobs().len(), 3);
}

#[test]
fn fifty_queued_deliveries_survive_kill_9_and_are_done_once_each() {
    let (desk, _) = desk("");
    let mut rules = String::new();
    for number in 0..50 {
        desk.publish(Kind::Workbook, &["default"], &format!("Workbook {number}"));
        let _ = write!(
            rules,
            "[[webhook.rule]]\njob_id = {number}\nrefresh = [{{ workbook = \"Workbook {number}\" }}]\n"
        );
    }
    desk.sync();
    write_config(&desk, "", &rules);
    desk.tableau.plan_jobs(plan(50, 800, Outcome::Success));
    desk.tableau.set_latency(Duration::from_millis(5));
    let serving = Serving::start(&desk);
    for number in 0..50 {
        assert_eq!(serving.deliver(&event(&format!("wev_{number}"), &number.to_string())), "accepted");
    }
    serving.kill();
    // Killed again and again in the middle of starting and waiting, at moments that differ.
    for moment in [150, 230, 310, 420, 560] {
        let serving = Serving::start(&desk);
        std::thread::sleep(Duration::from_millis(moment));
        serving.kill();
    }
    assert!(in_state(&desk, "succeeded") < 50, "it was killed in the middle");
    let _serving = Serving::start(&desk);
    until("the refreshes", || in_state(&desk, "succeeded") == 50);
    let mut jobs: BTreeMap<String, usize> = BTreeMap::new();
    for job in desk.tableau.jobs() {
        *jobs.entry(job.resource).or_default() += 1;
    }
    assert_eq!(jobs.len(), 50);
    assert!(jobs.values().all(|count| *count == 1), "{jobs:?}");
}

#[test]
fn killed_between_the_start_and_its_note_takes_up_the_job_that_it_started() {
    let (desk, _) = desk(SALES);
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
    // Its job has ended before anybody looks, so that no conflict shows it; and the first process never learns of it.
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::LoseAnswer).once());
    desk.tableau.arm(Fault::on(Endpoint::Jobs, Effect::Delay { milliseconds: 60_000 }).once());
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the start", || desk.tableau.jobs().len() == 1);
    assert_eq!(in_state(&desk, "starting"), 1);
    serving.kill();
    desk.tableau.clear_faults();
    let _serving = Serving::start(&desk);
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!(desk.tableau.jobs().len(), 1);
}

#[test]
fn ten_thousand_forged_and_malformed_deliveries_are_refused_and_memory_stays_flat() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start_with(&desk, &["-vvv"]);
    let good = event("wev_forged", "42").to_string();
    let wrong = signature("another body");
    let right = signature(&good);
    let large = format!("{{\"eventId\": \"{}\"}}", "x".repeat(60_000));
    let marked = format!("{{\"canary\": \"{}\"", "keep-me-out-of-the-log ".repeat(20));
    let forged: Vec<(String, Option<String>, u16)> = vec![
        (good.clone(), None, 401),
        (good.clone(), Some(wrong.clone()), 401),
        (good.clone(), Some(String::new()), 401),
        (good.clone(), Some(right[..63].to_owned()), 401),
        (good.clone(), Some(format!("{right}0")), 401),
        (good.clone(), Some(format!("sha256={right}")), 401),
        (good.clone(), Some("z".repeat(64)), 401),
        (good.replace("42", "43"), Some(right.clone()), 401),
        (large.clone(), Some(wrong.clone()), 401),
        (marked.clone(), Some(wrong), 401),
        (marked.clone(), Some(signature(&marked)), 400),
        (String::new(), Some(signature("")), 400),
        ("[]".to_owned(), Some(signature("[]")), 400),
        ("{}".to_owned(), Some(signature("{}")), 400),
        (large.clone(), Some(signature(&large)), 400),
    ];
    let flood = |rounds: usize| {
        for (body, signature, status) in forged.iter().cycle().take(rounds) {
            assert_eq!(serving.post(body, signature.as_deref()).0, *status, "{signature:?}");
        }
    };
    flood(1000);
    let before = serving.memory();
    flood(9000);
    let grown = serving.memory().saturating_sub(before);
    assert!(grown < 4096, "{grown} kB more than the {before} kB after the first thousand");
    let queue = rusqlite::Connection::open(desk.path("tabmap-refreshes.db")).expect("open the queue");
    let rows: i64 = queue
        .query_row("SELECT (SELECT COUNT(*) FROM DELIVERIES) + (SELECT COUNT(*) FROM REFRESHES)", [], |row| {
            row.get(0)
        })
        .expect("a count");
    assert_eq!(rows, 0);
    assert_eq!(serving.metric("tabmap_deliveries_total{verdict=\"accepted\"}"), 0);
    assert!(desk.tableau.jobs().is_empty());
    let log = std::fs::read_to_string(desk.path("log")).expect("the log");
    for secret in ["keep-me-out", "canary", "wev_forged", SECRET, &right] {
        assert!(!log.contains(secret), "`{secret}` in the log");
    }
}

#[test]
fn bodies_that_are_too_large_or_too_slow_are_cut() {
    let (desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    let address = serving.url.trim_start_matches("http://");
    // Announced as too large, one byte too many, and a body that does not come.
    for (head, sent, status) in [
        ("Content-Length: 300000", String::new(), 413),
        ("Transfer-Encoding: chunked", format!("40001\r\n{}", "x".repeat(0x40001)), 413),
        ("Content-Length: 100", "{".to_owned(), 408),
    ] {
        let mut stream = TcpStream::connect(address).expect("connect");
        let request = format!(
            "POST /webhooks/dbt HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n{head}\r\n\r\n{sent}",
            "0".repeat(64)
        );
        let _ = stream.write_all(request.as_bytes());
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"), "{head}");
    }
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
}

#[test]
fn refresh_that_keeps_failing_is_tried_a_few_times_then_listed_and_can_be_put_back() {
    let (desk, _) = desk(SALES);
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Failure("table ORDERS does not exist".to_owned())));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "failed") == 1);
    assert_eq!(desk.tableau.jobs().len(), 3);
    let listed = desk.done(&["serve", "--list-failed"]);
    assert!(listed.starts_with("1  ") && listed.contains("workbook `Sales`"), "{listed}");
    assert!(listed.contains("table ORDERS does not exist"), "{listed}");
    let (_, page) = serving.get("/");
    assert!(page.contains("<td data-head=\"Failures\">3</td>"), "{page}");
    let listed: Value = serde_json::from_str(&desk.done(&["serve", "--list-failed", "--format", "json"]))
        .expect("a JSON document");
    assert_eq!((&listed["format_version"], &listed["failed"][0]["id"]), (&1.into(), &1.into()));
    assert_eq!(listed["failed"][0]["attempt"], 3);

    desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
    desk.run(&["serve", "--retry", "99"]).refused(1, &["no refresh with this number"]);
    assert_eq!(desk.done(&["serve", "--retry", "1"]), "1 failed target put back into the queue\n");
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!(desk.done(&["serve", "--list-failed"]), "");
}

#[test]
fn what_will_never_work_is_not_tried_again() {
    let (desk, _) = desk(SALES);
    let no_extract = Effect::RestError { code: 409_090, headers: [].into() };
    desk.tableau.arm(Fault::on(Endpoint::Refresh, no_extract));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "failed") == 1);
    let starts = desk.tableau.requests().iter().filter(|one| one.endpoint == Endpoint::Refresh).count();
    assert_eq!(starts, 1);
    assert!(desk.done(&["serve", "--list-failed"]).contains("publish it with an extract"));
}

#[test]
fn target_that_is_not_in_the_map_yet_is_tried_again_until_it_is() {
    let (desk, _) = desk("[[webhook.rule]]\njob_id = 42\nrefresh = [{ workbook = \"Later\" }]\n");
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "failed") == 1);
    assert!(desk.done(&["serve", "--list-failed"]).contains("the map has no workbook `Later`"));
    let log = std::fs::read_to_string(desk.path("log")).expect("the log");
    assert!(log.contains("a rule's target does not match exactly one resource now"), "{log}");
}

#[test]
fn stale_map_does_not_keep_a_delivery_from_its_target() {
    let (desk, sales) = desk(SALES);
    let current = desk.tableau.republish("MySite", Kind::Workbook, &sales);
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!(desk.tableau.jobs()[0].resource, current);
    assert!(serving.get("/").1.contains("the map is out of date"));
}

#[test]
fn budget_of_the_site_postpones_refreshes_without_counting_as_a_failure() {
    let rules = "[[webhook.rule]]\njob_id = 42\nrefresh = [{ workbook = \"Sales\" }, { workbook = \"Costs\" }, { workbook = \"Load\" }]\n";
    let (desk, _) = desk_with("starts = \"1/1s\"", rules);
    desk.publish(Kind::Workbook, &["default"], "Costs");
    desk.publish(Kind::Workbook, &["default"], "Load");
    desk.sync();
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the refreshes", || in_state(&desk, "succeeded") == 3);
    assert_eq!(serving.metric("tabmap_refreshes_total{end=\"retried\"}"), 0);
    assert!(serving.metric("tabmap_refreshes_total{end=\"postponed\"}") >= 2);
}

#[test]
fn terminated_server_keeps_what_it_holds_and_the_next_one_goes_on_with_it() {
    let (desk, _) = desk(SALES);
    desk.tableau.plan_jobs(plan(0, 20_000, Outcome::Success));
    let mut serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the start", || in_state(&desk, "running") == 1);
    let begun = Instant::now();
    assert_eq!(serving.terminate(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(15), "it does not wait for the job");
    assert_eq!((in_state(&desk, "running"), desk.tableau.live_sessions()), (1, 0));
    let _serving = Serving::start(&desk);
    until("the refresh", || in_state(&desk, "succeeded") == 1);
    assert_eq!(desk.tableau.jobs().len(), 1);
}

#[test]
fn health_readiness_and_the_status_page_tell_how_it_is_and_no_secret() {
    let rules = "[[webhook.rule]]\njob_id = 42\nrefresh = [{ workbook = \"Sales\" }, { workbook = \"<script>alert(1)</script>\" }]\n";
    let (desk, _) = desk(rules);
    let serving = Serving::start(&desk);
    assert_eq!(serving.get("/healthz"), (200, "alive\n".to_owned()));
    assert_eq!(serving.get("/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(serving.get("/webhooks/dbt").0, 405);
    assert_eq!(serving.get("/anything").0, 404);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "succeeded") == 1 && in_state(&desk, "failed") == 1);
    let (status, page) = serving.get("/");
    assert_eq!(status, 200);
    for expected in [
        "<td>MySite</td>",
        "workbook `Sales`",
        "succeeded",
        "&lt;script&gt;",
        "<td class=\"failed\">failed</td><td>1</td>",
    ] {
        assert!(page.contains(expected), "`{expected}` is missing in {page}");
    }
    let (_, secret) = desk.tableau.pat();
    let (_, metrics) = serving.get("/metrics");
    for text in [&page, &metrics] {
        assert!(!text.contains("<script>") && !text.contains(SECRET) && !text.contains(secret), "{text}");
    }
    assert!(metrics.contains("tabmap_deliveries_total{verdict=\"accepted\"} 1\n"), "{metrics}");
    assert!(metrics.contains("tabmap_queue{state=\"failed\"} 1\n"), "{metrics}");
}

#[test]
fn serve_needs_a_secret_a_rule_and_the_queue_for_itself() {
    let (mut desk, _) = desk(SALES);
    let serving = Serving::start(&desk);
    desk.run(&["serve", "--listen", "127.0.0.1:0"]).refused(1, &["another `tabmap serve` uses the queue"]);
    let address = serving.url.trim_start_matches("http://").to_owned();
    let other = desk.write("other.toml", &format!("[refresh]\nfile = \"other.db\"\n{SALES}"));
    desk.run(&["serve", "--config", &other.to_string_lossy(), "--listen", &address])
        .refused(1, &["could not listen on", &address]);
    drop(serving);
    write_config(&desk, "", "");
    desk.run(&["serve"]).refused(2, &["a rule that says what to refresh"]);
    write_config(&desk, "", SALES);
    desk.write("secret", "  \n");
    desk.unset("DBT_WEBHOOK_SECRET");
    desk.run(&["serve"]).refused(2, &["DBT_WEBHOOK_SECRET", "DBT_WEBHOOK_SECRET_FILE"]);
    desk.set("DBT_WEBHOOK_SECRET_FILE", "secret");
    desk.run(&["serve"]).refused(2, &["DBT_WEBHOOK_SECRET"]);
    // Two while one takes over from the other.
    desk.write("secret", &format!("the-next-secret\n{SECRET}\n"));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
}
