//! Bad input: a clear message that names the thing and the remedy, the right exit code, nothing written.

use tableau_simulator::{Content, Effect, Endpoint, Fault, Options, Simulator};
use test_support::desk::Desk;

#[test]
fn unknown_key_in_the_configuration_is_named_with_its_line() {
    let desk = Desk::empty();
    desk.write("tabmap.toml", "[tableau]\nserver = \"https://tableau.example.com\"\nsiets = [\"MySite\"]\n");
    desk.run(&["sync"]).refused(2, &["tabmap.toml", "line 3", "unknown field `siets`", "`sites`"]);
    desk.write("other.toml", "stoer = 1\n");
    desk.run(&["list", "--config", "other.toml"]).refused(2, &["other.toml", "`stoer`"]);
    desk.run(&["list", "--config", "missing.toml"]).refused(2, &["missing.toml", "No such file"]);
}

#[test]
fn missing_settings_are_named_with_the_place_to_set_them() {
    for (variable, words) in [
        ("TABLEAU_SERVER", ["the Tableau server is not set", "TABLEAU_SERVER"]),
        ("TABLEAU_SITE", ["the Tableau site is not set", "TABLEAU_SITE"]),
        ("TABLEAU_PAT_NAME", ["TABLEAU_PAT_NAME is not set", "TABLEAU_PAT_SECRET is set"]),
        ("TABLEAU_PAT_SECRET", ["TABLEAU_PAT_SECRET is not set", "TABLEAU_PAT_SECRET_FILE"]),
    ] {
        let mut desk = Desk::empty();
        desk.done(&["init"]);
        desk.unset(variable);
        desk.run(&["sync"]).refused(2, &words);
        desk.set(variable, "");
        desk.run(&["backfill"]).refused(2, &words);
    }
}

#[test]
fn secret_comes_from_a_variable_or_from_a_file_and_never_from_both() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    let secret = desk.tableau.pat().1.to_owned();
    let file = desk.write("secret", &format!("{secret}\n"));
    desk.set("TABLEAU_PAT_SECRET_FILE", file.display().to_string());
    let answer = desk.run(&["sync"]);
    answer.refused(2, &["both TABLEAU_PAT_SECRET and TABLEAU_PAT_SECRET_FILE are set"]);
    assert!(!answer.stderr.contains(&secret));
    desk.unset("TABLEAU_PAT_SECRET");
    desk.done(&["sync"]);
    desk.set("TABLEAU_PAT_SECRET_FILE", "missing");
    desk.run(&["sync"]).refused(2, &["`missing`", "TABLEAU_PAT_SECRET_FILE"]);
}

#[test]
fn wrong_secret_and_unknown_site_are_refused_without_a_second_try() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.set("TABLEAU_PAT_SECRET", "wrong");
    let answer = desk.run(&["sync"]);
    answer.refused(1, &["refused to sign in to site `MySite`", "401001", "not used for 15 days"]);
    let sign_ins = desk.tableau.requests().iter().filter(|request| request.path.ends_with("/signin")).count();
    assert_eq!(sign_ins, 1);
    assert_eq!(desk.query("SELECT COUNT(*) FROM API__TABLEAU__SYNC_RUNS"), ["0"]);

    let secret = desk.tableau.pat().1.to_owned();
    desk.set("TABLEAU_PAT_SECRET", secret);
    desk.run(&["sync", "--site", "Nowhere"]).refused(1, &["site `Nowhere`"]);
    desk.run(&["sync", "--site", "my site"]).refused(2, &["--site", "`my site`"]);
}

#[test]
fn refused_sign_in_is_explained_by_the_kind_of_credentials() {
    let mut desk = Desk::empty();
    desk.done(&["init"]);
    desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
    desk.set("TABLEAU_USERNAME", "analyst").set("TABLEAU_PASSWORD", "wrong-password");
    let answer = desk.run(&["sync"]);
    answer.refused(1, &["401001", "identity provider", "personal access token or a connected app"]);
    assert!(!answer.stderr.contains("15 days"), "{}", answer.stderr);
    desk.unset("TABLEAU_USERNAME").unset("TABLEAU_PASSWORD");
    desk.set("TABLEAU_JWT_CLIENT_ID", "no-such-app").set("TABLEAU_JWT_SECRET_ID", "key");
    desk.set("TABLEAU_JWT_SECRET", "not-the-secret").set("TABLEAU_JWT_USERNAME", "analyst");
    let answer = desk.run(&["sync"]);
    answer.refused(1, &["(126)", "no connected app `no-such-app`"]);
    assert!(!answer.stderr.contains("15 days"), "{}", answer.stderr);
}

#[test]
fn token_that_expires_soon_is_warned_of_once_with_its_name() {
    for (lifetime, warnings) in [("13:23:59", 1), ("14:00:00", 0), ("361:30:30", 0), ("soon", 0)] {
        let content = r#"{"sites": [{"content_url": "One"}, {"content_url": "Two"}]}"#;
        let content = Content::from_json(content).expect("valid content");
        let options = Options { content, token_lifetime: lifetime.to_owned(), ..Options::default() };
        let desk = Desk::at(Simulator::start(options).expect("start the simulator"));
        desk.done(&["init"]);
        let answer = desk.run(&["sync"]);
        assert_eq!(answer.exit, 0, "{}", answer.stderr);
        assert_eq!(answer.stderr.matches("expires soon").count(), warnings, "{lifetime}: {}", answer.stderr);
        assert_eq!(answer.stderr.matches("simulator").count(), warnings, "{lifetime}: {}", answer.stderr);
    }
}

#[test]
fn two_ways_to_sign_in_are_one_too_many() {
    let mut desk = Desk::empty();
    desk.done(&["init"]);
    desk.set("TABLEAU_USERNAME", "analyst").set("TABLEAU_PASSWORD", "pass");
    desk.run(&["sync"]).refused(2, &["TABLEAU_PAT_NAME and TABLEAU_USERNAME are both set"]);
}

#[test]
fn plain_http_to_another_machine_is_refused_unless_it_is_allowed_by_name() {
    let mut desk = Desk::empty();
    desk.done(&["init"]);
    desk.set("TABLEAU_SERVER", "http://tableau.example.invalid");
    desk.run(&["sync"]).refused(2, &["http://tableau.example.invalid", "plain http", "allow_http"]);
    desk.write("tabmap.toml", "[tableau]\nallow_http = [\"tableau.example.invalid\"]\n");
    let answer = desk.run(&["resolve", "workbook", "Sales"]);
    assert_eq!(answer.exit, 3, "{}", answer.stderr);
    for address in ["ftp://host", "https://user:pass@host", "https://", "::"] {
        desk.set("TABLEAU_SERVER", address);
        desk.run(&["sync"]).refused(2, &["TABLEAU_SERVER is not valid"]);
    }
}

#[test]
fn stores_and_limits_that_make_no_sense_are_usage_errors() {
    let mut desk = Desk::empty();
    desk.run(&["list", "--store", "postgres:map"]).refused(2, &["--store", "`postgres:map`", "sqlite:FILE"]);
    desk.set("TABMAP_STORE", "sqlite:");
    desk.run(&["list"]).refused(2, &["TABMAP_STORE"]);
    desk.unset("TABMAP_STORE");
    desk.write("tabmap.toml", "[limits]\nmax_removed = \"lots\"\n");
    desk.run(&["list"]).refused(2, &["`lots`", "max_removed"]);
    assert_eq!(desk.run(&["sync", "--max-removed", "120%"]).exit, 2);
    assert_eq!(desk.run(&["sync", "--exit-code"]).exit, 2, "needs --dry-run");
}

#[test]
fn server_that_is_not_tableau_is_named_as_such() {
    let mut desk = Desk::empty();
    desk.done(&["init"]);
    let page = "<html><body>It works!</body></html>";
    let answer = |status, headers: &[(&str, &str)]| Effect::Status {
        status,
        body: page.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    for (effect, word) in [
        (answer(200, &[]), "It works!"),
        (answer(404, &[]), "HTTP 404"),
        (
            answer(302, &[("Location", "https://elsewhere.example.com/")]),
            "redirects to `https://elsewhere.example.com`",
        ),
    ] {
        desk.tableau.clear_faults();
        desk.tableau.arm(Fault::on(Endpoint::ServerInfo, effect));
        desk.run(&["sync"]).refused(1, &[word, "TABLEAU_SERVER"]);
    }
    desk.set("TABLEAU_CA_BUNDLE", "missing.pem");
    desk.run(&["sync"]).refused(2, &["missing.pem", "PEM"]);
}

#[test]
fn secret_in_the_wrong_place_is_not_repeated() {
    let mut desk = Desk::empty();
    desk.write("tabmap.toml", "[tableau]\npat_secret = \"in-the-wrong-place-1234\"\n");
    let answer = desk.run(&["sync", "-vvv"]);
    answer.refused(2, &["line 2", "`pat_secret`"]);
    assert!(!answer.stderr.contains("in-the-wrong-place-1234"), "{}", answer.stderr);
    std::fs::remove_file(desk.path("tabmap.toml")).expect("remove the file");
    desk.set("TABLEAU_SERVER", "https://user:hunter2@host:port");
    let answer = desk.run(&["sync", "-vvv"]);
    answer.refused(2, &["TABLEAU_SERVER is not valid"]);
    assert!(!answer.stderr.contains("hunter2"), "{}", answer.stderr);
}

#[test]
fn addresses_with_a_password_are_not_repeated() {
    let desk = Desk::empty();
    for arguments in [
        ["list", "--store", "snowflake://user:hunter2@account/db"].as_slice(),
        &["list", "--store", "mysql://user:hunter2@host/db"],
        &["resolve", "https://user:hunter2@host/#/site/MySite/workbooks/1"],
        &["sync", "--site", "https://user:hunter2@host/#/site/MySite/home"],
    ] {
        let answer = desk.run(arguments);
        assert_eq!(answer.exit, 2, "{arguments:?}: {}", answer.stderr);
        assert!(!answer.stderr.to_lowercase().contains("hunter2"), "{}", answer.stderr);
    }
}

#[test]
fn empty_secret_file_is_named() {
    let mut desk = Desk::empty();
    let file = desk.write("empty", "\n");
    desk.unset("TABLEAU_PAT_SECRET").set("TABLEAU_PAT_SECRET_FILE", file.display().to_string());
    desk.run(&["sync"]).refused(2, &["TABLEAU_PAT_SECRET_FILE", "is empty"]);
}

#[test]
fn blank_site_on_the_command_line_never_means_every_site() {
    let desk = Desk::generated(2, 3, 0);
    desk.done(&["init"]);
    desk.done(&["sync"]);
    for command in [["list"].as_slice(), &["resolve", "workbook", "Sales"], &["sync"], &["check", "."]] {
        let arguments = [command, &["--site", ""]].concat();
        desk.run(&arguments).refused(2, &["--site is not valid", "empty"]);
    }
}

#[test]
fn site_by_an_address_on_another_server_is_refused() {
    let desk = Desk::empty();
    let address = "https://other.example.com/#/site/MySite/home";
    desk.run(&["sync", "--site", address]).refused(2, &["`other.example.com`", "TABLEAU_SERVER is"]);
}

#[test]
fn errors_are_json_where_the_log_is() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.set("TABLEAU_PAT_SECRET", "wrong");
    let answer = desk.run(&["sync", "--log-format", "json"]);
    assert_eq!(answer.exit, 1);
    for line in answer.stderr.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(line["code"], "tabmap::tableau::sign_in", "{line}");
        assert!(line["message"].as_str().is_some_and(|text| text.contains("401001")), "{line}");
        assert!(line["help"].as_str().is_some_and(|text| text.contains("15 days")), "{line}");
    }
}

#[test]
fn comma_at_the_end_of_the_sites_names_no_site() {
    let mut desk = Desk::generated(1, 3, 0);
    desk.done(&["init"]);
    desk.set("TABLEAU_SITE", "MySite, ");
    let report: serde_json::Value =
        serde_json::from_str(&desk.done(&["sync", "--format", "json"])).expect("JSON");
    assert_eq!(report["sites"].as_array().expect("sites").len(), 1);
    desk.set("TABLEAU_SITE", ",");
    desk.run(&["sync"]).refused(2, &["the Tableau site is not set"]);
}
