//! `sync --remove-site`: the rows of a site that is not there any more.

use serde_json::Value;
use tableau_simulator::{Effect, Endpoint, Fault, Options, Simulator, SiteState};
use test_support::desk::{Desk, sized};

/// A map of three sites, of which the second is in this state now.
fn desk(state: SiteState, options: Options) -> Desk {
    let options = Options { content: sized(&[6, 9, 3]), ..options };
    let desk = Desk::at(Simulator::start(options).expect("start the simulator"));
    desk.done(&["backfill"]);
    desk.tableau.set_site("Site2", state);
    desk
}

#[track_caller]
fn check_removed(desk: &Desk) {
    assert_eq!(desk.mapped("Site2"), Vec::<[String; 5]>::new());
    for site in ["Site1", "Site3"] {
        assert_eq!(desk.mapped(site), desk.present(site));
    }
    let logged =
        "SELECT COUNT(*) FROM API__TABLEAU__RESOURCE_CHANGES WHERE SITE_ID = 'Site2' AND CHANGE = 'removed'";
    assert_eq!(desk.query(logged), ["9"]);
    let run =
        "SELECT SITE_ID, SOURCE, STATUS, REMOVED FROM API__TABLEAU__SYNC_RUNS ORDER BY RUN_ID DESC LIMIT 1";
    assert_eq!(desk.query(run), ["Site2|removal|complete|9"]);
    assert_eq!(desk.tableau.live_sessions(), 0);
}

#[test]
fn rows_of_a_site_that_was_deleted_suspended_or_locked_are_removed_and_every_one_is_logged() {
    for state in [SiteState::Deleted, SiteState::Suspended, SiteState::Locked] {
        let desk = desk(state, Options::default());
        let before = desk.mapped("Site2");
        let planned = desk.done(&["sync", "--remove-site", "site2", "--dry-run"]);
        assert!(planned.contains("dry run") && planned.contains("9 removed"), "{planned}");
        assert_eq!(desk.run(&["sync", "--remove-site", "site2", "--dry-run", "--exit-code"]).exit, 3);
        assert_eq!(desk.mapped("Site2"), before);
        let removed: Value =
            serde_json::from_str(&desk.done(&["sync", "--remove-site", "site2", "--format", "json"]))
                .expect("JSON");
        assert_eq!(removed["sites"][0]["site"], "Site2");
        assert_eq!(removed["sites"][0]["counts"]["removed"], 9);
        check_removed(&desk);
        desk.run(&["sync", "--remove-site", "Site2"]).refused(2, &["no rows of site `Site2`"]);
    }
}

#[test]
fn site_that_answers_as_active_keeps_its_rows() {
    for options in [
        Options::default(),
        Options { cloud: true, ..Options::default() },
        Options { administrator: false, ..Options::default() },
    ] {
        let mut desk = desk(SiteState::Active, options);
        desk.run(&["sync", "--remove-site", "Site2"])
            .refused(1, &["site `Site2` is active", "nothing was removed"]);
        desk.sign_in_as_app()
            .run(&["sync", "--remove-site", "Site2"])
            .refused(1, &["site `Site2` is active"]);
        assert_eq!(desk.mapped("Site2"), desk.present("Site2"));
        assert_eq!(desk.tableau.live_sessions(), 0);
    }
}

#[test]
fn where_no_list_is_to_be_had_a_refused_sign_in_and_the_word_of_the_user_are_enough() {
    for options in [
        Options { cloud: true, ..Options::default() },
        Options { administrator: false, ..Options::default() },
    ] {
        let desk = desk(SiteState::Deleted, options);
        let answer = desk.run(&["sync", "--remove-site", "Site2"]);
        answer.exit_is(0);
        assert!(answer.stderr.contains("refused to sign in to the site"), "{}", answer.stderr);
        check_removed(&desk);
    }
}

#[test]
fn site_to_remove_is_written_as_any_site_is_and_never_empty() {
    let mut content = sized(&[6, 9, 3]);
    content.sites[1].content_url = String::new();
    let desk = Desk::at(Simulator::start(Options { content, ..Options::default() }).expect("start"));
    desk.done(&["backfill"]);
    desk.tableau.set_site("", SiteState::Deleted);
    desk.tableau.set_site("Site3", SiteState::Deleted);
    for (nothing, word) in
        [("", "it is empty"), (" ", "it is empty"), ("a site", "is not a site's content URL")]
    {
        desk.run(&["sync", "--remove-site", nothing]).refused(2, &["--remove-site", word]);
    }
    let elsewhere = "https://elsewhere.example.com/#/site/Site3/home";
    desk.run(&["sync", "--remove-site", elsewhere]).refused(2, &["--remove-site", "elsewhere.example.com"]);
    assert_eq!((desk.mapped("").len(), desk.mapped("Site3").len()), (9, 3));
    desk.done(&["sync", "--remove-site", "Default"]);
    assert_eq!((desk.mapped("").len(), desk.mapped("Site3").len()), (0, 3));
    desk.done(&["sync", "--remove-site", &format!("{}/#/site/Site3/home", desk.tableau.url())]);
    assert_eq!((desk.mapped("Site1").len(), desk.mapped("Site3").len()), (6, 0));
}

#[test]
fn server_that_does_not_answer_says_nothing_about_a_site() {
    let desk = desk(SiteState::Deleted, Options::default());
    desk.tableau.arm(Fault::on(
        Endpoint::SignIn,
        Effect::Status { status: 503, body: String::new(), headers: [].into() },
    ));
    let answer = desk.run(&["sync", "--remove-site", "Site2"]);
    answer.exit_is(1);
    assert_eq!(desk.mapped("Site2").len(), 9);
}

#[test]
fn name_that_the_map_does_not_have_is_answered_with_names_like_it() {
    let desk = desk(SiteState::Deleted, Options::default());
    let requests = desk.tableau.requests().len();
    desk.run(&["sync", "--remove-site", "Siet2"])
        .refused(2, &["no rows of site `Siet2`", "did you mean `Site2`"]);
    desk.run(&["sync", "--remove-site", "Elsewhere"])
        .refused(2, &["no rows of site `Elsewhere`", "--all-sites --dry-run"]);
    assert_eq!(desk.tableau.requests().len(), requests, "Tableau was not asked in vain");
    for more in [&["--all-sites"][..], &["--site", "Site1"], &["--max-removed", "3"], &["--from", "x.json"]] {
        assert_eq!(desk.run(&[&["sync", "--remove-site", "Site2"], more].concat()).exit, 2, "{more:?}");
    }
    assert_eq!(desk.run(&["backfill", "--remove-site", "Site2"]).exit, 2);
    assert_eq!(desk.mapped("Site2").len(), 9);
}
