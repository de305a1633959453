//! What the refresh procedure makes of answers that are lost, or not Tableau's.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tableau_simulator::{Effect, Endpoint, Fault, JobPlan, Kind, Outcome};

use crate::ground::Ground;
use crate::procedure::{COMPLETE, plan, raised, rest_error};
use crate::snowpark::CLIENTS;

/// What a gateway answers with status 200 while the server behind it is down.
fn maintenance_page() -> Effect {
    let body = "<html><body>maintenance</body></html>".to_owned();
    Effect::Status { status: 200, body, headers: BTreeMap::new() }
}

#[test]
fn trouble_while_asking_for_the_job_is_not_its_failure() {
    let mut ground = Ground::new();
    let effects = [Effect::GatewayPage, rest_error(429_000), Effect::KillSession, Effect::CutBody];
    for (skip, effect) in effects.into_iter().enumerate() {
        ground.tableau.arm(Fault::on(Endpoint::Job, effect).skip(skip).times(1));
    }
    assert_eq!(ground.refresh_sales(plan(Outcome::Success)), COMPLETE);
    let asked = ground.tableau.requests().into_iter().filter(|request| request.path.contains("/jobs/"));
    assert!(asked.count() > 4, "each trouble was met");
    assert_eq!(ground.refreshes().len(), 1);
}

#[test]
fn an_answer_about_the_job_that_is_not_tableaus_or_does_not_know_it_yet_is_not_its_failure() {
    let mut ground = Ground::new();
    let effects = [maintenance_page(), Effect::EmptyBody, rest_error(404_018), rest_error(400_031)];
    for (skip, effect) in effects.into_iter().enumerate() {
        ground.tableau.arm(Fault::on(Endpoint::Job, effect).skip(skip).times(1));
    }
    assert_eq!(ground.refresh_sales(plan(Outcome::Success)), COMPLETE);
    assert_eq!(ground.refreshes().len(), 1);
}

#[test]
fn a_session_that_is_not_renewed_at_once_while_the_job_runs_is_not_its_failure() {
    let mut ground = Ground::new();
    ground.tableau.arm(Fault::on(Endpoint::Job, Effect::KillSession).times(1));
    for (skip, effect) in [Effect::EmptyBody, maintenance_page(), Effect::GatewayPage].into_iter().enumerate()
    {
        ground.tableau.arm(Fault::on(Endpoint::SignIn, effect).skip(skip + 1).times(1));
    }
    assert_eq!(ground.refresh_sales(plan(Outcome::Success)), COMPLETE);
    assert_eq!(ground.refreshes().len(), 1);
}

#[test]
fn a_job_that_stays_unknown_fails_the_call_at_the_deadline_and_the_last_answer_is_told() {
    let mut ground = Ground::new();
    ground.publish(Kind::Workbook, &["Finance"], "Sales");
    ground.tableau.arm(Fault::on(Endpoint::Job, rest_error(404_018)));
    let arguments = ground.arguments("workbook", "Sales", "Finance", [Value::Null, json!(true), json!(2)]);
    let answer = ground.call(&json!([arguments])).remove(0);
    assert!(raised(&answer).contains("was not done after 2 seconds; job "), "{answer}");
    assert!(raised(&answer).contains("the last question was answered by 404018"), "{answer}");
}

#[test]
fn a_user_who_may_not_ask_for_jobs_is_told_so_at_once() {
    let mut ground = Ground::new();
    ground.tableau.arm(Fault::on(Endpoint::Job, rest_error(403_004)));
    let answer = ground.refresh_sales(plan(Outcome::Success));
    assert!(raised(&answer).contains("403004"), "{answer}");
    assert!(
        raised(&answer).ends_with("only administrators may ask for jobs; call with FALSE for WAIT"),
        "{answer}"
    );
}

#[test]
fn a_refresh_whose_answer_was_lost_is_found_by_its_job_and_not_asked_for_again() {
    for (effect, client) in [Effect::LoseAnswer, Effect::CutBody].into_iter().zip(CLIENTS) {
        let mut ground = Ground { client, ..Ground::new() };
        ground.tableau.arm(Fault::on(Endpoint::Refresh, effect.clone()).times(1));
        // The job does not show in the first listing.
        ground.tableau.arm(Fault::on(Endpoint::Jobs, Effect::EmptyBody).times(1));
        let running = Duration::from_secs(6);
        let answer = ground.refresh_sales(JobPlan { running, ..plan(Outcome::Success) });
        assert_eq!(answer, COMPLETE, "{effect:?}");
        assert_eq!(ground.refreshes().len(), 1);
    }
}

#[test]
fn a_refresh_whose_answer_was_lost_and_whose_job_is_not_found_may_have_been_started() {
    for (effect, why) in [
        (Effect::GatewayPage, "502"),
        (maintenance_page(), "an answer that is not Tableau's"),
        (Effect::EmptyBody, "an answer that is not Tableau's"),
    ] {
        let mut ground = Ground::new();
        ground.tableau.arm(Fault::on(Endpoint::Refresh, effect).times(1));
        let answer = ground.refresh_sales(plan(Outcome::Success));
        assert!(raised(&answer).contains("may have been started"), "{answer}");
        assert!(raised(&answer).contains(why), "{answer}");
        assert_eq!(ground.refreshes().len(), 1);
        assert_eq!(ground.tableau.live_sessions(), 0, "it signed out");
    }
}

#[test]
fn a_sign_in_that_is_not_answered_by_tableau_says_so() {
    for (endpoint, client) in [Endpoint::ServerInfo, Endpoint::SignIn].into_iter().zip(CLIENTS) {
        for effect in [Effect::EmptyBody, maintenance_page(), Effect::GatewayPage] {
            let mut ground = Ground { client, ..Ground::new() };
            ground.tableau.arm(Fault::on(endpoint, effect));
            let answer = ground.refresh_sales(plan(Outcome::Success));
            assert!(raised(&answer).starts_with("could not sign in to Tableau at http://"), "{answer}");
            assert!(ground.refreshes().is_empty());
        }
    }
}
