//! Calls: which of them run, and what their arguments mean.

use std::time::{Duration, Instant};

use super::{desk_with_map, finds};

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
        ("a.js", "// db.execute(\"CALL\")"),
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
fn file_full_of_calls_is_read_once() {
    let desk = desk_with_map();
    let calls = format!("{MISSING};\n").repeat(20_000);
    desk.write("tabmap.toml", "[check.severity]\nunknown-resource = \"off\"\n");
    let start = Instant::now();
    finds(&desk, "a.sql", &calls, &[]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
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
