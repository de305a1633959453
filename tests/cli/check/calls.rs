//! Calls: which of them run, and what their arguments mean.

use super::{desk_with_map, document, finds};

/// A call of something that is not there.
const MISSING: &str = "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Nothing', 'EMEA', 'MySite')";

#[test]
fn dashes_that_begin_no_comment_hide_no_call() {
    let desk = desk_with_map();
    for (name, line) in [
        ("deploy.sh", "snow sql --query \"CALL\""),
        ("ci.yml", "- run: snow sql --connection ci --query \"CALL\""),
        ("dag.py", "run([\"snow\", \"sql\", \"--query\", \"CALL\"])"),
        ("a.sql", "SELECT \"a--b\" FROM t; CALL;"),
        ("a.sql", "SELECT \"a -- b\", 'c -- d' FROM t; CALL;"),
        ("a.sql", "-- everything below s3://bucket/ and /* is read\nCALL; /* done */"),
        ("a.sql", "SELECT 1; -- from /* on\nCALL; /* done */"),
        ("dag.py", "log(\"#\", ' # '); session.sql(\"CALL\")"),
        ("a.sh", "echo a#b $# ${x#y}; snow sql --query \"CALL\""),
        ("a.js", "fetch(\"https://x\", 'a // b'); run(\"CALL\")"),
        ("a.properties", "sql = select '#'; # CALL"),
        ("a.rs", "f(\"<#\"); execute(\"CALL\"); g(\"#>\")"),
        (
            "a.sql",
            "CALL IDENTIFIER('X.API__TABLEAU__REFRESH_RESOURCE')('workbook', 'Nothing', 'EMEA', 'MySite')",
        ),
        ("a.md", "Run it -- once a day -- with `CALL`."),
    ] {
        let text = line.replace("CALL", MISSING);
        let at = text.lines().position(|line| line.contains("Nothing")).map_or(0, |at| at as u64 + 1);
        finds(&desk, name, &text, &[(at, "unknown-resource")]);
    }
}

#[test]
fn call_that_is_commented_out_does_not_run() {
    let desk = desk_with_map();
    for (name, line) in [
        ("a.sql", "--x CALL"),
        ("a.sql", "--CALL"),
        ("a.sql", "SELECT 1; --comment CALL"),
        ("a.sql", "SELECT 'it''s', \"b\" FROM t; -- don't CALL"),
        ("a.sql", "  // CALL"),
        ("a.sql", "SELECT 1; // CALL"),
        ("a.js", "run(\"https://x\"); // db.execute(\"CALL\")"),
        ("a.js", "// db.execute(\"CALL\")"),
        ("dag.py", "a = \"#\"  # session.sql(\"CALL\")"),
        ("a.ps1", "<#\nInvoke-Sql \"CALL\"\n#>"),
        ("Main.java", "\t// execute(\"CALL\");"),
        ("Main.scala", "// session.sql(\"CALL\")"),
        ("dag.py", "    # session.sql(\"CALL\")"),
        ("dag.py", "session.sql(\"SELECT 1; -- CALL\")"),
        ("a.yml", "  # - CALL"),
        ("a.yaml", "#CALL"),
        ("deploy.sh", "# snow sql --query \"CALL\""),
        ("a.toml", "# call = \"CALL\""),
        ("a.tf", "  # CALL"),
        ("report.R", "# dbGetQuery(\"CALL\")"),
        ("a.md", "```sql\n-- CALL\nSELECT 1; -- CALL\n```"),
        ("a.md", "<!-- CALL -->"),
    ] {
        finds(&desk, name, &line.replace("CALL", MISSING), &[]);
    }
}

#[test]
fn values_that_are_put_in_at_run_time_are_left_open() {
    let desk = desk_with_map();
    for (name, value) in [
        ("deploy.sh", "$WORKBOOK"),
        ("deploy.sh", "the $workbook"),
        ("a.sql", "<% ctx.env.workbook %>"),
        ("a.sql", "&workbook"),
        ("a.sql", "&{ workbook }"),
        ("dag.py", "\" + name + \""),
        ("a.sql", "\" ~ name ~ \""),
        ("dag.py", "{ name }"),
        ("dag.py", "{name!r}"),
    ] {
        finds(&desk, name, &MISSING.replace("Nothing", value), &[]);
    }
    finds(
        &desk,
        "dag.py",
        r"sql = 'CALL API__TABLEAU__REFRESH_RESOURCE(\'workbook\', \'' + name + '\', \'EMEA\', \'MySite\')'",
        &[],
    );
    finds(&desk, "deploy.sh", &MISSING.replace("workbook", "$TYPE"), &[]);
    for value in ["R&D + more", "US$ 5", "{ several words }", "50% + \"x", "a < b", "5 $"] {
        let expect = if value.contains('"') { &[][..] } else { &[(1, "unknown-resource")] };
        finds(&desk, "a.sql", &MISSING.replace("Nothing", value), expect);
    }
}

#[test]
fn arguments_mean_what_the_procedure_takes_them_for() {
    let desk = desk_with_map();
    for arguments in [
        "'workbook', 'Welcome', 'default', 'Default'",
        "'WORKBOOK', 'Revenue', 'EMEA', 'MySite'",
        "'workbook', 'Pipeline', 'EMEA', 'MySite', 'c', 'Finance/EMEA', FALSE, 60",
        "'workbook', 'Pipeline', 'EMEA', 'MySite', :server, 'Finance/EMEA'",
        "resource_type => 'workbook', resource_name => 'Pipeline', project_name => 'EMEA', site_id => 'MySite', \
         project_path => 'Finance/EMEA', wait => FALSE, timeout_seconds => 60",
        "'workbook', :name, NULL, 'MySite'",
        "'workbook', {{ arguments }}",
        "{{ arguments }}, WAIT => FALSE",
        "?, ?, ?",
    ] {
        finds(&desk, "a.sql", &format!("CALL API__TABLEAU__REFRESH_RESOURCE({arguments});"), &[]);
    }
    for (arguments, to_blame) in [
        ("'workbook', 'Pipeline', 'WRONG', 'MySite', 'c', 'Finance/EMEA'", "WRONG"),
        ("'workbook', 'Revenue', 'WRONG', 'MySite', PROJECT_PATH => 'Finance/EMEA'", "CALL"),
        ("'workbook', NULL, 'EMEA', 'MySite'", "CALL"),
        ("'workbook', '', 'EMEA', 'MySite', :server", "CALL"),
        ("'workbook', 'Revenue', 'EMEA', NULL", "CALL"),
        ("'workbook', 'Revenue', 'EMEA', 'MySite', NULL", "CALL"),
        ("'workbook', 'Revenue', 'EMEA'", "CALL"),
        ("RESOURCE_TYPE => 'workbook', RESOURCE_NAME => 'Revenue', SITE_ID => 'MySite'", "CALL"),
        (
            "RESOURCE_TYPE => 'workbook', NAME => 'Revenue', PROJECT_NAME => 'EMEA', SITE_ID => 'MySite'",
            "CALL",
        ),
        ("'workbook', 'Revenue', 'EMEA', 'MySite', 'c', NULL, TRUE, 60, 'x'", "CALL"),
    ] {
        let text = format!("API__TABLEAU__REFRESH_RESOURCE({arguments})");
        desk.write("a.sql", &text);
        let found = document(&desk, &["a.sql"], 3);
        let findings = found["findings"].as_array().expect("findings");
        let [finding] = &findings.iter().filter(|one| !one["path"].is_null()).collect::<Vec<_>>()[..] else {
            panic!("{arguments}: {findings:?}");
        };
        assert_eq!(finding["code"], "invalid-reference", "{arguments}");
        let blamed = if to_blame == "CALL" { &text } else { to_blame };
        assert_eq!(finding["subject"], blamed, "{arguments}");
    }
}
