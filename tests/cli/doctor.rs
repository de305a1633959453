//! `doctor`: each thing that it looks at is broken here once, and its remedy is read.

use std::process::{Command, Stdio};

use serde_json::Value;
use tableau_simulator::{Content, Effect, Endpoint, Fault, Options, Simulator};
use test_support::desk::{Answer, Desk};
use test_support::gateway::Gateway;

mod content;
mod store;

/// A desk in front of a server of this kind, with an empty map.
fn desk(options: Options) -> Desk {
    let desk = bare(options);
    desk.done(&["init"]);
    desk
}

/// The same without a map.
fn bare(options: Options) -> Desk {
    let content = Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content");
    Desk::at(Simulator::start(Options { content, ..options }).expect("start the simulator"))
}

/// What the doctor says: its exit code, and its checks.
struct Said {
    exit: i32,
    checks: Vec<Value>,
}

fn doctor(desk: &Desk) -> Said {
    doctor_with(desk, &[])
}

fn doctor_with(desk: &Desk, more: &[&str]) -> Said {
    Said::of(&desk.run(&[&["doctor", "--format", "json"], more].concat()))
}

impl Said {
    fn of(answer: &Answer) -> Self {
        let document: Value = serde_json::from_str(&answer.stdout)
            .unwrap_or_else(|error| panic!("{error}\n{}{}", answer.stdout, answer.stderr));
        assert_eq!(document["format_version"], 1);
        let checks = document["checks"].as_array().expect("checks").clone();
        let count = |status: &str| checks.iter().filter(|check| check["status"] == status).count();
        assert_eq!(document["problems"], count("problem"));
        assert_eq!(document["warnings"], count("warning"));
        assert_eq!(answer.exit, if count("problem") > 0 { 3 } else { 0 }, "{document:#}");
        for check in &checks {
            let needs_remedy =
                ["problem", "warning", "unknown"].iter().any(|status| check["status"] == **status);
            assert!(!needs_remedy || check["remedy"].is_string(), "{check:#}");
            assert!(!check["evidence"].as_array().expect("evidence").is_empty(), "{check:#}");
        }
        Self { exit: answer.exit, checks }
    }

    #[track_caller]
    fn check(&self, name: &str) -> &Value {
        let mut found = self.checks.iter().filter(|check| check["name"] == name);
        found.next().unwrap_or_else(|| panic!("no check `{name}` in {:#?}", self.checks))
    }

    /// A check came out so, and evidence and remedy together say all of `words`.
    #[track_caller]
    fn says(&self, name: &str, status: &str, words: &[&str]) -> &Self {
        let check = self.check(name);
        let text = check.to_string();
        assert_eq!(check["status"], status, "{check:#}");
        for word in words {
            assert!(text.contains(word), "`{word}` is missing in {check:#}");
        }
        self
    }

    /// Checks that are skipped, and for want of what.
    #[track_caller]
    fn skips(&self, needed: &str, names: &[&str]) -> &Self {
        for name in names {
            self.says(name, "skipped", &[needed]);
        }
        self
    }
}

#[test]
fn all_is_well_on_a_good_server_and_each_check_says_what_it_saw() {
    let desk = desk(Options::default());
    let said = doctor(&desk);
    said.says("configuration", "ok", &["tableau.server = http://127.0.0.1", "(TABLEAU_SERVER)"])
        .says("configuration", "ok", &["TABLEAU_PAT_SECRET = (set, not shown) (TABLEAU_PAT_SECRET)"])
        .says("tableau-credentials", "ok", &["personal access token `simulator`"])
        .says("tableau-sites", "ok", &["1 site: `MySite`"])
        .says("tableau-proxy", "ok", &["none"])
        .says("tableau-dns", "ok", &["127.0.0.1"])
        .says("tableau-tls", "note", &["plain http"])
        .says("tableau-version", "ok", &["Tableau 2026.2.0, REST API 3.29"])
        .says("tableau-clock", "ok", &["agrees"])
        .says("sign-in", "ok", &["expires in 361 days"])
        .says("role", "ok", &["`analyst`", "ServerAdministrator"])
        .says("token-holder", "ok", &["nobody else"]);
    assert_eq!(said.check("role")["site"], "MySite");
    assert_eq!(said.check("tableau-dns")["site"], Value::Null);
    assert_eq!(desk.tableau.live_sessions(), 0, "signed out");
}

#[test]
fn text_shows_each_check_with_evidence_and_remedy_and_no_secret() {
    let mut desk = desk(Options::default());
    desk.set("TABLEAU_PAT_SECRET", "hush-hush");
    let answer = desk.run(&["doctor"]);
    answer.exit_is(3);
    let text = &answer.stdout;
    assert!(!text.contains("hush"), "{text}");
    let problem =
        "problem  sign-in (site `MySite`)\n           Tableau refused to sign in to site `MySite` (401001";
    assert!(text.contains(problem), "{text}");
    assert!(text.contains("\n           help: check the name and the secret of the token"), "{text}");
    assert!(
        text.contains(
            "skipped  role (site `MySite`)\n           `sign-in` failed, and this check needs it\n"
        ),
        "{text}"
    );
    assert!(text.lines().last().expect("a summary").contains("1 problem"), "{text}");
}

#[test]
fn what_is_not_set_is_named_and_what_needs_it_is_skipped() {
    let mut desk = desk(Options::default());
    desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_SITE");
    doctor(&desk)
        .says("tableau-credentials", "problem", &["TABLEAU_PAT_NAME is not set", "TABLEAU_PAT_SECRET is set"])
        .says("tableau-sites", "problem", &["the Tableau site is not set", "TABLEAU_SITE"])
        .says("tableau-version", "ok", &["3.29"])
        .skips("`tableau-credentials`", &["sign-in"])
        .skips("`sign-in`", &["role", "token-holder"]);
    desk.unset("TABLEAU_SERVER");
    doctor(&desk)
        .says("tableau-server", "problem", &["the Tableau server is not set", "TABLEAU_SERVER"])
        .skips("`tableau-server`", &["tableau-proxy", "tableau-dns"])
        .skips("`tableau-proxy`", &["tableau-tls"])
        .skips("`tableau-tls`", &["tableau-version", "tableau-clock"]);
    desk.set("TABLEAU_SERVER", "http://tableau.example.com");
    let answer = desk.run(&["doctor"]);
    answer.refused(2, &["plain http"]);
    desk.set("TABLEAU_SERVER", "https://tableau.example.com").set("TABLEAU_CA_BUNDLE", "no-such.pem");
    doctor(&desk).says("tableau-server", "problem", &["no-such.pem", "must be a PEM file"]);
}

#[test]
fn server_that_only_the_repository_names_gets_no_credentials_from_a_ci_job() {
    let mut desk = desk(Options::default());
    desk.write("tabmap.toml", &format!("[tableau]\nserver = '{}'\n", desk.tableau.url()));
    desk.unset("TABLEAU_SERVER").set("CI", "true");
    doctor(&desk).says("tableau-server", "problem", &["part of the repository", "set TABLEAU_SERVER"]);
    assert!(desk.tableau.requests().is_empty());
}

#[test]
fn name_without_an_address_is_told_from_a_proxy_that_does_not_answer() {
    let mut desk = desk(Options::default());
    // A label this long has no address anywhere, and nobody is asked for it.
    let name = "a".repeat(70);
    desk.set("TABLEAU_SERVER", format!("https://{name}"));
    doctor(&desk)
        .says("tableau-dns", "problem", &["cannot be resolved", "check the spelling of TABLEAU_SERVER"])
        .skips("`tableau-dns`", &["tableau-tls"]);
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    desk.set("HTTPS_PROXY", format!("http://me:hush@{free}"));
    let said = doctor(&desk);
    said.says(
        "tableau-proxy",
        "problem",
        &[&format!("http://{free}"), "accepts no connection", "HTTPS_PROXY"],
    )
    .says("tableau-dns", "note", &["the proxy resolves it"])
    .skips("`tableau-proxy`", &["tableau-tls"]);
    assert!(said.checks.iter().all(|check| !check.to_string().contains("hush")));
    desk.unset("HTTPS_PROXY").set("TABLEAU_SERVER", format!("http://{free}"));
    doctor(&desk).says("tableau-tls", "problem", &["did not answer", "nothing listens there"]);
}

#[test]
fn certificate_is_judged_and_each_slip_has_its_remedy() {
    let mut desk = desk(Options::default());
    let gateway = Gateway::before(desk.tableau.url(), "localhost");
    let port = gateway.address.port();
    desk.set("TABLEAU_SERVER", format!("https://localhost:{port}"));
    doctor(&desk)
        .says("tableau-tls", "problem", &["UnknownIssuer", "set TABLEAU_CA_BUNDLE"])
        .skips("`tableau-tls`", &["tableau-version", "tableau-clock"]);
    let authority = desk.write("ca.pem", &gateway.authority);
    desk.set("TABLEAU_CA_BUNDLE", authority.to_str().expect("text"));
    doctor(&desk).says("tableau-tls", "ok", &["trusted"]).says("sign-in", "ok", &[]);
    let (proxy, asked) = gateway.proxy();
    desk.set("HTTPS_PROXY", format!("http://{proxy}"));
    doctor(&desk).says("tableau-proxy", "ok", &[&format!("http://{proxy}")]).says("sign-in", "ok", &[]);
    assert!(!asked.lock().expect("the log").is_empty());
    desk.unset("HTTPS_PROXY").set("TABLEAU_SERVER", format!("https://127.0.0.1:{port}"));
    doctor(&desk).says(
        "tableau-tls",
        "problem",
        &["not valid for name", "by a name that its certificate has"],
    );
    desk.set("TABLEAU_SERVER", desk.tableau.url().replace("http://", "https://"));
    doctor(&desk).says("tableau-tls", "problem", &["without TLS"]);
}

#[test]
fn something_else_than_tableau_and_an_old_server_are_told() {
    let desk = desk(Options::default());
    desk.tableau.arm(Fault::on(Endpoint::ServerInfo, Effect::GatewayPage));
    doctor(&desk)
        .says("tableau-tls", "note", &[])
        .says("tableau-version", "problem", &["502", "does not look like Tableau"])
        .skips("`tableau-version`", &["sign-in"]);
    for (from, to, status, word) in
        [("3.29", "3.5", "warning", "upgrade the server"), ("3.29", "3.99", "note", "up to 3.29")]
    {
        desk.tableau.clear_faults();
        let (from, to) = (format!("\"{from}\""), format!("\"{to}\""));
        desk.tableau.arm(Fault::on(Endpoint::ServerInfo, Effect::Rewrite { from, to }));
        doctor(&desk).says("tableau-version", status, &[word]);
    }
}

#[test]
fn clock_that_is_off_is_measured_by_the_servers() {
    for (seconds, status) in [(20, "warning"), (120, "problem")] {
        let ahead = std::time::Duration::from_secs(seconds);
        let desk = desk(Options { date_ahead: ahead, ..Options::default() });
        doctor(&desk).says("tableau-clock", status, &["seconds behind the clock of Tableau", "NTP"]);
    }
}

#[test]
fn token_that_ends_soon_and_a_role_that_sees_too_little_are_warned_of() {
    let desk = desk(Options { token_lifetime: "3:00:00".to_owned(), ..Options::default() });
    doctor(&desk).says("sign-in", "warning", &["expires in 3 days", "make a new token"]);
    for (role, status, word) in [
        ("Explorer", "warning", "without an administrator's role"),
        ("Viewer", "warning", "may not start refreshes"),
        ("Unlicensed", "problem", "sees nothing"),
    ] {
        desk.tableau.clear_faults();
        let (from, to) = ("ServerAdministrator".to_owned(), role.to_owned());
        desk.tableau.arm(Fault::on(Endpoint::Session, Effect::Rewrite { from, to }));
        doctor(&desk).says("role", status, &[role, word, "Site Administrator Explorer"]);
    }
    desk.tableau.clear_faults();
    desk.tableau.arm(Fault::on(
        Endpoint::Session,
        Effect::Rewrite { from: "siteRole".to_owned(), to: "x".to_owned() },
    ));
    doctor(&desk).says("role", "unknown", &["does not say", "look the role up"]);
}

#[test]
fn another_holder_of_the_token_is_noticed_and_other_ways_to_sign_in_are_named() {
    let mut desk = desk(Options::default());
    desk.tableau.arm(Fault::on(Endpoint::Session, Effect::KillSession).skip(1));
    doctor(&desk).says("token-holder", "problem", &["`simulator`", "ended 1 time", "token of its own"]);
    desk.tableau.clear_faults();
    let options = desk.tableau.options().clone();
    desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
    desk.set("TABLEAU_USERNAME", &options.username).set("TABLEAU_PASSWORD", &options.password);
    doctor(&desk).says("sign-in", "ok", &["user `analyst` with a password"]).says(
        "token-holder",
        "ok",
        &["do not end each other"],
    );
    desk.unset("TABLEAU_USERNAME").unset("TABLEAU_PASSWORD");
    desk.set("TABLEAU_JWT_CLIENT_ID", &options.connected_app.client_id);
    desk.set("TABLEAU_JWT_SECRET_ID", &options.connected_app.secret_id);
    desk.set("TABLEAU_JWT_SECRET", &options.connected_app.secret)
        .set("TABLEAU_JWT_USERNAME", &options.username);
    doctor(&desk).says("sign-in", "ok", &["connected app", "for the user `analyst`"]);
    desk.set("TABLEAU_JWT_SECRET", "wrong");
    doctor(&desk).says("sign-in", "problem", &["401001", "belong together"]);
}

#[test]
fn checks_of_a_site_are_made_for_each_site() {
    let desk = Desk::generated(2, 3, 3);
    let sites = desk.tableau.sites();
    desk.done(&["init"]);
    desk.sync();
    let said = doctor(&desk);
    assert_eq!(said.exit, 0);
    for name in ["sign-in", "role", "token-holder", "last-sync", "ambiguous-keys"] {
        let of: Vec<_> = said.checks.iter().filter(|check| check["name"] == name).collect();
        assert_eq!(of.len(), sites.len(), "{name}");
        assert!(of.iter().all(|check| check["status"] == "ok"), "{of:#?}");
    }
}

#[test]
fn doctor_that_is_interrupted_signs_out_and_one_that_cannot_print_says_so() {
    let desk = desk(Options::default());
    desk.tableau.arm(Fault::on(Endpoint::Metadata, Effect::Delay { milliseconds: 20_000 }));
    let running =
        desk.command(&["doctor"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("start");
    while desk.tableau.requests().iter().all(|request| request.endpoint != Endpoint::Metadata) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let killed = Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let output = running.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    assert_eq!(desk.tableau.live_sessions(), 0);
    desk.tableau.clear_faults();
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a full disk");
    let output = desk.command(&["doctor"]).stdout(full).stderr(Stdio::piped()).output().expect("run");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("could not write the result"));
}
