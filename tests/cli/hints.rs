//! Messages that name the slip behind a failure.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use tableau_simulator::Kind;
use test_support::desk::Desk;

#[test]
fn map_that_is_not_there_is_explained_by_its_folder_and_the_store_stays_in_the_remedy() {
    let desk = Desk::empty();
    let folder = desk.folder.path().canonicalize().expect("the folder");
    let folder = folder.to_str().expect("text");
    desk.run(&["list"]).refused(1, &["no map yet", folder, "no tabmap.toml was found", "`tabmap init`"]);
    desk.write("tabmap.toml", "");
    desk.run(&["list", "--store", "sqlite:other.db"])
        .refused(1, &["`tabmap init --store sqlite:other.db`", "the settings of `tabmap.toml` were read"]);
    desk.run(&["sync", "--store", "sqlite:my map.db"]).refused(1, &["backfill --store 'sqlite:my map.db'`"]);
}

#[test]
fn empty_map_is_not_called_a_spelling_mistake() {
    let desk = Desk::empty();
    desk.done(&["init"]);
    let answer = desk.run(&["resolve", "workbook", "Sales"]);
    answer.refused(3, &["the map has no rows for that site", "tabmap sync"]);
    assert!(!answer.stderr.contains("must match"), "{}", answer.stderr);
    desk.run(&["resolve", "workbook", "Sales", "--site", "default"]).refused(3, &["`Default`"]);
    desk.run(&["sync", "--site", "default"])
        .refused(1, &["refused to sign in", "write `Default` for the Default site"]);
}

#[test]
fn store_in_memory_is_refused_as_is_an_empty_site_among_others() {
    let desk = Desk::empty();
    desk.run(&["list", "--store", "sqlite::memory:"]).refused(2, &["--store", "would be lost"]);
    for sites in ["MySite,", ",MySite", "MySite, ,Other"] {
        desk.run(&["sync", "--site", sites]).refused(2, &["--site", "one of the sites is empty"]);
    }
    desk.run(&["sync", "--site", ""]).refused(2, &["--site", "it is empty"]);
}

#[test]
fn quotes_and_blanks_around_a_secret_are_named_and_the_secret_is_not() {
    let mut desk = Desk::empty();
    for (secret, what) in
        [("\"hush\"", "quotes"), ("'hush'", "quotes"), (" hush", "blanks"), ("hush\r", "blanks")]
    {
        desk.set("TABLEAU_PAT_SECRET", secret);
        let answer = desk.run(&["sync", "--store", "sqlite:x.db"]);
        answer.refused(2, &["TABLEAU_PAT_SECRET", what]);
        assert!(!answer.stderr.contains("hush"), "{}", answer.stderr);
    }
    desk.unset("TABLEAU_PAT_SECRET");
    let file = desk.write("secret", "'hush'\n");
    desk.set("TABLEAU_PAT_SECRET_FILE", file.to_str().expect("text"));
    desk.run(&["sync"]).refused(2, &["TABLEAU_PAT_SECRET_FILE", "quotes"]);
}

#[test]
fn missing_half_of_a_token_is_named_with_the_half_that_is_set() {
    let mut desk = Desk::empty();
    desk.unset("TABLEAU_PAT_NAME");
    desk.run(&["sync"]).refused(2, &["TABLEAU_PAT_NAME is not set", "TABLEAU_PAT_SECRET is set"]);
    desk.unset("TABLEAU_PAT_SECRET");
    desk.run(&["sync"]).refused(2, &["no Tableau credentials are set", "TABLEAU_PAT_NAME"]);
    desk.set("TABLEAU_PASSWORD_FILE", "secret");
    desk.run(&["sync"]).refused(2, &["TABLEAU_USERNAME is not set", "TABLEAU_PASSWORD_FILE is set"]);
}

#[test]
fn https_to_a_port_of_plain_http_is_explained() {
    let mut desk = Desk::empty();
    desk.done(&["init"]);
    let address = desk.tableau.url().replace("http://", "https://");
    desk.set("TABLEAU_SERVER", address);
    desk.run(&["sync"]).refused(1, &["without TLS", "`http://`"]);
}

#[test]
fn backfill_of_a_map_that_is_right_claims_no_correction() {
    let desk = Desk::empty();
    for name in ["A", "B"] {
        desk.publish(Kind::Workbook, &["default"], name);
    }
    desk.done(&["backfill"]);
    let report = desk.report(&["backfill", "--format", "json"], 0);
    assert_eq!((&report["counts"]["corrected"], &report["rows_written"]), (&0.into(), &2.into()), "{report}");
    assert_eq!(desk.query("SELECT CORRECTED FROM API__TABLEAU__SYNC_RUNS"), ["0", "0"]);
    desk.map().execute_batch("UPDATE API__TABLEAU__RESOURCES SET VIZPORTAL_URL_ID = '7'").expect("an update");
    assert_eq!(desk.report(&["backfill", "--format", "json"], 0)["counts"]["corrected"], 2);
}

#[test]
fn refresh_of_a_workbook_that_was_renamed_says_its_new_name() {
    let desk = Desk::empty();
    let sales = desk.publish(Kind::Workbook, &["Finance"], "Sales");
    desk.done(&["backfill"]);
    desk.tableau.rename("MySite", Kind::Workbook, &sales, "Revenue");
    let words = ["workbook `Sales` in project `Finance`", "`Finance::Revenue` now", "tabmap sync"];
    desk.run(&["refresh", "workbook", "Sales"]).refused(3, &words);
}

#[test]
fn serve_listens_on_a_named_host_and_explains_one_that_is_not_there() {
    let mut desk = Desk::empty();
    desk.set("DBT_WEBHOOK_SECRET", "hush");
    desk.write(
        "tabmap.toml",
        "[serve]\nwindow = \"0s\"\n[webhook]\nrule = [{ job_id = 1, refresh = [{ workbook = \"Sales\" }] }]\n",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    desk.run(&["serve", "--listen", &format!("127.0.0.1:{port}")])
        .refused(1, &["another program uses the port"]);
    desk.run(&["serve", "--listen", "192.0.2.1:8080"]).refused(1, &["192.0.2.1:8080", "of this machine"]);
    for text in ["8080", "localhost", "http://localhost:8080"] {
        let answer = desk.run(&["serve", "--listen", text]);
        assert!(answer.exit == 2 && answer.stderr.contains("`localhost:8080`"), "{answer:?}");
    }
    let listening = desk.command(&["serve", "--listen", "localhost:0"]).stdout(Stdio::piped()).spawn();
    let mut listening = listening.expect("start tabmap");
    let mut line = String::new();
    let stdout = listening.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    listening.kill().expect("end it");
    listening.wait().expect("its end");
    assert!(line.starts_with("listening on http://"), "{line}");
}

#[test]
fn length_of_zero_is_refused_where_it_would_mean_nothing() {
    let desk = Desk::empty();
    desk.write("tabmap.toml", "[refresh]\ntimeout = \"0s\"\n");
    desk.run(&["list"]).refused(2, &["`0s` is no time at all"]);
}
