//! `--all-sites`, patterns, shards and `--fail-fast`: which sites a run is for, and what it says of the others.

use std::collections::BTreeSet;

use serde_json::Value;
use tableau_simulator::{Effect, Endpoint, Fault, Options, Simulator, SiteState};
use test_support::desk::{Desk, sized};

use crate::sites::{check_maps, reports, texts};

/// A desk at which no site is named; the first site of the server is the Default site.
fn unnamed(options: Options) -> Desk {
    let mut content = options.content;
    content.sites[0].content_url = String::new();
    let mut desk = Desk::at(Simulator::start(Options { content, ..options }).expect("start the simulator"));
    desk.unset("TABLEAU_SITE").done(&["init"]);
    desk
}

fn with_sizes(sizes: &[usize]) -> Desk {
    unnamed(Options { content: sized(sizes), ..Options::default() })
}

fn endpoints(desk: &Desk, endpoint: Endpoint) -> usize {
    desk.tableau.requests().iter().filter(|request| request.endpoint == endpoint).count()
}

#[test]
fn all_sites_of_the_server_are_synced_in_the_order_of_their_names_and_listed_page_by_page() {
    for as_app in [false, true] {
        let mut desk =
            unnamed(Options { content: sized(&[6, 3, 9, 3, 3]), largest_page: 2, ..Options::default() });
        if as_app {
            desk.sign_in_as_app();
        }
        let reports = reports(&desk, &["--all-sites"], 0);
        assert_eq!(texts(&reports, "site"), ["", "Site2", "Site3", "Site4", "Site5"]);
        assert_eq!(endpoints(&desk, Endpoint::Sites), 3);
        check_maps(&desk);
        assert_eq!(desk.tableau.live_sessions(), 0);
    }
}

#[test]
fn sites_that_are_added_on_the_server_are_in_the_next_run_and_those_gone_or_idle_are_reported_and_keep_their_rows()
 {
    let desk = with_sizes(&[6, 3, 9, 3, 3]);
    desk.tableau.set_site("Site5", SiteState::Deleted);
    desk.done(&["backfill", "--all-sites"]);
    desk.tableau.set_site("Site5", SiteState::Active);
    for (site, state) in
        [("Site2", SiteState::Suspended), ("Site3", SiteState::Deleted), ("Site4", SiteState::Locked)]
    {
        desk.tableau.set_site(site, state);
    }
    let before = desk.mapped("Site3");
    let reports = reports(&desk, &["--all-sites"], 0);
    assert_eq!(texts(&reports, "site"), ["", "Site2", "Site3", "Site4", "Site5"]);
    assert_eq!(texts(&reports, "outcome"), ["unchanged", "inactive", "gone", "inactive", "applied"]);
    assert_eq!(texts(&reports, "state"), ["null", "suspended", "null", "locked", "null"]);
    let left = reports.iter().map(|report| report["rows_left"].as_u64());
    assert_eq!(left.collect::<Vec<_>>(), [None, Some(3), Some(9), Some(3), None]);
    assert_eq!(desk.mapped("Site3"), before);
    check_maps(&desk);
    let text = desk.done(&["sync", "--all-sites"]);
    assert!(text.contains("Site2: suspended, not synced; its 3 rows stay in the map"), "{text}");
    assert!(text.contains("Site3: no longer on the server; its 9 rows stay"), "{text}");
    assert!(text.contains("`tabmap sync --remove-site Site3`"), "{text}");
}

#[test]
fn who_may_not_list_the_sites_is_told_what_to_do() {
    for (options, exit, words) in [
        (
            Options { cloud: true, ..Options::default() },
            2,
            &["Tableau Cloud does not list its sites", "TABLEAU_SITE"][..],
        ),
        (
            Options { administrator: false, ..Options::default() },
            1,
            &["does not list the sites", "server administrator"],
        ),
    ] {
        let mut desk = Desk::at(Simulator::start(options).expect("start the simulator"));
        desk.done(&["init"]);
        desk.run(&["sync", "--all-sites"]).refused(exit, words);
        desk.sign_in_as_app().run(&["backfill", "--all-sites"]).refused(exit, words);
        assert_eq!(desk.tableau.live_sessions(), 0);
        desk.done(&["sync"]);
    }

    let desk = with_sizes(&[3]);
    let total = |to: &str| Effect::Rewrite { from: "\"totalAvailable\":\"1\"".to_owned(), to: to.to_owned() };
    desk.tableau.arm(Fault::on(Endpoint::Sites, total("\"totalAvailable\":\"2\"")));
    desk.run(&["sync", "--all-sites"]).refused(1, &["the list of the server's sites changed each time"]);
    assert_eq!(endpoints(&desk, Endpoint::Sites), 2 * 3, "a page beyond the last each time");
    desk.tableau.clear_faults();
    let pages = Effect::Rewrite { from: "\"pagination\"".to_owned(), to: "\"other\"".to_owned() };
    desk.tableau.arm(Fault::on(Endpoint::Sites, pages));
    desk.run(&["sync", "--all-sites"]).refused(1, &["does not list the sites of the server to the user"]);
}

#[test]
fn first_configured_site_is_where_the_list_is_asked_for() {
    let mut desk = with_sizes(&[3, 3, 3]);
    desk.set("TABLEAU_SITE", "Site2,Site3");
    desk.tableau.clear_requests();
    assert_eq!(texts(&reports(&desk, &["--all-sites"], 0), "site"), ["", "Site2", "Site3"]);
    let requests = desk.tableau.requests();
    let first = requests.iter().find(|request| request.endpoint == Endpoint::SignIn).expect("a sign-in");
    assert!(first.body.contains("Site2"), "{}", first.body);
    desk.run(&["sync", "--all-sites", "--site", "Site2"]).exit_is(2);
    desk.run(&["sync", "--all-sites", "--from", "monday.json"]).exit_is(2);
}

#[test]
fn site_that_nobody_can_sign_in_to_fails_alone_and_is_not_asked_for_the_list() {
    let desk = with_sizes(&[3, 3, 3]);
    desk.write("tabmap.toml", "[[tableau.site]]\nname = 'Site2'\nprefix = 'TWO_'\n");
    let answer = desk.run(&["sync", "--all-sites"]);
    answer.refused(1, &["no Tableau credentials are set for site `Site2`", "`prefix`", "  site: Site2\n"]);
    assert_eq!([desk.mapped(""), desk.mapped("Site3")], [desk.present(""), desk.present("Site3")]);
    assert_eq!(desk.mapped("Site2").len(), 0);
    assert_eq!(texts(&reports(&desk, &["--all-sites"], 1), "outcome"), ["unchanged", "failed", "unchanged"]);
    desk.done(&["sync", "--all-sites", "--exclude", "Site2"]);
    desk.run(&["backfill", "--all-sites"]).exit_is(1);
    desk.run(&["sync"]).refused(2, &["no Tableau credentials are set", "set TWO_TABLEAU_PAT_NAME"]);
    assert_eq!(desk.tableau.live_sessions(), 0);
}

#[test]
fn patterns_choose_among_all_sites_and_among_those_that_are_named() {
    let mut desk = with_sizes(&[3, 3, 3, 3]);
    let sites = |desk: &Desk, arguments: &[&str]| -> String {
        texts(&reports(desk, &[&["--dry-run"], arguments].concat(), 0), "site").join(" ")
    };
    assert_eq!(sites(&desk, &["--all-sites", "--include", "site*"]), "Site2 Site3 Site4");
    assert_eq!(sites(&desk, &["--all-sites", "--exclude", "default", "--exclude", "*3"]), "Site2 Site4");
    assert_eq!(sites(&desk, &["--all-sites", "--include", "*[23]", "--exclude", "Site3"]), "Site2");
    desk.set("TABLEAU_SITE", "Site4,Default,Site2");
    assert_eq!(sites(&desk, &["--include", "Site*"]), "Site4 Site2");
    desk.run(&["sync", "--include", "Size*"])
        .refused(2, &["`--include` and `--exclude`", "none of the 3 sites"]);
    assert_eq!(desk.run(&["sync", "--include", "["]).exit, 2);
}

#[test]
fn shards_share_the_sites_among_runs_whatever_their_order() {
    let mut desk = with_sizes(&[3, 3, 3, 3, 3, 3, 3, 3]);
    let mut seen = BTreeSet::new();
    for shard in 1..=3 {
        let shard = format!("{shard}/3");
        let of = |desk: &Desk, arguments: &[&str]| -> BTreeSet<String> {
            let reports = reports(desk, &[&["--shard", &shard], arguments].concat(), 0);
            texts(&reports, "site").into_iter().map(str::to_owned).collect()
        };
        let sites = of(&desk, &["--all-sites"]);
        desk.set("TABLEAU_SITE", "SITE8,site7,Site6,Site5,Site4,Default,Site3,Site2");
        assert_eq!(of(&desk, &[]), sites);
        desk.unset("TABLEAU_SITE");
        assert!(seen.is_disjoint(&sites));
        seen.extend(sites);
    }
    assert_eq!(seen.len(), 8);
    check_maps(&desk);

    // Each shard reports what is gone of its own.
    desk.tableau.set_site("Site5", SiteState::Deleted);
    let gone = (1..=3).flat_map(|shard| {
        let reports = reports(&desk, &["--all-sites", "--shard", &format!("{shard}/3")], 0);
        reports.into_iter().filter(|report| report["outcome"] == "gone").collect::<Vec<Value>>()
    });
    assert_eq!(gone.map(|report| report["site"].clone()).collect::<Vec<_>>(), ["Site5"]);
    let none = desk.done(&["sync", "--all-sites", "--include", "Site2", "--shard", "1/1000"]);
    assert_eq!(none, "no site to sync\n");
    for shard in ["0/3", "4/3", "1", "x/3"] {
        assert_eq!(desk.run(&["sync", "--shard", shard]).exit, 2, "{shard}");
    }
}

#[test]
fn fail_fast_begins_no_site_after_one_that_failed_and_says_which() {
    let mut desk = Desk::sized(&[3, 3, 3, 3]);
    desk.done(&["init"]);
    desk.set("TABLEAU_SITE", "Site1,Nowhere,Site2,Site3");
    let reports = reports(&desk, &["--fail-fast"], 1);
    assert_eq!(texts(&reports, "outcome"), ["applied", "failed", "not_begun", "not_begun"]);
    let answer = desk.run(&["backfill", "--fail-fast"]);
    assert!(answer.stdout.contains("Site3: not started, because another site failed"), "{}", answer.stdout);
    assert_eq!(desk.query("SELECT DISTINCT SITE_ID FROM API__TABLEAU__RESOURCES"), ["Site1"]);
}
