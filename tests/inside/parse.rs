//! Every statement under a parser: sqlfluff, and a whitelist for the few that it does not know.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use tabmap::store::snowflake::TableNames;
use tabmap::store::snowflake::objects::{
    Alert, Container, NightlyRefresh, Objects, Packages, Recipients, Secrets, SnowflakeObjects, Wanted,
};
use test_support::venv;

use crate::files::{body, by_name, files};
use crate::whitelist;

/// What sqlfluff does not understand of each text.
fn sqlfluff(texts: &[String]) -> Vec<Option<String>> {
    let python = venv::python("sqlfluff", &["sqlfluff==4.5.0"]);
    let mut process = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inside/python/parse.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let document = serde_json::to_vec(texts).unwrap();
    process.stdin.take().unwrap().write_all(&document).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "sqlfluff failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What is wrong with each statement, by whoever knows it.
pub fn troubles(statements: &[String]) -> Vec<Option<String>> {
    let unknown = statements.iter().filter(|it| whitelist::check(it).is_none());
    let unknown: Vec<_> =
        unknown.map(|it| whitelist::job(it).map_or_else(|| it.clone(), |(task, _)| task)).collect();
    let mut parsed = sqlfluff(&unknown).into_iter();
    let mut trouble = |statement: &String| {
        if let Some(checked) = whitelist::check(statement) {
            return checked.err();
        }
        let job = || whitelist::job(statement).and_then(|(_, checked)| checked.err());
        parsed.next().unwrap().or_else(|| whitelist::unknown_task_property(statement)).or_else(job)
    };
    statements.iter().map(&mut trouble).collect()
}

/// The statements of a text without the comments before them; then what stands in their `$$`, unless it is Python.
fn statements(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut statement = String::new();
    for line in text.lines() {
        if statement.is_empty() && (line.is_empty() || line.starts_with("--")) {
            continue;
        }
        statement.push_str(line);
        statement.push('\n');
        if line.ends_with(';') && statement.matches("$$").count().is_multiple_of(2) {
            let inner = statement.split("$$").nth(1).filter(|_| {
                !statement.contains("LANGUAGE PYTHON") && !statement.contains("FROM SPECIFICATION")
            });
            let inner = inner.map(str::to_owned);
            found.push(std::mem::take(&mut statement).trim_end().trim_end_matches(';').to_owned());
            found.extend(inner);
        }
    }
    assert_eq!(statement, "", "a statement without an end");
    found
}

fn settings() -> SnowflakeObjects {
    SnowflakeObjects {
        alert: Some(Alert::Email(Recipients::One("data-team@example.com".to_owned()))),
        nightly: Some(NightlyRefresh::default()),
        ..SnowflakeObjects::default()
    }
}

/// The example, with the names that its reader puts in.
fn with_names(text: &str) -> String {
    text.replace("<your schema>", "\"RAW\".\"SALES\"").replace("<your table>", "\"RAW\".\"SALES\".\"ORDERS\"")
}

/// Each setting that changes a statement, in its other form.
fn other_settings() -> SnowflakeObjects {
    let webhook = "https://hooks.slack.com/services/SNOWFLAKE_WEBHOOK_SECRET".to_owned();
    SnowflakeObjects {
        packages: Packages::Anaconda,
        private_link: true,
        alert: Some(Alert::Webhook(webhook)),
        container: Some(Container::default()),
        ..settings()
    }
}

fn all_statements() -> Vec<String> {
    let forms = [settings(), other_settings()].map(|settings| files(&TableNames::default(), &settings));
    assert_eq!(forms.each_ref().map(BTreeMap::len), [10, 10]);
    let mut statements: Vec<_> =
        forms.iter().flat_map(BTreeMap::values).flat_map(|text| statements(&with_names(text))).collect();
    statements.sort_unstable();
    statements.dedup();
    statements
}

#[test]
fn every_statement_is_parsed() {
    let statements = all_statements();
    assert!(statements.len() > 60, "{}", statements.len());
    let by_whitelist = statements.iter().filter(|statement| whitelist::check(statement).is_some());
    assert_eq!(by_whitelist.count(), 11);
    for (statement, trouble) in statements.iter().zip(troubles(&statements)) {
        assert_eq!(trouble, None, "{statement}");
    }
}

#[test]
fn every_statement_is_parsed_with_names_full_of_quotes() {
    let nasty = |name: &str| format!("{name} \"of\" 'Söhne' \\ \u{1f5fa}");
    let tables = TableNames { database: nasty("base"), resources: nasty("map"), ..TableNames::default() };
    let settings = SnowflakeObjects {
        schema: nasty("schema"),
        sync_role: nasty("sync"),
        integration: nasty("way"),
        nightly: Some(NightlyRefresh { resource_name: "It's $$ \\".to_owned(), ..NightlyRefresh::default() }),
        ..settings()
    };
    let statements: Vec<_> =
        files(&tables, &settings).values().flat_map(|text| statements(&with_names(text))).collect();
    for (statement, trouble) in statements.iter().zip(troubles(&statements)) {
        assert_eq!(trouble, None, "{statement}");
    }
}

#[test]
fn seven_wrong_statements_meet_seven_refusals() {
    let all = all_statements();
    let wrong = [
        ("CREATE NETWORK RULE", "MODE = EGRESS", "MODE = EGRES"),
        ("CREATE SECRET", "TYPE = GENERIC_STRING", "TYPE = GENERIC_STRNG"),
        ("CREATE EXTERNAL ACCESS INTEGRATION", "ALLOWED_NETWORK_RULES", "ALLOWED_NETWORK_RULE"),
        ("ALTER EXTERNAL ACCESS INTEGRATION", "ALLOWED_AUTHENTICATION_SECRETS", "AUTHENTICATION_SECRETS"),
        ("CREATE OR REPLACE PROCEDURE", "EXTERNAL_ACCESS_INTEGRATIONS", "EXTERNAL_ACCESS_INTEGRATION"),
        ("CREATE TASK", "SCHEDULE", "SCHEDUL"),
        ("CREATE ALERT", "IF (EXISTS (", "WHEN (EXISTS ("),
    ];
    let statements = wrong.map(|(start, right, wrong)| {
        let found = all.iter().find(|statement| statement.starts_with(start) && statement.contains(right));
        found.unwrap_or_else(|| panic!("no {start}")).replacen(right, wrong, 1)
    });
    for (statement, trouble) in statements.iter().zip(troubles(&statements)) {
        assert!(trouble.is_some(), "this was accepted: {statement}");
    }
}

#[test]
fn a_statement_with_a_placeholder_refuses_to_run() {
    let server = "https://tableau.example.com".parse().unwrap();
    let printed = Objects::new(&Wanted {
        tables: &TableNames::default(),
        settings: &SnowflakeObjects::default(),
        server: &server,
        sites: &[],
        secrets: &Secrets::default(),
    });
    let printed = printed.unwrap().sql();
    let statements: Vec<_> = statements(&printed)
        .into_iter()
        .filter(|statement| statement.contains("= <") || statement.contains("(<"))
        .collect();
    let starts: Vec<_> = statements.iter().map(|it| it.split('"').next().unwrap()).collect();
    assert_eq!(
        starts,
        [
            "CREATE SECRET IF NOT EXISTS ",
            "CREATE SECRET IF NOT EXISTS ",
            "CREATE NOTIFICATION INTEGRATION IF NOT EXISTS ",
            "CREATE SECRET IF NOT EXISTS ",
            "CREATE SECRET IF NOT EXISTS "
        ]
    );
    assert!(by_name(&printed)["80_stream_example.sql"].contains("<your table>"));
    for (statement, trouble) in statements.iter().zip(troubles(&statements)) {
        assert!(trouble.is_some(), "this was accepted: {statement}");
    }
}

#[test]
fn the_procedure_hands_its_arguments_to_the_handler_in_the_same_order() {
    let files = files(&TableNames::default(), &settings());
    let file = &files["50_refresh_procedure.sql"];
    let (_, header) = file.split_once("REFRESH_RESOURCE\"(\n").unwrap();
    let (header, _) = header.split_once("\n)").unwrap();
    let arguments: Vec<_> =
        header.lines().map(|line| line.split_whitespace().next().unwrap().to_lowercase()).collect();
    let (_, handler) =
        body(file, "PROCEDURE").split_once("def refresh_resource(\n    session: Session,\n").unwrap();
    let (handler, _) = handler.split_once("\n)").unwrap();
    let taken: Vec<_> =
        handler.lines().map(|line| line.split(':').next().unwrap().trim().to_owned()).collect();
    assert_eq!(arguments, taken);
    assert_eq!(
        arguments[..5],
        ["resource_type", "resource_name", "project_name", "site_id", "connection_string"],
        "callers of the published procedure pass these by position"
    );
    assert!(header.contains("CONNECTION_STRING VARCHAR DEFAULT 'https://tableau.example.com'"));
}
