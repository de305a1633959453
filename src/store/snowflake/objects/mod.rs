//! What stands around the map in Snowflake: roles, the way to Tableau, the refresh procedure, task and alert.
//!
//! The files of `sql/snowflake/objects` are filled with the names of the configuration, and printed or applied in the
//! order of their numbers. The tables come from the statements that `migrate` uses, the procedure's handler from its
//! Python file, so nothing is written down twice. `apply` tells what happens to what exists already.

mod apply;
mod object;
mod remedies;
mod settings;
mod shown;
mod values;

use miette::Diagnostic;
use thiserror::Error;

pub use self::apply::AppliedFile;
pub use self::settings::{NightlyRefresh, SnowflakeObjects};
pub use self::values::Token;
use self::values::Values;
use super::TableNames;
use crate::loopback::is_loopback;
use crate::store::StoreError;
use crate::tableau::ServerUrl;

/// One file of `sql/snowflake/objects`.
struct Template {
    name: &'static str,
    doing: &'static str,
    text: &'static str,
}

macro_rules! template {
    ($name:literal) => {
        Template {
            name: $name,
            doing: concat!("apply ", $name),
            text: include_str!(concat!("../../../../sql/snowflake/objects/", $name)),
        }
    };
}

const TEMPLATES: [Template; 9] = [
    template!("00_roles_and_grants.sql"),
    template!("10_network_rule.sql"),
    template!("20_secrets.sql"),
    template!("30_integration.sql"),
    template!("40_map.sql"),
    template!("50_refresh_procedure.sql"),
    template!("60_task.sql"),
    template!("70_alert.sql"),
    template!("80_stream_example.sql"),
];

/// The objects could not be described or applied.
#[derive(Debug, Error, Diagnostic)]
pub enum ObjectsError {
    /// A setting that does not go into the files.
    #[error("{name} is not valid: {reason}")]
    #[diagnostic(code(tabmap::snowflake::objects::setting))]
    Setting {
        /// The setting.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
        /// The remedy.
        #[help]
        help: &'static str,
    },
    /// The secrets are not there and nobody said what to put into them.
    #[error("the secrets of the procedure do not exist, and no token is given to put into them")]
    #[diagnostic(
        code(tabmap::snowflake::objects::token),
        help(
            "set TABLEAU_PAT_NAME and TABLEAU_PAT_SECRET (or TABLEAU_PAT_SECRET_FILE) to a token for the procedure alone"
        )
    )]
    TokenMissing,
    /// A statement could not be run.
    #[error("could not create what stands around the map in Snowflake; it ended at `{statement}`")]
    #[diagnostic(code(tabmap::snowflake::objects::refused))]
    Refused {
        /// The first line of the statement.
        statement: String,
        /// What Snowflake said.
        source: StoreError,
        /// The remedy.
        #[help]
        help: &'static str,
    },
}

/// The files, filled.
pub struct Objects {
    files: Vec<File>,
    /// Whether the secrets hold a token, in place of a placeholder that Snowflake refuses.
    has_token: bool,
}

struct File {
    name: &'static str,
    doing: &'static str,
    text: String,
    statements: Vec<String>,
    /// Why it is not applied.
    left_out: Option<&'static str>,
}

impl File {
    fn needs_administrator(&self) -> bool {
        self.statements.iter().any(|statement| statement.ends_with("USE ROLE ACCOUNTADMIN"))
    }
}

impl Objects {
    /// Fills the files. Without a token, the statements that create the secrets hold a placeholder, and refuse to run.
    pub fn new(
        tables: &TableNames,
        settings: &SnowflakeObjects,
        server: &ServerUrl,
        token: Option<&Token>,
    ) -> Result<Self, ObjectsError> {
        check(tables, settings, server)?;
        let example = NightlyRefresh::default();
        let nightly = settings.nightly.as_ref().unwrap_or(&example);
        let values = Values::new(tables, settings, server, token, nightly);
        let files = TEMPLATES.iter().map(|template| File {
            name: template.name,
            doing: template.doing,
            text: values.fill(template.text),
            statements: split(template.text).iter().map(|statement| values.fill(statement)).collect(),
            left_out: match template.name {
                "60_task.sql" if settings.nightly.is_none() => {
                    Some("set `nightly` under `[snowflake.objects]` to what it shall refresh")
                }
                "70_alert.sql" if settings.alert_email.is_none() => {
                    Some("set `alert_email` under `[snowflake.objects]` to whom it shall tell")
                }
                "80_stream_example.sql" => Some("an example, for a table of yours"),
                _ => None,
            },
        });
        Ok(Self { files: files.collect(), has_token: token.is_some() })
    }

    /// All files, one after the other.
    #[must_use]
    pub fn sql(&self) -> String {
        let parts = self.files.iter().map(|file| {
            let needs = if file.needs_administrator() { " (needs ACCOUNTADMIN)" } else { "" };
            format!("-- ======== {}{needs}\n{}\n", file.name, file.text)
        });
        parts.collect::<Vec<_>>().join("\n")
    }
}

fn check(tables: &TableNames, settings: &SnowflakeObjects, server: &ServerUrl) -> Result<(), ObjectsError> {
    let names = [
        ("`database` under `[snowflake]`", &tables.database),
        ("`schema` under `[snowflake]`", &tables.schema),
        ("`resources` under `[snowflake]`", &tables.resources),
        ("`sync_runs` under `[snowflake]`", &tables.runs),
        ("`resource_changes` under `[snowflake]`", &tables.changes),
        ("`schema` under `[snowflake.objects]`", &settings.schema),
        ("`sync_role` under `[snowflake.objects]`", &settings.sync_role),
        ("`call_role` under `[snowflake.objects]`", &settings.call_role),
        ("`warehouse` under `[snowflake.objects]`", &settings.warehouse),
        ("`integration` under `[snowflake.objects]`", &settings.integration),
    ];
    // Names stand between `$$`, in the bodies of procedure, functions and tasks, and in comments, which end with their
    // line; neither knows escapes.
    let is_unfit = |name: &str| name.is_empty() || name.contains("$$") || name.contains(char::is_control);
    if let Some((name, value)) = names.into_iter().find(|(_, value)| is_unfit(value)) {
        let reason = format!("{value:?} is empty, or holds `$$` or a control character");
        return Err(ObjectsError::Setting { name, reason, help: "take another name" });
    }
    let url = server.join("");
    // The handler takes this very machine by plain http too: for tests.
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err(ObjectsError::Setting {
            name: "the Tableau server",
            reason: format!("`{url}` is plain http, which the procedure does not speak"),
            help: "give the server a certificate: from Snowflake, everybody on the way could read the token",
        });
    }
    Ok(())
}

/// The statements of a file: each ends with `;` at the end of a line, outside of `$$`. Comments before a statement go
/// with it.
fn split(text: &'static str) -> Vec<&'static str> {
    let mut statements = Vec::new();
    let (mut start, mut end, mut is_quoted) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        end += line.len();
        is_quoted ^= line.matches("$$").count() % 2 == 1;
        let is_comment = line.trim_start().starts_with("--");
        if !is_quoted && !is_comment && line.trim_end().ends_with(';') {
            statements.push(text[start..end].trim().trim_end_matches(';'));
            start = end;
        }
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::values::HANDLER;
    use super::*;

    fn objects(settings: &SnowflakeObjects, token: Option<&Token>) -> Objects {
        let server = "https://tableau.example.com".parse().unwrap();
        Objects::new(&TableNames::default(), settings, &server, token)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn no_file_leaves_a_placeholder_unfilled() {
        for file in objects(&SnowflakeObjects::default(), None).files {
            // The handler has braces of its own.
            let text = file.text.replace(HANDLER.trim_end(), "");
            assert!(!text.contains(['{', '}']), "{}: {text}", file.name);
        }
    }

    #[test]
    fn every_line_of_a_file_belongs_to_one_of_its_statements() {
        for template in TEMPLATES {
            let statements: Vec<_> =
                split(template.text).iter().map(|statement| format!("{statement};\n")).collect();
            let together = statements.join("\n");
            assert_eq!(together.trim_end(), template.text.trim_end(), "{}", template.name);
        }
    }

    #[test]
    fn nothing_is_ever_dropped_and_only_what_keeps_its_grants_is_replaced() {
        for file in objects(&SnowflakeObjects::default(), None).files {
            for statement in &file.statements {
                let lines = statement.lines().filter(|line| !line.starts_with("--"));
                let words = lines.collect::<Vec<_>>().join("\n").to_uppercase();
                assert!(
                    !words.split_whitespace().any(|word| word == "DROP" || word == "TRUNCATE"),
                    "{statement}"
                );
                if words.contains("CREATE OR REPLACE") {
                    assert!(words.contains("COPY GRANTS"), "{statement}");
                }
            }
        }
    }

    #[test]
    fn the_handler_cannot_end_the_text_of_its_procedure() {
        assert!(!HANDLER.contains("$$"));
    }

    #[test]
    fn a_token_is_in_no_file_unless_it_was_given() {
        let token = Token { name: "na'me".to_owned(), value: "se\\cr$et".to_owned().into() };
        let with = objects(&SnowflakeObjects::default(), Some(&token)).sql();
        assert!(
            with.contains(r"SECRET_STRING = 'na''me'") && with.contains(r"SECRET_STRING = 'se\\cr\u0024et'")
        );
        let without = objects(&SnowflakeObjects::default(), None).sql();
        assert!(without.contains("SECRET_STRING = <the value of the token>"));
    }

    #[test]
    fn the_first_line_of_a_statement_holds_no_secret() {
        let token = Token { name: "t".to_owned(), value: "secret".to_owned().into() };
        for file in objects(&SnowflakeObjects::default(), Some(&token)).files {
            let mut first = file.statements.iter().map(|statement| apply::first_line(statement));
            assert!(!first.any(|line| line.contains("secret") || line.is_empty()), "{}", file.name);
        }
    }

    #[test]
    fn names_with_quotes_stay_inside_theirs() {
        let settings =
            SnowflakeObjects { sync_role: "a\"; DROP ROLE \"b".to_owned(), ..SnowflakeObjects::default() };
        assert!(objects(&settings, None).sql().contains("USE ROLE \"a\"\"; DROP ROLE \"\"b\";"));
    }

    #[test]
    fn a_name_that_would_end_a_body_or_a_comment_is_refused() {
        let server: ServerUrl = "https://tableau.example.com".parse().unwrap();
        let tables = TableNames { resources: "A$$B".to_owned(), ..TableNames::default() };
        let error = Objects::new(&tables, &SnowflakeObjects::default(), &server, None).err().unwrap();
        assert!(
            error.to_string().starts_with("`resources` under `[snowflake]` is not valid: \"A$$B\""),
            "{error}"
        );
        let settings = SnowflakeObjects { call_role: "A\nDROP".to_owned(), ..SnowflakeObjects::default() };
        assert!(Objects::new(&TableNames::default(), &settings, &server, None).is_err());

        let server = "http://127.0.0.1:8000".parse().unwrap();
        let tables = TableNames::default();
        assert!(Objects::new(&tables, &SnowflakeObjects::default(), &server, None).is_ok());
    }
}
