//! What the user sees on a site and may do there.

use tableau_simulator::{Effect, Endpoint, Fault, GraphqlProblem, IndexMode, Kind, Options, Visibility};
use test_support::desk::Desk;

use super::{desk, doctor, doctor_with};

/// A desk with a workbook and a data source in `Finance/EMEA`; the LUID of the workbook.
fn stocked(options: Options) -> (Desk, String) {
    let desk = desk(options);
    let sales = desk.publish(Kind::Workbook, &["Finance", "EMEA"], "Sales");
    desk.publish(Kind::Datasource, &["Finance", "EMEA"], "Orders");
    (desk, sales)
}

fn rewrite(endpoint: Endpoint, from: impl Into<String>, to: &str) -> Fault {
    Fault::on(endpoint, Effect::Rewrite { from: from.into(), to: to.to_owned() })
}

#[test]
fn content_is_counted_by_both_apis_and_nothing_is_refreshed_or_changed() {
    let (desk, _) = stocked(Options::default());
    desk.tableau.clear_requests();
    doctor(&desk)
        .says("metadata-api", "ok", &["it is on"])
        .says("visible-content", "ok", &["workbooks: 1 by REST, 1 by the Metadata API", "projects: 3"])
        .says("visible-content", "ok", &["data sources: 1 by REST, 1 by the Metadata API"])
        .says(
            "metadata-lag",
            "ok",
            &["lists each workbook that REST lists", "0 changes waiting for Workbook"],
        )
        .says("jobs", "ok", &["extract refreshes that wait now: 0"])
        .says("refresh-permission", "ok", &["as an administrator", "workbook `Sales`"]);
    for request in desk.tableau.requests() {
        let asks = [Endpoint::SignIn, Endpoint::SignOut, Endpoint::Metadata].contains(&request.endpoint);
        assert!(request.method == "GET" || request.method == "POST" && asks, "{request:?}");
        assert!(!request.body.contains("mutation"), "{}", request.body);
    }
    assert!(desk.tableau.jobs().is_empty());
}

#[test]
fn metadata_api_that_is_off_or_closed_leads_to_rest_and_is_no_problem_where_rest_is_the_source() {
    let (desk, _) = stocked(Options::default());
    let refusals = [
        (GraphqlProblem::FeatureDisabled, "metadata-services enable"),
        (GraphqlProblem::AccessDenied, "right to use the Metadata API"),
        (GraphqlProblem::SiteDisabled, "turn the Metadata API on for this site"),
    ];
    for (problem, word) in refusals {
        desk.tableau.clear_faults();
        desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem }));
        doctor(&desk)
            .says("metadata-api", "problem", &[word, "`--source rest`"])
            .skips("`metadata-api`", &["metadata-lag"])
            .says("visible-content", "ok", &["workbooks: 1 by REST, not listed by the Metadata API"]);
        let said = doctor_with(&desk, &["--source", "rest"]);
        said.says("metadata-api", "note", &["nothing needs it"]);
        assert_eq!(said.exit, 0);
    }
    desk.tableau.clear_faults();
    let status = Effect::Status { status: 404, body: "Not Found".to_owned(), headers: [].into() };
    desk.tableau.arm(Fault::on(Endpoint::Metadata, status));
    doctor(&desk).says("metadata-api", "problem", &["404", "metadata-services enable", "`--source rest`"]);
}

#[test]
fn metadata_api_that_is_not_ready_or_behind_is_told() {
    let (desk, _) = stocked(Options::default());
    let problem = GraphqlProblem::BackfillRunning;
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::GraphqlWarning { problem }));
    doctor(&desk).says("metadata-api", "warning", &["BACKFILL_RUNNING", "ends by itself"]);
    desk.tableau.clear_faults();
    desk.tableau.set_index(IndexMode::Frozen);
    desk.publish(Kind::Workbook, &["Finance"], "New");
    let gone = desk.publish(Kind::Datasource, &["Finance"], "Old");
    desk.tableau.settle_index("MySite");
    desk.publish(Kind::Workbook, &["Finance"], "Newer");
    desk.tableau.delete("MySite", Kind::Datasource, &gone);
    doctor(&desk)
        .says("metadata-lag", "note", &["1 workbook that REST lists", "1 change waiting for Workbook"])
        .says(
            "metadata-lag",
            "note",
            &["0 data sources that REST lists", "1 data source the other way round", "tsm status"],
        );
    desk.tableau.arm(Fault::on(Endpoint::EventingStatus, Effect::Unauthorized));
    doctor(&desk).says("metadata-lag", "note", &["only server administrators see"]);
}

#[test]
fn names_and_parents_that_are_hidden_are_named_with_the_right_that_shows_them() {
    let (desk, sales) = stocked(Options::default());
    desk.tableau.show("MySite", Kind::Workbook, &sales, Visibility::Obfuscated);
    doctor(&desk).says("visible-content", "warning", &["1 name withheld", "Site Administrator Explorer"]);
    let (desk, _) = stocked(Options::default());
    let projects = desk.tableau.projects("MySite");
    let (_, finance) = projects.iter().find(|(path, _)| path == &["Finance"]).expect("the project");
    let parent = |luid: &str| format!("\"parentProjectId\":\"{luid}\"");
    desk.tableau.arm(rewrite(Endpoint::Projects, parent(finance), &parent("hidden")));
    doctor(&desk).says("visible-content", "warning", &["parents are hidden", "`EMEA`", "capability View"]);
    let empty = self::desk(Options::default());
    doctor(&empty).says("visible-content", "warning", &["sees nothing", "share the projects"]).says(
        "refresh-permission",
        "skipped",
        &["no workbook and no data source"],
    );
}

#[test]
fn listings_that_are_refused_or_cut_short_are_told() {
    let (desk, _) = stocked(Options::default());
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::RestError { code: 403_004, headers: [].into() }));
    doctor(&desk)
        .says("visible-content", "problem", &["403004", "workbooks: not listed by REST", "site role"])
        .skips("`visible-content`", &["metadata-lag", "refresh-permission"]);
    desk.tableau.clear_faults();
    desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::TotalCount { total: 3 }));
    doctor(&desk).says("visible-content", "warning", &["REST announces 3 workbooks", "counts_may_differ"]);
}

#[test]
fn jobs_that_cannot_be_read_are_told_with_what_that_means() {
    let (desk, _) = stocked(Options { administrator: false, ..Options::default() });
    doctor(&desk).says("role", "warning", &["ExplorerCanPublish"]).says(
        "jobs",
        "warning",
        &["administrators alone", "go by the time of the extract"],
    );
    desk.tableau.arm(Fault::on(Endpoint::Jobs, Effect::GatewayPage));
    doctor(&desk).says("jobs", "unknown", &["502"]);
}

#[test]
fn right_to_refresh_is_read_and_never_tried() {
    let rule = |mode: &str| Some(vec![("ExtractRefresh".to_owned(), mode.to_owned())]);
    let other = || Some("5c1f2a90-7d34-4be0-8a8e-3f6d0a9b4c21".to_owned());
    for (owner, rules, status, words) in [
        (None, None, "ok", "as its owner"),
        (other(), rule("Allow"), "ok", "a rule allows"),
        (other(), rule("Deny"), "problem", "a rule forbids"),
        (other(), Some(Vec::new()), "unknown", "no rule of its own"),
        (other(), None, "unknown", "403004"),
    ] {
        let options = Options { administrator: false, owner, rules, ..Options::default() };
        let (desk, _) = stocked(options);
        let said = doctor(&desk);
        said.says("refresh-permission", status, &[words, "`Sales`"]);
        if status != "ok" {
            said.says("refresh-permission", status, &["project leaders", "2025.1"]);
        }
        assert!(desk.tableau.jobs().is_empty());
    }
}
