//! What stands around the map in Snowflake: roles, the way to Tableau, the refresh procedure, task and alert.
//!
//! The files of `sql/snowflake/objects` are filled with the names of the configuration, and printed or applied in the
//! order of their numbers. The tables come from the statements that `migrate` uses, the procedure's handler from its
//! Python file, so nothing is written down twice. `apply` tells what happens to what exists already.

mod alert;
mod apply;
mod check;
mod container;
mod error;
mod object;
mod remedies;
mod secrets;
mod settings;
mod shown;
mod values;
mod wanted;

pub use self::alert::{Alert, Recipients};
pub use self::apply::AppliedFile;
use self::check::check;
pub use self::error::ObjectsError;
pub use self::secrets::{Secrets, Token};
pub use self::settings::{Container, NightlyRefresh, Packages, SnowflakeObjects};
use self::values::Values;
pub use self::wanted::Wanted;

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

const TEMPLATES: [Template; 11] = [
    template!("00_roles_and_grants.sql"),
    template!("10_network_rule.sql"),
    template!("20_secrets.sql"),
    template!("30_integration.sql"),
    template!("40_map.sql"),
    template!("50_refresh_procedure.sql"),
    template!("60_task.sql"),
    template!("70_alert_email.sql"),
    template!("70_alert_webhook.sql"),
    template!("80_stream_example.sql"),
    template!("90_container.sql"),
];

/// The files, filled.
pub struct Objects {
    files: Vec<File>,
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
    /// Fills the files. The statements for secrets that are not given hold a placeholder, and refuse to run.
    pub fn new(wanted: &Wanted<'_>) -> Result<Self, ObjectsError> {
        check(wanted)?;
        let settings = wanted.settings;
        let alert = settings.told()?;
        let values = Values::new(wanted, alert.as_ref());
        let is_webhook = matches!(alert, Some(Alert::Webhook(_)));
        let files = TEMPLATES.iter().filter(|template| match template.name {
            "70_alert_email.sql" => !is_webhook,
            "70_alert_webhook.sql" => is_webhook,
            _ => true,
        });
        let files = files.map(|template| File {
            name: template.name,
            doing: template.doing,
            text: values.fill(template.text),
            statements: split(template.text).iter().map(|statement| values.fill(statement)).collect(),
            left_out: match template.name {
                "60_task.sql" if settings.nightly.is_none() => {
                    Some("set `nightly` under `[snowflake.objects]` to what it shall refresh")
                }
                "70_alert_email.sql" if alert.is_none() => {
                    Some("set `alert` under `[snowflake.objects]` to whom it shall tell")
                }
                "80_stream_example.sql" => Some("an example, for a table of yours"),
                "90_container.sql" if settings.container.is_none() => {
                    Some("set `container` under `[snowflake.objects]` to sync inside Snowflake")
                }
                _ => None,
            },
        });
        Ok(Self { files: files.collect() })
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
    use crate::store::snowflake::TableNames;

    fn objects(settings: &SnowflakeObjects, secrets: &Secrets) -> Objects {
        with(&TableNames::default(), settings, "https://tableau.example.com", secrets)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn with(
        tables: &TableNames,
        settings: &SnowflakeObjects,
        server: &str,
        secrets: &Secrets,
    ) -> Result<Objects, ObjectsError> {
        let (server, sites) = (server.parse().unwrap(), ["MySite".parse().unwrap()]);
        Objects::new(&Wanted { tables, settings, server: &server, sites: &sites, secrets })
    }

    fn none() -> Secrets {
        Secrets::default()
    }

    fn some(name: &str, value: &str) -> Secrets {
        let token = || Some(Token { name: name.to_owned(), value: value.to_owned().into() });
        Secrets { token: token(), webhook: Some(value.to_owned().into()), sync_token: token() }
    }

    /// Each file in each of its forms.
    fn forms(secrets: &Secrets) -> Vec<File> {
        let webhook = "https://hooks.slack.com/services/SNOWFLAKE_WEBHOOK_SECRET".to_owned();
        let other = SnowflakeObjects {
            packages: Packages::Anaconda,
            private_link: true,
            alert: Some(Alert::Webhook(webhook)),
            container: Some(Container::default()),
            ..SnowflakeObjects::default()
        };
        let forms = [SnowflakeObjects::default(), other];
        forms.iter().flat_map(|settings| objects(settings, secrets).files).collect()
    }

    #[test]
    fn no_file_leaves_a_placeholder_unfilled() {
        for file in forms(&none()) {
            // The handler has braces of its own; those of JSON are followed by quotes.
            let text = file.text.replace(HANDLER.trim_end(), "");
            let inside = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
            let is_name =
                |part: &&str| part.chars().all(|one| one.is_ascii_lowercase() || "_|".contains(one));
            assert_eq!(inside.filter(is_name).collect::<Vec<_>>(), [""; 0], "{}: {text}", file.name);
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
        for file in forms(&none()) {
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
        let with = objects(&SnowflakeObjects::default(), &some("na'me", "se\\cr$et")).sql();
        assert!(
            with.contains(r"SECRET_STRING = 'na''me'") && with.contains(r"SECRET_STRING = 'se\\cr\u0024et'")
        );
        let without = objects(&SnowflakeObjects::default(), &none()).sql();
        assert!(without.contains("SECRET_STRING = <the value of the token>"));
    }

    #[test]
    fn the_first_line_of_a_statement_holds_no_secret() {
        for file in forms(&some("t", "secret")) {
            let mut first = file.statements.iter().map(|statement| apply::first_line(statement));
            assert!(!first.any(|line| line.contains("secret") || line.is_empty()), "{}", file.name);
        }
    }

    #[test]
    fn names_with_quotes_stay_inside_theirs() {
        let settings =
            SnowflakeObjects { sync_role: "a\"; DROP ROLE \"b".to_owned(), ..SnowflakeObjects::default() };
        assert!(objects(&settings, &none()).sql().contains("USE ROLE \"a\"\"; DROP ROLE \"\"b\";"));
    }

    #[test]
    fn a_name_that_would_end_a_body_or_a_comment_is_refused() {
        let server = "https://tableau.example.com";
        let tables = TableNames { resources: "A$$B".to_owned(), ..TableNames::default() };
        let error = with(&tables, &SnowflakeObjects::default(), server, &none()).err().unwrap();
        assert!(
            error.to_string().starts_with("`resources` under `[snowflake]` is not valid: \"A$$B\""),
            "{error}"
        );
        let settings = SnowflakeObjects { call_role: "A\nDROP".to_owned(), ..SnowflakeObjects::default() };
        assert!(with(&TableNames::default(), &settings, server, &none()).is_err());
        let tables = TableNames::default();
        assert!(with(&tables, &SnowflakeObjects::default(), "http://127.0.0.1:8000", &none()).is_ok());
    }
}
