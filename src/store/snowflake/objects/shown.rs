//! What Snowflake shows of an object that is there, beside what its statement would have made.
//!
//! A session's rows have no column names, so what is wanted is looked for in all of them. What SHOW and DESCRIBE do not
//! show (the value of a secret) cannot be compared.

use super::object::Object;
use crate::store::snowflake::Row;

/// The row of SHOW, and for integrations and network rules those of DESCRIBE behind it.
pub(super) struct Shown {
    pub(super) rows: Vec<Row>,
}

/// A part of a statement that is shown again, and may have been written otherwise since.
struct Part {
    kind: &'static str,
    /// What stands before it in the statement, and behind it.
    within: (&'static str, &'static str),
    /// What stands before it when it is altered, and behind it.
    altered: (&'static str, &'static str),
}

const PARTS: [Part; 10] = [
    Part {
        kind: "EXTERNAL ACCESS INTEGRATION",
        within: ("ALLOWED_NETWORK_RULES = (", ")"),
        altered: ("SET ALLOWED_NETWORK_RULES = (", ")"),
    },
    Part {
        kind: "NOTIFICATION INTEGRATION",
        within: ("WEBHOOK_URL = ", "\n"),
        altered: ("SET WEBHOOK_URL = ", ""),
    },
    Part { kind: "NETWORK RULE", within: ("VALUE_LIST = (", ")\n"), altered: ("SET VALUE_LIST = (", ")") },
    Part {
        kind: "NOTIFICATION INTEGRATION",
        within: ("ALLOWED_RECIPIENTS = (", ")"),
        altered: ("SET ALLOWED_RECIPIENTS = (", ")"),
    },
    Part { kind: "TASK", within: ("SCHEDULE = ", "\n"), altered: ("SET SCHEDULE = ", "") },
    // A task without `$$` is a place for a statement of somebody's own.
    Part {
        kind: "TASK",
        within: ("EXECUTE IMMEDIATE\n$$", "$$"),
        altered: ("MODIFY AS EXECUTE IMMEDIATE $$ ", " $$"),
    },
    // Up to the end.
    Part {
        kind: "TASK",
        within: ("AS\nEXECUTE JOB SERVICE\n", "\0"),
        altered: ("MODIFY AS EXECUTE JOB SERVICE ", ""),
    },
    Part { kind: "ALERT", within: ("SCHEDULE = ", "\n"), altered: ("SET SCHEDULE = ", "") },
    Part {
        kind: "ALERT",
        within: ("IF (EXISTS (", "))\n    THEN"),
        altered: ("MODIFY CONDITION EXISTS (", ")"),
    },
    // Up to the end.
    Part { kind: "ALERT", within: ("    THEN\n", ";"), altered: ("MODIFY ACTION ", "") },
];

impl Shown {
    /// Whether nothing is left to do for it: an integration is enabled together with its secrets.
    pub(super) fn is_whole(&self, object: &Object) -> bool {
        let secrets = self.property("ALLOWED_AUTHENTICATION_SECRETS");
        let secrets = secrets.unwrap_or_default().trim_matches(['[', ']', '(', ')', ' ']);
        object.kind != "EXTERNAL ACCESS INTEGRATION"
            || !(secrets.is_empty() || secrets.eq_ignore_ascii_case("none"))
    }

    /// What is said of it: `role "TABMAP_SYNC": is there`. Where it differs, the statements that end that follow.
    pub(super) fn steps(&self, label: &str, object: &Object, statement: &str) -> Vec<String> {
        let is_disabled = object.is_integration()
            && self.property("ENABLED").is_some_and(|value| value.eq_ignore_ascii_case("false"));
        let what = match object.kind.as_str() {
            _ if object.is_replaced => "replaced",
            _ if !self.is_whole(object) => "was there without its secrets, and is completed",
            _ if is_disabled => "is there, and disabled",
            "SECRET" => "is there, and keeps its value (ALTER SECRET … SET SECRET_STRING = '…' renews it)",
            _ => "is there",
        };
        let changes = self.changes(object, statement);
        let differs = match object.kind.as_str() {
            _ if changes.is_empty() => "",
            "TASK" => ", and differs; to bring it up to date, while its root task is suspended:",
            _ => ", and differs; to bring it up to date:",
        };
        let mut steps = vec![format!("{label}: {what}{differs}")];
        steps.extend(changes.into_iter().map(|change| format!("  {change}")));
        steps
    }

    /// The statements that make of it what its statement would have made.
    fn changes(&self, object: &Object, statement: &str) -> Vec<String> {
        let parts = PARTS.iter().filter(|part| part.kind == object.kind);
        let wanted = parts.filter_map(|part| Some((part, part.of(statement)?)));
        let missing = wanted.filter(|(_, wanted)| !self.has_all(wanted));
        missing
            .map(|(part, wanted)| {
                let (before, behind) = part.altered;
                format!("ALTER {} {} {before}{wanted}{behind};", object.kind, object.qualified())
            })
            .collect()
    }

    /// Whether a value is shown. Of a list, each of its members; of a network rule's name, the last part, without quotes.
    fn has_all(&self, wanted: &str) -> bool {
        if wanted.starts_with('"') {
            let last = wanted.trim_end_matches('"').rsplit('"').next().unwrap_or(wanted);
            let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
            let rules = self.property("ALLOWED_NETWORK_RULES");
            return rules.is_none_or(|rules| rules.split(|letter| !is_name(letter)).any(|word| word == last));
        }
        let is_list = wanted.starts_with('\'') && wanted.ends_with('\'');
        let members = if is_list { wanted.split("', '").collect() } else { vec![wanted] };
        members.into_iter().all(|member| self.has(member.trim_matches('\'')))
    }

    /// Whether a text is shown, not as a part of a longer word.
    fn has(&self, text: &str) -> bool {
        let goes_on = |letter: char| letter.is_alphanumeric() || "._-@".contains(letter);
        self.rows.iter().flatten().flatten().any(|cell| {
            let cell = on_one_line(cell);
            cell.match_indices(text).any(|(at, _)| {
                !cell[..at].ends_with(goes_on) && !cell[at + text.len()..].starts_with(goes_on)
            })
        })
    }

    /// DESCRIBE INTEGRATION shows a property in each row: name, type, value, default.
    fn property(&self, name: &str) -> Option<&str> {
        let row = self.rows.iter().find(|row| row.first().is_some_and(|it| it.as_deref() == Some(name)))?;
        row.get(2)?.as_deref()
    }
}

impl Part {
    fn of(&self, statement: &str) -> Option<String> {
        let (before, behind) = self.within;
        let (_, rest) = statement.split_once(before)?;
        Some(on_one_line(rest.split(behind).next().unwrap_or(rest)))
    }
}

/// How a text is indented says nothing.
fn on_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rows: &[&[&str]]) -> Shown {
        let row = |row: &&[&str]| row.iter().map(|cell| Some((*cell).to_owned())).collect();
        Shown { rows: rows.iter().map(row).collect() }
    }

    fn steps(statement: &str, rows: &[&[&str]]) -> Vec<String> {
        shown(rows).steps("it", &Object::created_by(statement).unwrap(), statement)
    }

    #[test]
    fn an_integration_without_secrets_is_not_whole_and_one_with_secrets_is() {
        let integration = Object::created_by("CREATE EXTERNAL ACCESS INTEGRATION \"I\"\n").unwrap();
        let with = |value: &str| {
            shown(&[&["I", "EXTERNAL_ACCESS"], &["ALLOWED_AUTHENTICATION_SECRETS", "List", value, "[]"]])
        };
        for none in ["", "[]", "none", "( )"] {
            assert!(!with(none).is_whole(&integration), "{none:?}");
        }
        assert!(with("[DB.PROCEDURES.API__TABLEAU__PAT_NAME]").is_whole(&integration));
        assert!(!shown(&[&["I"]]).is_whole(&integration));
        assert!(shown(&[&["T"]]).is_whole(&Object::created_by("CREATE TASK IF NOT EXISTS \"T\"\n").unwrap()));
    }

    #[test]
    fn only_the_property_of_an_integration_says_that_it_is_disabled() {
        let create = "CREATE NOTIFICATION INTEGRATION IF NOT EXISTS \"N\"\n    TYPE = EMAIL\n";
        let says =
            |enabled: &str| steps(create, &[&["N", "false"], &["ENABLED", "Boolean", enabled, "false"]]);
        assert_eq!(says("false"), ["it: is there, and disabled"]);
        assert_eq!(says("true"), ["it: is there"]);
        assert_eq!(steps("CREATE TASK IF NOT EXISTS \"T\"\n", &[&["T", "false"]]), ["it: is there"]);
    }

    #[test]
    fn a_host_is_compared_as_a_whole() {
        let create = "CREATE NETWORK RULE \"R\"\n    VALUE_LIST = ('t.example.com:443')\n    MODE = EGRESS";
        assert_eq!(
            steps(create, &[&["R"], &["R", "EGRESS", "a.example.com,t.example.com:443"]]),
            ["it: is there"]
        );
        for other in ["not.example.com:443", "t.example.com:4430", "t.example.com"] {
            assert_eq!(
                steps(create, &[&["R"], &["R", "EGRESS", other]])[1..],
                ["  ALTER NETWORK RULE \"R\" SET VALUE_LIST = ('t.example.com:443');"],
                "{other}"
            );
        }
    }

    #[test]
    fn an_integration_is_compared_by_its_rule_and_a_notification_by_each_of_its_recipients() {
        let create = "CREATE EXTERNAL ACCESS INTEGRATION \"I\"\n    ALLOWED_NETWORK_RULES = (\"D\".\"P\".\"PRIVATE_RULE\")\n";
        let rows = |rule: &str| {
            let secrets = ["ALLOWED_AUTHENTICATION_SECRETS", "List", "[D.P.S]", "[]"];
            steps(create, &[&["I"], &["ALLOWED_NETWORK_RULES", "List", rule, "[]"], &secrets])
        };
        assert_eq!(rows("[D.P.PRIVATE_RULE]"), ["it: is there"]);
        assert_eq!(
            rows("[D.P.RULE]")[1..],
            [
                "  ALTER EXTERNAL ACCESS INTEGRATION \"I\" SET ALLOWED_NETWORK_RULES = (\"D\".\"P\".\"PRIVATE_RULE\");"
            ]
        );
        let create = "CREATE NOTIFICATION INTEGRATION IF NOT EXISTS \"N\"\n    ALLOWED_RECIPIENTS = ('a@x.org', 'b@x.org')";
        let says = |who: &str| steps(create, &[&["N"], &["ALLOWED_RECIPIENTS", "List", who, ""]]);
        assert_eq!(says("b@x.org,a@x.org"), ["it: is there"]);
        assert_eq!(says("a@x.org").len(), 2);
    }

    #[test]
    fn a_task_is_compared_by_its_schedule_and_by_what_stands_between_its_dollars() {
        let create = "CREATE TASK IF NOT EXISTS \"T\"\n    SCHEDULE = '5 MINUTE'\nAS\nEXECUTE IMMEDIATE\n$$\nBEGIN\n    \
                      CALL P('It''s') INTO :a;\n    IF (a) THEN\n        RETURN a;\n    END IF;\nEND;\n\n$$";
        let body = "BEGIN CALL P('It''s') INTO :a; IF (a) THEN RETURN a; END IF; END;";
        let definition = "EXECUTE IMMEDIATE\n$$\nBEGIN\n  CALL P('It''s') INTO :a;\n IF (a) THEN\n RETURN a;\n END IF;\nEND;\n$$";
        assert_eq!(steps(create, &[&["T", "5 MINUTE", "false", definition]]), ["it: is there"]);
        assert_eq!(
            steps(create, &[&["T", "15 MINUTE", "false", "CALL P('other')"]]),
            [
                "it: is there, and differs; to bring it up to date, while its root task is suspended:"
                    .to_owned(),
                "  ALTER TASK \"T\" SET SCHEDULE = '5 MINUTE';".to_owned(),
                format!("  ALTER TASK \"T\" MODIFY AS EXECUTE IMMEDIATE $$ {body} $$;"),
            ]
        );
        let own = "CREATE TASK IF NOT EXISTS \"T\"\nAS\nSELECT 'nothing is loaded yet' AS LOADED";
        assert_eq!(steps(own, &[&["T", "CALL MY_LOAD()"]]), ["it: is there"]);
    }

    #[test]
    fn a_task_that_executes_a_job_is_compared_by_all_that_the_job_is() {
        let create = "CREATE TASK IF NOT EXISTS \"T\"\n    SCHEDULE = '5 MINUTE'\nAS\nEXECUTE JOB SERVICE\n    IN COMPUTE POOL \"P\"\n    \
                      FROM SPECIFICATION\n$$\n{\"spec\": 1}\n$$";
        let definition = |spec| {
            format!(
                "EXECUTE JOB SERVICE\n IN COMPUTE POOL \"P\"\n FROM SPECIFICATION\n$$\n{{\"spec\": {spec}}}\n$$"
            )
        };
        assert_eq!(steps(create, &[&["T", "5 MINUTE", &definition(1)]]), ["it: is there"]);
        assert_eq!(
            steps(create, &[&["T", "5 MINUTE", &definition(2)]])[1..],
            [
                "  ALTER TASK \"T\" MODIFY AS EXECUTE JOB SERVICE IN COMPUTE POOL \"P\" FROM SPECIFICATION $$ {\"spec\": 1} $$;"
            ]
        );
    }

    #[test]
    fn an_alert_is_compared_by_its_condition_and_whom_it_tells() {
        let create = "CREATE ALERT IF NOT EXISTS \"A\"\n    SCHEDULE = '360 MINUTE'\n    IF (EXISTS (\n        SELECT 1\n    \
                      ))\n    THEN\n        CALL TELL(\n            'us@example.com'\n        )";
        assert_eq!(
            steps(create, &[&["A", "360 MINUTE", "SELECT 1", "CALL TELL(\n'us@example.com'\n)"]]),
            ["it: is there"]
        );
        assert_eq!(
            steps(create, &[&["A", "360 MINUTE", "SELECT 2", "CALL TELL('you@example.com')"]])[1..],
            [
                "  ALTER ALERT \"A\" MODIFY CONDITION EXISTS (SELECT 1);",
                "  ALTER ALERT \"A\" MODIFY ACTION CALL TELL( 'us@example.com' );"
            ]
        );
    }

    #[test]
    fn a_secret_cannot_be_compared_and_says_how_to_renew_it() {
        let steps = steps("CREATE SECRET IF NOT EXISTS \"S\"\n    SECRET_STRING = 'x'", &[&["S"]]);
        assert_eq!(
            steps,
            ["it: is there, and keeps its value (ALTER SECRET … SET SECRET_STRING = '…' renews it)"]
        );
    }
}
