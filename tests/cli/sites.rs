//! Several sites in one run: at the same time where sessions let them be, and one report.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tableau_simulator::{Effect, Endpoint, Fault, Kind, Options, Simulator, Token};
use test_support::desk::{Desk, sized};

/// What a sync says of all sites.
#[track_caller]
pub fn reports(desk: &Desk, arguments: &[&str], exit: i32) -> Vec<Value> {
    let answer = desk.run(&[&["sync", "--format", "json"], arguments].concat());
    answer.exit_is(exit);
    let mut document: Value = serde_json::from_str(&answer.stdout).expect("a JSON report");
    document["sites"].take().as_array().expect("sites").clone()
}

/// What the reports say under a name.
pub fn texts<'a>(reports: &'a [Value], name: &str) -> Vec<&'a str> {
    reports.iter().map(|report| report[name].as_str().unwrap_or("null")).collect()
}

/// How many sessions there were at the same time, at most.
fn most_at_once(tableau: &Simulator) -> i32 {
    let (mut now, mut most) = (0, 0);
    for request in tableau.requests() {
        now += match request.endpoint {
            Endpoint::SignIn => 1,
            Endpoint::SignOut => -1,
            _ => 0,
        };
        most = most.max(now);
    }
    most
}

#[track_caller]
pub fn check_maps(desk: &Desk) {
    for site in desk.tableau.sites() {
        assert_eq!(desk.mapped(&site), desk.present(&site), "{site}");
    }
}

/// A server that takes `tokens`, each named like its secret.
fn with_tokens(sizes: &[usize], tokens: &[&str]) -> Desk {
    let token = |name: &&str| Token { name: (*name).to_owned(), secret: format!("{name}-secret") };
    let tokens = tokens.iter().map(token).collect();
    Desk::at(
        Simulator::start(Options { content: sized(sizes), tokens, ..Options::default() }).expect("start"),
    )
}

#[test]
fn sites_of_a_connected_app_are_synced_at_the_same_time_and_reported_in_their_order() {
    let sizes = [60, 6, 3, 30, 3, 12];
    for (arguments, most) in [(&[][..], 4), (&["--parallel", "2"], 2), (&["--parallel", "1"], 1)] {
        let mut desk = Desk::sized(&sizes);
        desk.sign_in_as_app().done(&["init"]);
        desk.tableau.set_latency(Duration::from_millis(30));
        let reports = reports(&desk, arguments, 0);
        assert_eq!(texts(&reports, "site"), desk.tableau.sites());
        let listed = reports.iter().map(|report| report["counts"]["added"].as_u64().expect("a count"));
        assert_eq!(listed.collect::<Vec<_>>(), sizes.map(|size| size as u64));
        assert_eq!(most_at_once(&desk.tableau), most, "{arguments:?}");
        assert_eq!(desk.tableau.live_sessions(), 0);
        check_maps(&desk);
        let runs =
            desk.query("SELECT SITE_ID FROM API__TABLEAU__SYNC_RUNS WHERE STATUS = 'complete' ORDER BY 1");
        assert_eq!(runs, desk.tableau.sites());
    }
}

#[test]
fn sites_with_one_token_are_synced_one_after_the_other_whatever_is_asked_for() {
    let desk = Desk::sized(&[9, 3, 6, 3]);
    desk.done(&["backfill", "--parallel", "8"]);
    assert_eq!(most_at_once(&desk.tableau), 1);
    check_maps(&desk);
    let signed_in = desk.tableau.requests();
    let signed_in = signed_in.iter().filter(|request| request.endpoint == Endpoint::SignIn);
    let order: Vec<_> = signed_in.map(|request| request.body.clone()).collect();
    assert!(order.iter().zip(1..).all(|(body, site)| body.contains(&format!("Site{site}"))), "{order:?}");
}

#[test]
fn site_with_a_token_of_its_own_is_synced_beside_those_of_the_usual_one() {
    let mut desk = with_tokens(&[30, 30, 30, 30], &["usual", "two", "four"]);
    desk.tableau.set_latency(Duration::from_millis(30));
    desk.write(
        "tabmap.toml",
        "[[tableau.site]]\nname = 'site2'\nprefix = 'TWO_'\n[[tableau.site]]\nname = 'Site4'\nprefix = 'FOUR_'\n",
    );
    desk.set("TWO_TABLEAU_PAT_NAME", "two").set("TWO_TABLEAU_PAT_SECRET", "two-secret");
    let secret = desk.write("secret", "four-secret\n");
    desk.set("FOUR_TABLEAU_PAT_NAME", "four")
        .set("FOUR_TABLEAU_PAT_SECRET_FILE", secret.display().to_string());
    let answer = desk.run(&["backfill"]);
    answer.exit_is(0);
    assert!(!answer.stderr.contains("signing in again"), "{}", answer.stderr);
    check_maps(&desk);
    assert_eq!(most_at_once(&desk.tableau), 3);
    for (site, token) in [("Site1", "usual"), ("Site2", "two"), ("Site3", "usual"), ("Site4", "four")] {
        let requests = desk.tableau.requests();
        let sign_in = requests.iter().find(|request| {
            request.endpoint == Endpoint::SignIn && request.body.to_lowercase().contains(&site.to_lowercase())
        });
        let body = &sign_in.expect("a sign-in").body;
        assert!(body.contains(&format!("\"{token}\"")), "{site}: {body}");
    }

    // Other commands sign in to the site in its own way too.
    let item = desk
        .tableau
        .resources("Site2")
        .into_iter()
        .find(|item| item.kind == Kind::Workbook && item.has_extract);
    let item = item.expect("a workbook");
    desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
    desk.done(&["refresh", &item.luid, "--site", "Site2"]);
    assert_eq!(desk.tableau.jobs().len(), 1);
    desk.done(&["sync", "--site", "Site2"]);
    desk.run(&["sync", "--site", "Site1"])
        .refused(2, &["no Tableau credentials are set", "TABLEAU_PAT_NAME"]);
    desk.run(&["sync"]).refused(2, &["no Tableau credentials are set"]);
}

#[test]
fn what_is_wrong_with_the_way_to_a_site_is_said_with_its_own_variables() {
    let mut desk = Desk::sized(&[3, 3]);
    desk.done(&["init"]);
    let requests = desk.tableau.requests().len();
    let two = |more: &str| {
        desk.write("tabmap.toml", &format!("[[tableau.site]]\nname = 'Site2'\n{more}\n"));
    };
    two("prefix = 'TWO_'");
    desk.run(&["sync"]).refused(2, &["no Tableau credentials are set", "set TWO_TABLEAU_PAT_NAME"]);
    desk.done(&["sync", "--site", "Site1"]);
    let asked = desk.tableau.requests().len();
    two("prefix = 'TWO.'");
    desk.run(&["sync"]).refused(2, &["`prefix` of site `Site2`", "no variable begins with `TWO.`"]);
    two("source = 'guess'");
    desk.run(&["sync"]).refused(2, &["`source` of site `Site2`", "`guess` is not a source"]);
    two("[[tableau.site]]\nname = 'SITE2'");
    desk.run(&["sync"]).refused(2, &["site `SITE2` has two sections"]);
    two("prefix = 'TWO_'");
    desk.set("TWO_TABLEAU_PAT_SECRET", "hush");
    desk.run(&["sync"]).refused(2, &["TWO_TABLEAU_PAT_NAME is not set", "TWO_TABLEAU_PAT_SECRET is set"]);
    desk.set("TWO_TABLEAU_PAT_NAME", "two").set("TWO_TABLEAU_USERNAME", "ann");
    desk.run(&["sync"]).refused(2, &["TWO_TABLEAU_PAT_NAME and TWO_TABLEAU_USERNAME are both set"]);
    desk.unset("TWO_TABLEAU_USERNAME").set("TWO_TABLEAU_PAT_SECRET_FILE", "also");
    desk.run(&["sync"]).refused(2, &["both TWO_TABLEAU_PAT_SECRET and TWO_TABLEAU_PAT_SECRET_FILE are set"]);
    assert_eq!(desk.tableau.requests().len(), asked, "nothing was sent");
    assert!(asked > requests);
}

#[test]
fn source_may_be_chosen_for_one_site_and_flag_and_variable_count_more() {
    let mut desk = Desk::sized(&[3, 3]);
    desk.done(&["init"]);
    desk.write(
        "tabmap.toml",
        "[tableau]\nsource = 'metadata'\nsites = ['Site1']\n[[tableau.site]]\nname = 'Site2'\nsource = 'rest'\n",
    );
    desk.unset("TABLEAU_SITE");
    assert_eq!(texts(&reports(&desk, &[], 0), "source"), ["metadata", "rest"]);
    assert_eq!(texts(&reports(&desk, &["--source", "metadata"], 0), "source"), ["metadata"; 2]);
    desk.set("TABMAP_SOURCE", "rest");
    assert_eq!(texts(&reports(&desk, &[], 0), "source"), ["rest"; 2]);
}

#[test]
fn sites_that_fail_leave_the_others_alone_and_are_named_in_errors_and_log() {
    let mut desk = Desk::sized(&[30, 3, 30, 3]);
    desk.sign_in_as_app().done(&["init"]);
    desk.tableau.set_latency(Duration::from_millis(20));
    for site in ["Site1", "Site4"] {
        let luid = desk.tableau.site_luid(site);
        let refused = Effect::RestError {
            code: 429_000,
            headers: [("Retry-After".to_owned(), "1800".to_owned())].into(),
        };
        desk.tableau.arm(Fault::on(Endpoint::Workbooks, refused).containing(luid));
    }
    let luid = desk.tableau.site_luid("Site3");
    desk.tableau.arm(Fault::on(Endpoint::Datasources, Effect::Reset).containing(luid).once());
    let answer = desk.run(&["sync"]);
    answer.refused(1, &["  site: Site1\n", "  site: Site4\n", "sync{site=Site3}: no answer from Tableau"]);
    let of =
        |site: &str| answer.stdout.find(&format!("{site}: ")).unwrap_or_else(|| panic!("{}", answer.stdout));
    assert!(of("Site1") < of("Site2") && of("Site2") < of("Site3") && of("Site3") < of("Site4"));
    assert_eq!(answer.stdout.matches("failed, nothing was written").count(), 2);
    for (site, is_synced) in [("Site1", false), ("Site2", true), ("Site3", true), ("Site4", false)] {
        assert_eq!(desk.mapped(site) == desk.present(site), is_synced, "{site}");
    }
    assert_eq!(desk.tableau.live_sessions(), 0);

    let log = desk.run(&["sync", "--log-format", "json"]).stderr;
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let errors: Vec<_> = lines.filter(|line| line["level"] == "ERROR").collect();
    let mut sites: Vec<_> =
        errors.iter().map(|line| line["span"]["site"].as_str().unwrap_or("none")).collect();
    sites.sort_unstable();
    assert_eq!(sites, ["Site1", "Site4"], "{log}");
}

#[test]
fn incomplete_site_beside_a_failed_one_counts_as_failure() {
    let mut desk = Desk::sized(&[30, 30]);
    desk.done(&["backfill"]);
    let luid = desk.tableau.site_luid("Site2");
    desk.tableau.arm(Fault::on(Endpoint::Datasources, Effect::TotalCount { total: 99 }).containing(luid));
    desk.set("TABMAP_SOURCE", "rest");
    assert_eq!(texts(&reports(&desk, &[], 4), "outcome"), ["unchanged"; 2]);
    desk.set("TABLEAU_SITE", "Site1,Site2,Nowhere");
    assert_eq!(texts(&reports(&desk, &[], 1), "outcome"), ["unchanged", "unchanged", "failed"]);
}

#[test]
fn interrupted_sync_of_several_sites_ends_every_session_and_leaves_whole_sites() {
    let mut desk = Desk::sized(&[3, 30, 30, 30]);
    desk.sign_in_as_app().done(&["init"]);
    desk.done(&["sync", "--site", "Site1,Site2"]);
    let before = desk.query("SELECT * FROM API__TABLEAU__RESOURCES ORDER BY SITE_ID, RESOURCE_ID");
    for site in ["Site2", "Site3", "Site4"] {
        let luid = desk.tableau.site_luid(site);
        desk.tableau
            .arm(Fault::on(Endpoint::Workbooks, Effect::Delay { milliseconds: 60_000 }).containing(luid));
    }
    desk.tableau.clear_requests();
    let sync =
        desk.command(&["sync"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start tabmap");
    let begun = Instant::now();
    let asked = || desk.tableau.requests().iter().filter(|one| one.endpoint == Endpoint::Workbooks).count();
    while asked() < 4 {
        assert!(begun.elapsed() < Duration::from_secs(30), "{} listings", asked());
        std::thread::sleep(Duration::from_millis(20));
    }
    let killed = std::process::Command::new("kill").args(["-TERM", &sync.id().to_string()]).status();
    assert!(killed.expect("kill").success());
    let output = sync.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"), "{output:?}");
    assert_eq!(desk.tableau.live_sessions(), 0);
    let after = desk.query("SELECT * FROM API__TABLEAU__RESOURCES ORDER BY SITE_ID, RESOURCE_ID");
    assert_eq!(after, before);
}
