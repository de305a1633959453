//! Files that somebody hands to the program.

use std::path::Path;

use miette::Diagnostic;
use toml::{Table, Value};

use crate::snapshot::Snapshot;
use crate::source::Source as _;
use crate::source::recording::Recording;
use crate::store::snowflake::connection::Connection;

pub(super) fn recording(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    if let Ok(read) = Recording::of_text(Path::new("recording.json"), text) {
        recorded_again(&read.server(), read.snapshots());
    }
}

/// What is recorded is read as the same, and recorded as the same text.
pub(super) fn recorded_again(server: &str, snapshots: &[Snapshot]) {
    let text = Recording::text_of(server, snapshots).expect("a recording");
    let read = Recording::of_text(Path::new("recording.json"), &text);
    let read = read.unwrap_or_else(|error| panic!("{error:?}: {text}"));
    assert_eq!(read.server(), server);
    let parts = |snapshot: &Snapshot| {
        let mut resources = snapshot.resources().to_vec();
        resources.sort_unstable();
        (snapshot.header.clone(), resources, snapshot.gone().cloned().collect::<Vec<_>>())
    };
    let all = |snapshots: &[Snapshot]| snapshots.iter().map(parts).collect::<Vec<_>>();
    assert_eq!(all(read.snapshots()), all(snapshots));
    assert_eq!(Recording::text_of(server, read.snapshots()).ok(), Some(text));
}

/// The keys of a connection that hold secrets.
const SECRETS: [&str; 7] = [
    "password",
    "passcode",
    "token",
    "private_key_raw",
    "private_key_passphrase",
    "private_key_file_pwd",
    "oauth_client_secret",
];
/// Shorter ones stand in any text by chance.
const SHORTEST: usize = 6;

/// As the variable that stands in for the file: the same parser, and no file.
pub(super) fn connection(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let environment = |name: &str| match name {
        "SNOWFLAKE_CONNECTIONS" => Some(text.to_owned()),
        "SNOWFLAKE_HOME" | "HOME" | "XDG_CONFIG_HOME" => Some("/nowhere".to_owned()),
        _ => None,
    };
    let sections = text.parse::<Table>();
    for name in [None, Some("other")] {
        let told = match Connection::find(name, &environment) {
            Ok(connection) => {
                assert!(connection.server.host_str().is_some_and(|host| !host.is_empty()), "{connection:?}");
                format!("{connection:?}")
            }
            Err(error) => {
                let help = error.help().map(|help| help.to_string()).unwrap_or_default();
                format!("{error}\n{help}\n{error:?}")
            }
        };
        match &sections {
            Ok(sections) => hides_secrets(sections, name.unwrap_or("default"), &told),
            // Nobody knows what of it is a secret.
            Err(_) => {
                assert!(told.starts_with("SNOWFLAKE_CONNECTIONS is not valid TOML") && told.len() < 400);
            }
        }
    }
}

/// No secret is told, unless it is something else too.
fn hides_secrets(sections: &Table, name: &str, told: &str) {
    let Some(Value::Table(section)) = sections.get(name) else { return };
    let mut others = Table::clone(sections);
    if let Some(Value::Table(section)) = others.get_mut(name) {
        section.retain(|key, _| !SECRETS.contains(&key));
    }
    let others = others.to_string();
    for secret in SECRETS.iter().filter_map(|key| section.get(*key)?.as_str()) {
        let is_known = others.contains(secret.trim());
        assert!(
            secret.trim().len() < SHORTEST || is_known || !told.contains(secret.trim()),
            "`{secret}` is told: {told}"
        );
    }
}
