//! What a user who may not read jobs is told when the Metadata API does not say when an extract was refreshed.

use std::time::{Duration, Instant};

use serde_json::json;
use tableau_simulator::{Effect, Endpoint, Fault, GraphqlProblem, Outcome};

use super::{desk, plan, posts, refresh};
use test_support::desk::Desk;

fn forbid_jobs(desk: &Desk) {
    for endpoint in [Endpoint::Job, Endpoint::Jobs] {
        desk.tableau.arm(Fault::on(endpoint, Effect::RestError { code: 403_004, headers: [].into() }));
    }
}

fn answer_with(problem: GraphqlProblem) -> Fault {
    Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem })
}

/// What a server answers that does not know the filter.
fn unknown_filter() -> GraphqlProblem {
    GraphqlProblem::Custom(json!({
        "message": "Validation error of type WrongType: argument 'filter' contains a field not in 'Workbook_Filter': \
                    'luid' @ 'workbooks'",
        "locations": [{"line": 2, "column": 13, "sourceName": null}],
        "errorType": "ValidationError",
        "extensions": null,
    }))
}

/// The problems that no second question solves, with what must be said about them.
fn lasting_problems() -> [(GraphqlProblem, &'static str); 4] {
    [
        (GraphqlProblem::FeatureDisabled, "FEATURE_DISABLED"),
        (GraphqlProblem::AccessDenied, "ACCESS_DENIED"),
        (GraphqlProblem::SiteDisabled, "SITE_DISABLED"),
        (unknown_filter(), "this server is too old"),
    ]
}

#[test]
fn extract_that_can_never_be_watched_is_given_up_at_once_and_its_job_goes_on() {
    for (problem, said) in lasting_problems() {
        let (desk, ..) = desk();
        forbid_jobs(&desk);
        desk.tableau.arm(answer_with(problem));
        desk.tableau.plan_jobs(plan(0, 600_000, Outcome::Success));
        let begun = Instant::now();
        let (answer, report) =
            refresh(&desk, &["workbook", "Sales", "--timeout", "20s", "--cancel-on-timeout"]);
        assert_eq!((answer.exit, &report["outcome"]), (6, &"gave_up".into()), "{said} {answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(15), "at once");
        let note = report["notes"][0].as_str().expect("a note");
        assert!(note.contains("cannot be seen") && note.contains(said), "{note}");
        assert!(answer.stderr.contains(said), "{answer:?}");
        let job = &desk.tableau.jobs()[0];
        assert_eq!((posts(&desk), job.status.as_str()), (1, "InProgress"), "{said}");
    }
}

#[test]
fn passing_trouble_of_the_metadata_api_is_logged_and_the_extract_watched_on() {
    for (problem, code) in
        [(GraphqlProblem::RateExceeded, "RATE_EXCEEDED"), (GraphqlProblem::Unexpected, "Unexpected error")]
    {
        let (desk, ..) = desk();
        forbid_jobs(&desk);
        desk.tableau.arm(answer_with(problem.clone()).times(2));
        desk.tableau.plan_jobs(plan(0, 1100, Outcome::Success));
        let (answer, report) = refresh(&desk, &["workbook", "Sales", "--timeout", "20s"]);
        assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{answer:?}");
        assert!(answer.stderr.contains(code), "{answer:?}");

        desk.tableau.arm(answer_with(problem));
        let (answer, report) = refresh(&desk, &["datasource", "Orders", "--timeout", "300ms"]);
        assert_eq!((answer.exit, &report["outcome"]), (6, &"gave_up".into()), "{answer:?}");
        assert!(report["notes"].to_string().contains(code), "{report}");
    }
}

#[test]
fn refresh_time_that_is_shown_beside_a_warning_counts() {
    let (desk, ..) = desk();
    forbid_jobs(&desk);
    let problem = GraphqlProblem::BackfillRunning;
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::GraphqlWarning { problem }));
    desk.tableau.plan_jobs(plan(0, 1100, Outcome::Success));
    let (answer, report) = refresh(&desk, &["datasource", "Orders", "--timeout", "20s"]);
    assert_eq!((answer.exit, &report["outcome"]), (0, &"succeeded".into()), "{answer:?}");
}

#[test]
fn lost_start_is_not_sent_again_while_the_metadata_api_does_not_say_whether_it_worked() {
    let mut effects: Vec<_> = lasting_problems()
        .into_iter()
        .map(|(problem, said)| (Effect::GraphqlErrors { problem }, said))
        .collect();
    effects.push((Effect::GraphqlWarning { problem: GraphqlProblem::BackfillRunning }, "BACKFILL_RUNNING"));
    for (effect, said) in effects {
        let (desk, ..) = desk();
        forbid_jobs(&desk);
        desk.tableau.arm(Fault::on(Endpoint::Metadata, effect));
        desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::LoseAnswer).once());
        desk.tableau.plan_jobs(plan(0, 0, Outcome::Success));
        desk.run(&["refresh", "workbook", "Sales", "--timeout", "20s"])
            .refused(1, &["it is not known whether a job was started", said]);
        assert_eq!((posts(&desk), desk.tableau.jobs().len()), (1, 1), "{said}");
    }
}
