//! Refresh jobs, from the queue to the end.

use std::time::Duration;

use serde_json::{Value, json};
use tableau_simulator::{
    Content, Effect, Endpoint, Fault, Generate, JobPlan, Kind, Options, Outcome, Simulator,
};

use crate::support::{SITE, Session, simulator};

const REFRESH: &str = "<tsRequest><extractRefresh /></tsRequest>";

fn plan(pending: u64, running: u64, outcome: Outcome) -> JobPlan {
    JobPlan { pending: Duration::from_millis(pending), running: Duration::from_millis(running), outcome }
}

fn workbook(simulator: &Simulator) -> String {
    simulator.publish(SITE, Kind::Workbook, &["default"], "Nightly")
}

async fn refresh(session: &Session, luid: &str) -> Value {
    let answer = session.post(&format!("workbooks/{luid}/refresh"), REFRESH).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["job"].clone()
}

async fn job(session: &Session, luid: &Value) -> Value {
    session.get(&format!("jobs/{}", luid.as_str().expect("an id"))).await.json()["job"].clone()
}

#[tokio::test]
async fn a_job_waits_runs_and_ends_with_a_finish_code() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.plan_jobs(plan(700, 700, Outcome::Success));
    let luid = workbook(&simulator);
    let started = refresh(&session, &luid).await;
    assert_eq!(started["extractRefreshJob"]["workbook"], json!({ "id": luid, "name": "Nightly" }));
    assert_eq!((&started["mode"], &started["type"]), (&json!("Asynchronous"), &json!("RefreshExtract")));
    // Which of the three a job tells about itself, at every look.
    let mut stages = Vec::new();
    let done = loop {
        let job = job(&session, &started["id"]).await;
        stages.push(["startedAt", "completedAt", "finishCode"].map(|name| job.get(name).is_some()));
        if job.get("completedAt").is_some() {
            break job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    stages.dedup();
    assert_eq!(stages, [[false, false, false], [true, false, false], [true, true, true]]);
    assert_eq!((&done["finishCode"], &done["progress"]), (&json!("0"), &json!("100")));
}

#[tokio::test]
async fn every_outcome_has_its_finish_code_and_failures_say_why() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let cases = [
        (Outcome::Success, "0", "Success"),
        (Outcome::Failure("no such table".to_owned()), "1", "Failed"),
        (Outcome::Cancelled, "2", "Cancelled"),
        (Outcome::CompletedByBridge, "3", "Success"),
    ];
    let luid = workbook(&simulator);
    for (outcome, code, status) in cases {
        simulator.plan_jobs(plan(0, 0, outcome));
        let started = refresh(&session, &luid).await;
        let done = job(&session, &started["id"]).await;
        assert_eq!(done["finishCode"], code);
        let listed = session.get(&format!("jobs?filter=status:eq:{status}&sort=createdAt:desc")).await.json();
        let jobs = listed["backgroundJobs"]["backgroundJob"].as_array().expect("a list").clone();
        assert!(jobs.iter().any(|job| job["id"] == started["id"] && job["jobType"] == "refresh_extracts"));
        if code == "1" {
            assert_eq!(done["extractRefreshJob"]["notes"], "no such table");
            assert_eq!(done["statusNotes"]["statusNote"][0]["text"], "no such table");
        } else {
            assert_eq!(done["extractRefreshJob"].get("notes"), None);
        }
    }
}

#[tokio::test]
async fn a_second_refresh_is_a_conflict_while_the_first_is_open() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.plan_jobs(plan(0, 1500, Outcome::Success));
    let luid = workbook(&simulator);
    refresh(&session, &luid).await;
    let conflict = session.post(&format!("workbooks/{luid}/refresh"), "{}").await;
    assert_eq!(conflict.code(), "409093");
    let detail = "Job for 'Nightly' is already queued. Not queuing a duplicate.";
    assert_eq!(conflict.json()["error"]["detail"], detail);
    let other = simulator.publish(SITE, Kind::Workbook, &["default"], "Hourly");
    refresh(&session, &other).await;
    tokio::time::sleep(Duration::from_millis(1600)).await;
    refresh(&session, &luid).await;
}

#[tokio::test]
async fn a_cancelled_job_ends_at_once_and_a_finished_one_stays_finished() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.plan_jobs(plan(0, 60_000, Outcome::Success));
    let luid = workbook(&simulator);
    let started = refresh(&session, &luid).await;
    let path = format!("/api/3.29/sites/{}/jobs/{}", session.site, started["id"].as_str().expect("an id"));
    assert_eq!(session.call("PUT", &path, "").await.json()["job"]["finishCode"], "2");
    simulator.plan_jobs(plan(0, 0, Outcome::Success));
    let done = refresh(&session, &luid).await;
    let path = format!("/api/3.29/sites/{}/jobs/{}", session.site, done["id"].as_str().expect("an id"));
    assert_eq!(session.call("PUT", &path, "").await.json()["job"]["finishCode"], "0");
}

#[tokio::test]
async fn what_cannot_be_refreshed_says_so() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let live = simulator.resources(SITE).into_iter().find(|it| it.kind == Kind::Workbook && !it.has_extract);
    let live = live.expect("some have no extract").luid;
    let refused = session.post(&format!("workbooks/{live}/refresh"), REFRESH).await;
    assert_eq!(refused.code(), "409090");
    assert!(refused.text.contains("is not allowed.."), "{}", refused.text);
    let old = workbook(&simulator);
    simulator.republish(SITE, Kind::Workbook, &old);
    assert_eq!(
        session.post(&format!("workbooks/{old}/refresh"), REFRESH).await.code(),
        "404006",
        "a stale LUID"
    );
    assert_eq!(session.post(&format!("datasources/{old}/refresh"), REFRESH).await.code(), "404004");
}

#[tokio::test]
async fn a_refresh_with_a_body_that_is_neither_xml_nor_json_is_refused() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    simulator.plan_jobs(plan(0, 0, Outcome::Success));
    let path = format!("workbooks/{}/refresh", workbook(&simulator));
    for body in ["<tsRequest><extractRe", "extractRefresh", "{\"extractRefresh\":", "[]", "<other/>"] {
        assert_eq!(session.post(&path, body).await.code(), "400000", "{body}");
    }
    assert_eq!(simulator.jobs(), [], "nothing was started");
    for body in ["", " ", "{}", "<tsRequest/>", "<tsRequest></tsRequest>", REFRESH] {
        assert_eq!(session.post(&path, body).await.status, 202, "{body}");
    }
}

#[tokio::test]
async fn progress_compares_as_a_number() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let luid = workbook(&simulator);
    simulator.plan_jobs(plan(0, 0, Outcome::Success));
    let done = refresh(&session, &luid).await;
    simulator.plan_jobs(plan(0, 60_000, Outcome::Success));
    let running = refresh(&session, &luid).await;
    let listed = async |query: &str| -> Vec<String> {
        let jobs = session.get(&format!("jobs?{query}")).await.json();
        let jobs = jobs["backgroundJobs"]["backgroundJob"].as_array().cloned().unwrap_or_default();
        jobs.iter().map(|job| job["id"].as_str().expect("an id").to_owned()).collect()
    };
    let [done, running] = [&done, &running].map(|job| job["id"].as_str().expect("an id"));
    assert_eq!(listed("filter=progress:gt:50").await, [done]);
    assert_eq!(listed("filter=progress:lt:100").await, [running]);
    assert_eq!(listed("sort=jobType:desc,progress:desc").await, [done, running]);
    assert_eq!(listed("sort=progress").await, [running, done]);
}

#[tokio::test]
async fn jobs_are_for_administrators_and_starting_them_is_not() {
    let content = Content::generate(&Generate::default());
    let options = Options { content, administrator: false, ..Options::default() };
    let simulator = Simulator::start(options).expect("start");
    let session = Session::start(&simulator, SITE).await;
    let luid = workbook(&simulator);
    let started = refresh(&session, &luid).await;
    let job = format!("jobs/{}", started["id"].as_str().expect("an id"));
    assert_eq!(session.get(&job).await.code(), "403004");
    assert_eq!(session.get("jobs").await.code(), "403004");
}

#[tokio::test]
async fn more_refreshes_than_the_limit_are_refused_until_the_period_is_over() {
    let content = Content::generate(&Generate::default());
    let options = Options { content, refresh_limit: Some((2, Duration::from_secs(3))), ..Options::default() };
    let simulator = Simulator::start(options).expect("start");
    let session = Session::start(&simulator, SITE).await;
    let luids: Vec<_> = ["A", "B", "C"]
        .into_iter()
        .map(|name| simulator.publish(SITE, Kind::Workbook, &["default"], name))
        .collect();
    refresh(&session, &luids[0]).await;
    refresh(&session, &luids[1]).await;
    let third = format!("workbooks/{}/refresh", luids[2]);
    let refused = session.post(&third, REFRESH).await;
    assert_eq!(refused.code(), "429000");
    assert!(refused.text.contains("retry after 1 minutes"), "{}", refused.text);
    tokio::time::sleep(Duration::from_millis(3100)).await;
    refresh(&session, &luids[2]).await;
    assert_eq!(simulator.jobs().len(), 3);
}

#[tokio::test]
async fn lost_answer_leaves_the_job_that_it_was_about() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let luid = workbook(&simulator);
    simulator.arm(Fault::on(Endpoint::Refresh, Effect::LoseAnswer).once());
    let url = format!("{}/api/3.29/sites/{}/workbooks/{luid}/refresh", simulator.url(), session.site);
    let sent = session.http.post(url).header("X-Tableau-Auth", &session.token).body(REFRESH).send().await;
    assert!(sent.is_err(), "no answer came");
    let jobs = simulator.jobs();
    assert_eq!((jobs.len(), &jobs[0].resource), (1, &luid));
}

#[tokio::test]
async fn extract_shows_when_it_was_refreshed_once_the_job_has_succeeded() {
    let simulator = simulator(&Generate::default());
    let session = Session::start(&simulator, SITE).await;
    let luid = workbook(&simulator);
    let query = format!(
        r#"{{ workbooks(filter: {{ luid: "{luid}" }}) {{ embeddedDatasources {{ extractLastRefreshTime }} }} }}"#
    );
    let time = async || {
        let answer = session.query(&query, Value::Null).await;
        answer["data"]["workbooks"][0]["embeddedDatasources"][0]["extractLastRefreshTime"].clone()
    };
    let before = time().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    simulator.plan_jobs(plan(0, 0, Outcome::Failure("no".to_owned())));
    refresh(&session, &luid).await;
    assert_eq!(time().await, before, "a failed job refreshes nothing");
    simulator.plan_jobs(plan(0, 0, Outcome::Success));
    refresh(&session, &luid).await;
    assert!(time().await.as_str() > before.as_str());
}
