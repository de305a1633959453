//! What goes wrong around the one start, and must neither start a second refresh nor call a running one failed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tableau_simulator::{Content, Effect, Endpoint, Fault, Kind, Options, Outcome, Simulator};

use super::{FAST, desk, plan, posts, refresh, with_options};
use crate::desk::Desk;

fn rest_error(code: u32) -> Effect {
    Effect::RestError { code, headers: [].into() }
}

/// Another server, with a workbook and a data source of the same names.
fn another_server() -> Simulator {
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    let other = Simulator::start(Options { content, ..Options::default() }).expect("start the simulator");
    other.publish("MySite", Kind::Workbook, &["default"], "Sales");
    other.publish("MySite", Kind::Datasource, &["default"], "Orders");
    other
}

#[test]
fn map_of_another_server_is_refused_before_anything_is_sent() {
    let (mut desk, sales, _) = desk();
    let other = another_server();
    desk.set("TABLEAU_SERVER", other.url());
    let several = "[[refresh]]\nworkbook = \"Sales\"\n[[refresh]]\ndatasource = \"Orders\"\n";
    desk.write("refs.toml", several);
    for arguments in [
        vec!["refresh", "workbook", "Sales"],
        vec!["refresh", &sales],
        vec!["refresh", "--from", "refs.toml"],
    ] {
        desk.run(&arguments).refused(1, &["this map belongs to the Tableau server"]);
    }
    assert_eq!((other.requests().len(), desk.tableau.requests().len()), (0, 0));
}

#[test]
fn session_that_is_taken_twice_at_the_start_is_named_as_the_cause() {
    let (desk, ..) = desk();
    desk.tableau.arm(Fault::on(Endpoint::Refresh, Effect::KillSession));
    desk.run(&["refresh", "workbook", "Sales"])
        .refused(1, &["the session was ended by someone else", "a token of its own"]);
    assert!(desk.tableau.jobs().is_empty());
}

fn until_jobs(desk: &Desk, count: usize) {
    let begun = Instant::now();
    while desk.tableau.jobs().len() < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "job {count} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

