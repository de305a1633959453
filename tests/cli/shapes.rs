//! Shapes that answers of REST have on one server or another: each is read for what it means.

use serde_json::json;
use tableau_simulator::{Content, Effect, Endpoint, Fault, Generate, IndexMode, Kind, Options, Simulator};
use test_support::desk::Desk;

use crate::faults::refused;
use crate::refresh::FAST;
use crate::sources::by_each_source;

fn rewrite(endpoint: Endpoint, from: &str, to: &str) -> Fault {
    Fault::on(endpoint, Effect::Rewrite { from: from.to_owned(), to: to.to_owned() })
}

/// A desk in front of a server of this kind, whose Metadata API knows nothing yet.
fn desk(options: Options) -> Desk {
    let desk = Desk::at(Simulator::start(options).expect("start the simulator"));
    desk.done(&["init"]);
    desk
}

#[test]
fn number_is_read_from_the_page_of_a_resource_however_it_ends() {
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    for desk in by_each_source(|| {
        desk(Options { content: content.clone(), index: IndexMode::Frozen, ..Options::default() })
    }) {
        let sales = desk.publish(Kind::Workbook, &["default"], "Sales");
        let number = desk.tableau.resources("MySite").remove(0).vizportal_url_id;
        for ending in ["/views", "/views?:iid=1", ""] {
            desk.tableau.clear_faults();
            let page = format!("/workbooks/{number}");
            desk.tableau.arm(rewrite(
                Endpoint::Workbooks,
                &format!("{page}\""),
                &format!("{page}{ending}\""),
            ));
            desk.done(&["backfill"]);
            assert_eq!(
                desk.done(&[
                    "resolve",
                    "workbook",
                    &format!("{}/#/site/MySite/workbooks/{number}", desk.tableau.url())
                ])
                .trim(),
                sales
            );
        }
    }
}

#[test]
fn page_that_is_smaller_than_asked_for_is_followed_by_the_next() {
    let content =
        Content::generate(&Generate { sites: 1, workbooks: 25, datasources: 7, ..Generate::default() });
    for desk in
        by_each_source(|| desk(Options { content: content.clone(), largest_page: 3, ..Options::default() }))
    {
        let report = desk.report(&["sync", "--format", "json"], 0);
        assert_eq!(report["complete"], true, "{report:#}");
        let site = desk.tableau.sites().remove(0);
        assert_eq!(desk.mapped(&site), desk.present(&site));
    }
}

#[test]
fn listings_ask_for_what_they_use_and_do_without_where_a_server_does_not_understand() {
    let fields =
        "fields=workbook.id%2Cworkbook.name%2Cworkbook.contentUrl%2Cworkbook.webpageUrl%2Cproject.id";
    for (fault, times) in [
        (None, 1),
        (Some(refused(400_023)), 2),
        (Some(Effect::Rewrite { from: "\"project\":{".to_owned(), to: "\"elsewhere\":{".to_owned() }), 2),
        (Some(Effect::Rewrite { from: "\"webpageUrl\":".to_owned(), to: "\"page\":".to_owned() }), 2),
    ] {
        for desk in by_each_source(|| Desk::generated(1, 12, 5)) {
            desk.done(&["init"]);
            if let Some(effect) = &fault {
                desk.tableau.arm(Fault::on(Endpoint::Workbooks, effect.clone()).containing("fields="));
            }
            let report = desk.report(&["sync", "--format", "json"], 0);
            assert_eq!((&report["complete"], &report["warnings"]), (&true.into(), &json!([])), "{report:#}");
            assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
            let asked: Vec<_> = desk.tableau.requests();
            let asked: Vec<_> = asked.iter().filter(|one| one.endpoint == Endpoint::Workbooks).collect();
            assert_eq!(asked.len(), times, "{fault:?}");
            assert!(asked[0].query.contains(fields), "{}", asked[0].query);
        }
    }
}

#[test]
fn listing_of_many_pages_is_read_whole_several_pages_at_a_time() {
    let content =
        Content::generate(&Generate { sites: 1, workbooks: 41, datasources: 20, ..Generate::default() });
    for desk in
        by_each_source(|| desk(Options { content: content.clone(), largest_page: 5, ..Options::default() }))
    {
        let report = desk.report(&["sync", "--format", "json"], 0);
        assert_eq!((&report["complete"], &report["warnings"]), (&true.into(), &json!([])), "{report:#}");
        let site = desk.tableau.sites().remove(0);
        assert_eq!(desk.mapped(&site), desk.present(&site));
        let pages = |endpoint| desk.tableau.requests().iter().filter(|one| one.endpoint == endpoint).count();
        assert_eq!((pages(Endpoint::Workbooks), pages(Endpoint::Datasources)), (9, 4), "each page once");
    }
}

#[test]
fn numbers_as_numbers_and_nothing_as_null_are_read() {
    for desk in by_each_source(Desk::empty) {
        for name in ["A", "B", "C"] {
            desk.publish(Kind::Workbook, &["Finance"], name);
        }
        desk.done(&["init"]);
        desk.tableau.arm(rewrite(Endpoint::Workbooks, "\"totalAvailable\":\"3\"", "\"totalAvailable\":3"));
        desk.tableau.arm(rewrite(Endpoint::Datasources, "\"pageSize\":\"1000\"", "\"pageSize\":null"));
        desk.tableau.arm(rewrite(Endpoint::Workbooks, "\"name\":\"Finance\"", "\"name\":null"));
        let report = desk.report(&["sync", "--format", "json"], 0);
        assert_eq!((&report["complete"], &report["warnings"]), (&true.into(), &json!([])), "{report:#}");
        assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    }
}

#[test]
fn job_whose_parts_are_null_is_followed_to_its_end() {
    let desk = Desk::empty();
    desk.publish(Kind::Workbook, &["default"], "Sales");
    desk.write("tabmap.toml", FAST);
    desk.done(&["backfill"]);
    for part in ["extractRefreshJob", "statusNotes"] {
        let to = format!("\"{part}\":null,\"{part}Once\":{{");
        desk.tableau.arm(rewrite(Endpoint::Jobs, &format!("\"{part}\":{{"), &to));
    }
    desk.done(&["refresh", "workbook", "Sales"]);
}

#[test]
fn entry_that_cannot_be_read_costs_itself_alone() {
    for desk in by_each_source(Desk::empty) {
        for name in ["Alpha", "Broken", "Charlie"] {
            desk.publish(Kind::Workbook, &["default"], name);
        }
        desk.done(&["init"]);
        let broken = rewrite(Endpoint::Workbooks, "\"name\":\"Broken\"", "\"name\":null");
        desk.tableau.arm(broken.clone());
        let report = desk.report(&["sync", "--format", "json"], 0);
        assert_eq!(
            (&report["counts"]["added"], &report["skipped"], &report["ghosts"]),
            (&2.into(), &1.into(), &0.into()),
            "{report:#}"
        );
        let warning = report["warnings"][0].as_str().expect("a warning");
        assert!(
            warning.contains("1 workbook(s) that cannot be read") && warning.contains(" of page 1"),
            "{warning}"
        );
        // Once it is mapped, it stays: it is asked for by its LUID.
        desk.tableau.clear_faults();
        desk.sync();
        desk.tableau.arm(broken);
        desk.report(&["sync", "--format", "json"], 0);
        assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    }
}

#[test]
fn control_character_as_it_is_in_a_name_is_read_as_one() {
    for desk in by_each_source(Desk::empty) {
        desk.publish(Kind::Workbook, &["default"], "Alpha");
        desk.publish(Kind::Workbook, &["default"], "BroXken");
        desk.done(&["init"]);
        desk.tableau.arm(rewrite(Endpoint::Workbooks, "BroXken\"", "Bro\u{1}ken\""));
        let report = desk.report(&["sync", "--format", "json"], 0);
        assert_eq!(report["counts"]["added"], 2, "{report:#}");
        let names = desk.query("SELECT RESOURCE_NAME FROM API__TABLEAU__RESOURCES ORDER BY RESOURCE_NAME");
        assert_eq!(names, ["Alpha", "Bro\u{1}ken"]);
    }
}

#[test]
fn count_that_never_agrees_is_said_and_can_be_allowed() {
    for desk in by_each_source(|| Desk::generated(1, 14, 0)) {
        desk.done(&["init"]);
        desk.sync();
        let gone = desk.tableau.resources("MySite").remove(3).luid;
        desk.tableau.delete("MySite", Kind::Workbook, &gone);
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::TotalCount { total: 40 }));
        let report = desk.report(&["sync", "--format", "json"], 4);
        let warning = report["warnings"].to_string();
        assert!(
            warning.contains("announced 40 and held 13") && warning.contains("counts_may_differ"),
            "{warning}"
        );
        desk.write("tabmap.toml", "[tableau]\ncounts_may_differ = true\n");
        let report = desk.report(&["sync", "--format", "json"], 0);
        assert!(report["warnings"].to_string().contains("announced 40 and held 13"), "{report:#}");
        assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
        // What the listing lacks is asked for all the same.
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, Effect::Truncate { keep: 5 }));
        let report = desk.report(&["sync", "--format", "json"], 0);
        assert_eq!(report["counts"]["removed"], 0, "{report:#}");
        assert_eq!(desk.mapped("MySite"), desk.present("MySite"));
    }
}

#[test]
fn xml_in_place_of_json_is_named_with_its_likely_cause() {
    let desk = Desk::empty();
    desk.done(&["init"]);
    let xml = |status| Effect::Status {
        status,
        body:
            "<?xml version='1.0' encoding='UTF-8'?><tsResponse xmlns=\"http://tableau.com/api\"></tsResponse>"
                .to_owned(),
        headers: [].into(),
    };
    for (endpoint, status) in [(Endpoint::ServerInfo, 200), (Endpoint::SignIn, 200), (Endpoint::SignIn, 401)]
    {
        desk.tableau.clear_faults();
        desk.tableau.clear_requests();
        desk.tableau.arm(Fault::on(endpoint, xml(status)));
        desk.run(&["sync"]).refused(1, &["answered in XML", "Accept"]);
        let asked = desk.tableau.requests().iter().filter(|one| one.endpoint == endpoint).count();
        assert_eq!(asked, 1, "it would answer so again");
    }
}
