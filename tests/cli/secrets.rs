//! Secrets never reach stdout, stderr, a file or a table, at any log level, in success and in failure.

use std::fs;
use std::path::Path;

use tableau_simulator::{Effect, Endpoint, Fault, GraphqlProblem};
use test_support::desk::Desk;

const COMMANDS: &[&[&str]] = &[
    &["init"],
    &["sync"],
    &["sync", "--dry-run"],
    &["sync", "--record", "recorded.json"],
    &["backfill"],
    &["list"],
    &["config"],
    &["config", "--format", "json"],
    &["doctor"],
    &["doctor", "--format", "json"],
    &["history"],
    &["list", "--format", "json"],
    &["check", "."],
    &["check", "--offline", "."],
    &["refresh", "workbook", "Revenue", "--project", "default"],
    &["refresh", "workbook", "No such thing"],
    &["serve", "--list-failed"],
    &["resolve", "workbook", "Revenue"],
    &["resolve", "workbook", "No such thing"],
    &["sync", "--site", "Nowhere"],
    &["sync", "--max-removed", "nonsense"],
];

struct Watch {
    secrets: Vec<String>,
}

impl Watch {
    fn look(&self, text: &str, place: &str) {
        for secret in &self.secrets {
            assert!(!text.contains(secret.as_str()), "a secret is in {place}:\n{text}");
        }
    }

    fn look_into_files(&self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let text = String::from_utf8_lossy(&fs::read(&path).expect("the file")).into_owned();
                self.look(&text, &path.display().to_string());
            }
        }
    }

    /// Runs every command, in both forms of the log, and looks at everything that comes of it.
    fn over(&mut self, desk: &Desk) {
        for command in COMMANDS {
            for log in ["text", "json"] {
                let arguments: Vec<&str> =
                    command.iter().copied().chain(["-vvv", "--log-format", log]).collect();
                let answer = desk.run(&arguments);
                // Session tokens are secrets too, and new with every sign-in.
                let requests = desk.tableau.requests();
                let tokens = requests.iter().filter_map(|request| request.headers.get("x-tableau-auth"));
                self.secrets.extend(tokens.cloned());
                self.secrets.sort();
                self.secrets.dedup();
                self.look(&answer.stdout, &format!("stdout of {arguments:?}"));
                self.look(&answer.stderr, &format!("stderr of {arguments:?}"));
                self.look_into_files(desk.folder.path());
            }
        }
        assert!(self.secrets.len() > 3, "session tokens were seen");
    }
}

#[test]
fn token_and_session_are_not_shown_by_any_command_in_success_or_failure() {
    let desk = Desk::generated(1, 5, 5);
    let mut watch = Watch { secrets: vec![desk.tableau.pat().1.to_owned()] };
    watch.over(&desk);
    for fault in [
        Fault::on(Endpoint::SignIn, Effect::RestError { code: 401_001, headers: [].into() }),
        Fault::on(Endpoint::SignIn, Effect::CutBody),
        Fault::on(Endpoint::Metadata, Effect::KillSession),
        Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem: GraphqlProblem::AccessDenied }),
        Fault::on(Endpoint::Metadata, Effect::GatewayPage),
        Fault::on(Endpoint::SignOut, Effect::Reset),
    ] {
        desk.tableau.clear_faults();
        desk.tableau.arm(fault);
        let answer = desk.run(&["sync", "-vvv"]);
        watch.look(&answer.stdout, "stdout");
        watch.look(&answer.stderr, "stderr");
    }
    desk.tableau.clear_faults();
    // A sign-in's answer that cannot be read still holds a token.
    let body = r#"{"credentials": {"token": "ABCDEFGH|secret-session-token", "site": 7}}"#;
    desk.tableau.arm(Fault::on(
        Endpoint::SignIn,
        Effect::Status { status: 200, body: body.to_owned(), headers: [].into() },
    ));
    watch.secrets.push("secret-session-token".to_owned());
    let answer = desk.run(&["sync", "-vvv"]);
    answer.refused(1, &["not shown"]);
    watch.look(&answer.stderr, "stderr");
}

#[test]
fn password_and_connected_app_are_not_shown_by_any_command() {
    let mut desk = Desk::generated(1, 5, 5);
    let options = desk.tableau.options().clone();
    desk.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
    desk.set("TABLEAU_USERNAME", &options.username).set("TABLEAU_PASSWORD", &options.password);
    Watch { secrets: vec![options.password.clone()] }.over(&desk);

    desk.unset("TABLEAU_USERNAME").unset("TABLEAU_PASSWORD");
    let app = options.connected_app;
    desk.set("TABLEAU_JWT_CLIENT_ID", &app.client_id).set("TABLEAU_JWT_SECRET_ID", &app.secret_id);
    desk.set("TABLEAU_JWT_USERNAME", &options.username);
    let file = tempfile::NamedTempFile::new().expect("a file outside the folder");
    fs::write(file.path(), &app.secret).expect("write the secret");
    desk.set("TABLEAU_JWT_SECRET_FILE", file.path().display().to_string());
    Watch { secrets: vec![app.secret.clone(), "eyJ".to_owned()] }.over(&desk);
}
