//! What a person sees: colour, links and progress where they are wanted, and plain text everywhere else.

use std::time::Duration;

use regex::Regex;
use tableau_simulator::{Effect, Endpoint, Fault, GraphqlProblem, JobPlan, Kind, Outcome};
use test_support::desk::Desk;
use test_support::terminal::written_to_terminal;

use crate::check::{desk_with_map, fixture};

/// What clears a line that is drawn over.
const CLEARED: &str = "\u{1b}[2K";

/// The map of three days, and a script with a stale LUID.
fn desk() -> Desk {
    let desk = desk_with_map();
    desk.write("dag.py", "workbook_id = \"00000101-0000-4000-8000-000000000101\"\n");
    desk
}

/// The text without what colours it.
fn plain(text: &str) -> String {
    Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern").replace_all(text, "").into_owned()
}

#[test]
fn colour_follows_the_variables_and_the_terminal() {
    for (variables, on_terminal, in_pipe) in [
        (&[("TERM", "xterm")][..], true, false),
        (&[], false, false),
        (&[("TERM", "dumb")], false, false),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], false, false),
        (&[("TERM", "xterm"), ("NO_COLOR", "")], true, false),
        (&[("TERM", "xterm"), ("CLICOLOR", "0")], false, false),
        (&[("TERM", "xterm"), ("CLICOLOR", "1")], true, false),
        (&[("CLICOLOR_FORCE", "1")], true, true),
        (&[("CLICOLOR_FORCE", "0")], false, false),
        (&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], true, true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
    ] {
        let mut desk = desk();
        for (name, value) in variables {
            desk.set(name, *value);
        }
        let (exit, screen) = written_to_terminal(&desk, 100, &["check", "--offline"]);
        assert_eq!((exit, screen.contains('\u{1b}')), (3, on_terminal), "{variables:?}: {screen}");
        let piped = desk.run(&["check", "--offline"]).stdout;
        assert_eq!(piped.contains('\u{1b}'), in_pipe, "{variables:?}: {piped}");
    }
}

#[test]
fn colour_adds_nothing_but_colour_to_findings_diffs_tables_reports_errors_and_the_log() {
    let mut desk = desk();
    desk.set("TABLEAU_SERVER", "http://127.0.0.1:1");
    let monday = fixture("monday.json").to_str().expect("a path of text").to_owned();
    desk.done(&["init", "--store", "sqlite:new.db"]);
    let commands: [&[&str]; 7] = [
        &["check", "--offline"],
        &["check", "--offline", "--fix", "--dry-run"],
        &["list"],
        &["history"],
        &["sync", "--store", "sqlite:new.db", "--dry-run", "--from", &monday, "--parallel", "1"],
        &["resolve", "workbook", "Nothing"],
        &["doctor"],
    ];
    for arguments in commands {
        desk.unset("CLICOLOR_FORCE");
        let without = desk.run(arguments);
        desk.set("CLICOLOR_FORCE", "1");
        let with = desk.run(arguments);
        assert!(!format!("{}{}", without.stdout, without.stderr).contains('\u{1b}'), "{arguments:?}");
        assert!(format!("{}{}", with.stdout, with.stderr).contains('\u{1b}'), "{arguments:?}: {with:?}");
        assert_eq!(with.exit, without.exit, "{arguments:?}");
        if arguments[0] != "doctor" {
            assert_eq!(plain(&with.stdout), without.stdout, "{arguments:?}");
            assert_eq!(plain(&with.stderr), without.stderr, "{arguments:?}");
        }
    }
    desk.set("TABLEAU_PAT_NAME", "ci").set("TABLEAU_PAT_SECRET", "not-a-real-secret");
    let log = desk.run(&["sync", "--store", "sqlite:new.db", "--site", "MySite"]).stderr;
    assert!(log.contains("\u{1b}[33m WARN"), "{log:?}");
    for arguments in [
        &["list", "--format", "csv"][..],
        &["list", "--format", "json"],
        &["check", "--offline", "--format", "github"],
    ] {
        assert!(!desk.run(arguments).stdout.contains('\u{1b}'), "{arguments:?}");
    }
}

/// A server whose Metadata API takes its time for each page, at a terminal.
fn slow(sizes: &[usize]) -> Desk {
    let mut desk = Desk::sized(sizes);
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::Delay { milliseconds: 200 }));
    desk.sign_in_as_app();
    desk.set("TERM", "xterm");
    desk.done(&["init"]);
    desk
}

#[test]
fn progress_tells_how_much_is_listed_how_fast_and_how_long_it_will_take_and_is_gone_in_the_end() {
    let desk = slow(&[4500]);
    let (exit, screen) = written_to_terminal(&desk, 100, &["sync"]);
    assert_eq!(exit, 0, "{screen}");
    let line = Regex::new(r"Site1: workbooks \d+ of \d+, \d+/s, \d+s left").expect("a pattern");
    assert!(line.is_match(&screen), "{screen:?}");
    let (_, after) = screen.rsplit_once(CLEARED).expect("lines that are drawn over");
    let after = plain(after);
    assert!(after.contains("Site1: 3000 workbooks, 1500 data sources\n"), "{after:?}");
    assert!(!after.contains(" left") && !after.contains('\u{1b}'), "{after:?}");
}

#[test]
fn progress_of_sites_side_by_side_has_a_line_for_each_and_a_warning_stands_above_them() {
    let desk = slow(&[3200, 3300]);
    let limit = Effect::GraphqlErrors { problem: GraphqlProblem::RateExceeded };
    desk.tableau.arm(Fault::on(Endpoint::Metadata, limit).skip(2).once());
    let (exit, screen) = written_to_terminal(&desk, 120, &["sync"]);
    assert_eq!(exit, 0, "{screen}");
    let both = Regex::new("Site1: \\w+ \\d+[^\u{1b}]*Site2: \\w+ \\d+").expect("a pattern");
    assert!(both.is_match(&screen), "{screen:?}");
    let above = Regex::new(
        "\u{1b}\\[2K\u{1b}\\[1A\u{1b}\\[2m[^ ]* [^ ]* WARN[^\n]* the Metadata API limits the rate",
    )
    .expect("a pattern");
    assert!(above.is_match(&screen), "{screen:?}");
    let (_, after) = screen.rsplit_once(CLEARED).expect("lines that are drawn over");
    assert!(after.contains("2 sites: 2 changed; 6500 rows written"), "{after:?}");
}

#[test]
fn progress_is_silent_in_ci_without_a_terminal_and_with_quiet() {
    for (variables, arguments) in
        [(&[("CI", "true")][..], &["sync"][..]), (&[("TERM", "dumb")], &["sync"]), (&[], &["-q", "sync"])]
    {
        let mut desk = slow(&[1500]);
        for (name, value) in variables {
            desk.set(name, *value);
        }
        let (exit, screen) = written_to_terminal(&desk, 100, arguments);
        assert_eq!(exit, 0, "{screen}");
        assert!(!screen.contains(" left") && !screen.contains(CLEARED), "{variables:?} {screen:?}");
    }
    let answer = slow(&[1500]).run(&["sync"]);
    assert_eq!((answer.exit, answer.stderr.as_str()), (0, ""));
}

#[test]
fn names_open_their_page_where_the_terminal_can_and_never_in_a_pipe() {
    let mut desk = Desk::empty();
    desk.publish(Kind::Workbook, &["Finance"], "Weekly Sales");
    desk.done(&["init"]);
    desk.sync();
    let number = desk.query("SELECT VIZPORTAL_URL_ID FROM API__TABLEAU__RESOURCES").remove(0);
    let page = format!("{}/#/site/MySite/workbooks/{number}", desk.tableau.url());
    let link = format!("\u{1b}]8;;{page}\u{1b}\\Weekly Sales\u{1b}]8;;\u{1b}\\");
    desk.set("TERM", "xterm");
    assert!(!written_to_terminal(&desk, 160, &["list"]).1.contains("\u{1b}]8"), "an unknown terminal");
    desk.set("VTE_VERSION", "7200");
    let screen = written_to_terminal(&desk, 160, &["list"]).1;
    assert!(screen.contains(&link), "{screen:?}");
    desk.set("CLICOLOR_FORCE", "1");
    assert!(!desk.done(&["list"]).contains("\u{1b}]8"), "a pipe");
    desk.unset("CLICOLOR_FORCE").set("NO_COLOR", "1");
    assert!(written_to_terminal(&desk, 160, &["list"]).1.contains(&link), "a link is no colour");
    desk.set("CI", "true");
    assert!(!written_to_terminal(&desk, 160, &["list"]).1.contains("\u{1b}]8"));
}

#[test]
fn every_report_ends_in_one_line_that_says_what_happened() {
    let last = |desk: &Desk, arguments: &[&str]| {
        let answer = desk.run(arguments);
        answer.stdout.lines().last().map(str::to_owned).unwrap_or_default()
    };
    let found = desk();
    assert!(
        last(&found, &["check", "--offline"]).ends_with(" checked (1 binary skipped), 1 reference found")
    );
    let desk = Desk::sized(&[3, 6]);
    desk.done(&["init"]);
    assert_eq!(last(&desk, &["sync"]), "2 sites: 2 changed; 9 rows written");
    assert_eq!(last(&desk, &["sync"]), "2 sites: 2 unchanged; 0 rows written");
    assert_eq!(last(&desk, &["sync", "--site", "Site1"]), "  unchanged: no row of the map was written");
    assert!(last(&desk, &["doctor"]).contains(" checks: "));
    for name in ["Costs", "Sales"] {
        desk.tableau.publish("Site1", Kind::Workbook, &["default"], name);
    }
    desk.sync();
    let soon = Duration::from_millis(20);
    desk.tableau.plan_jobs(JobPlan { pending: soon, running: soon, outcome: Outcome::Success });
    desk.write("tabmap.toml", "[refresh]\nfirst_poll = \"50ms\"\n");
    desk.write("both.toml", "[[refresh]]\nworkbook = \"Costs\"\n[[refresh]]\nworkbook = \"Sales\"\n");
    assert_eq!(
        last(&desk, &["refresh", "--site", "Site1", "--from", "both.toml"]),
        "2 refreshes: 2 succeeded"
    );
}
