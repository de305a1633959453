//! What the files are filled with: names, addresses, and the texts that they share with others.

use secrecy::{ExposeSecret, SecretString};

use super::settings::{NightlyRefresh, SnowflakeObjects};
use crate::store::snowflake::TableNames;
use crate::store::snowflake::quoting::{identifier, literal, python_text};
use crate::store::snowflake::shapes::shapes;
use crate::tableau::ServerUrl;

const CALL_AND_CHECK: &str = include_str!("../../../../sql/snowflake/objects/call_and_check.sql");

pub(super) const HANDLER: &str = include_str!("../../../../sql/snowflake/objects/refresh_resource.py");

/// The personal access token that the procedure signs in with.
pub struct Token {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: SecretString,
}

/// What stands in the place of each `{name}`.
pub(super) struct Values<'a> {
    tables: &'a TableNames,
    values: Vec<(&'static str, String)>,
}

impl<'a> Values<'a> {
    pub(super) fn new(
        tables: &'a TableNames,
        settings: &SnowflakeObjects,
        server: &ServerUrl,
        token: Option<&Token>,
        nightly: &NightlyRefresh,
    ) -> Self {
        let url = server.join("");
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(443);
        let schema = |name: &str| format!("{}.{}", identifier(&tables.database), identifier(name));
        let notification = format!("{}__ALERTS", settings.integration);
        let placeholder = |what: &str| format!("<{what}>");
        let values = vec![
            ("maps", schema(&tables.schema)),
            ("procedures", schema(&settings.schema)),
            ("sync_role", identifier(&settings.sync_role)),
            ("call_role", identifier(&settings.call_role)),
            ("warehouse", identifier(&settings.warehouse)),
            ("integration", identifier(&settings.integration)),
            ("notification", identifier(&notification)),
            ("notification_text", literal(&notification)),
            ("host_and_port", literal(&format!("{host}:{port}"))),
            ("server", literal(url.as_str().trim_end_matches('/'))),
            (
                "pat_name",
                token.map_or_else(|| placeholder("the name of the token"), |token| literal(&token.name)),
            ),
            (
                "pat_value",
                token.map_or_else(
                    || placeholder("the value of the token"),
                    |token| literal(token.value.expose_secret()),
                ),
            ),
            (
                "alert_email",
                settings.alert_email.as_deref().map_or_else(|| placeholder("an address"), literal),
            ),
            ("schedule", literal(&nightly.schedule)),
            ("nightly", arguments(nightly)),
            ("handler", HANDLER.trim_end().to_owned()),
            ("resources_in_python", python_text(&tables.full(&tables.resources))),
            ("runs_in_python", python_text(&tables.full(&tables.runs))),
            ("your_schema", placeholder("your schema")),
            ("your_table", placeholder("your table")),
            ("your_stream_in_text", "'<your schema>.\"TABLEAU_NEW_DATA\"'".to_owned()),
        ];
        let mut values = Self { tables, values };
        values.values.extend(shapes(tables).iter().map(|shape| (shape.statement, shape.create(tables))));
        let call_and_check = values.fill(CALL_AND_CHECK);
        values.values.push(("call_and_check", call_and_check));
        values
    }

    pub(super) fn fill(&self, template: &str) -> String {
        let values: Vec<_> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.tables.render(template, &values)
    }
}

/// By name: Snowflake takes all arguments so or none, and what stands before the path has a default.
fn arguments(nightly: &NightlyRefresh) -> String {
    let arguments = [
        ("RESOURCE_TYPE", Some(nightly.resource_type.as_str())),
        ("RESOURCE_NAME", Some(&nightly.resource_name)),
        ("PROJECT_NAME", Some(&nightly.project_name)),
        ("SITE_ID", Some(&nightly.site_id)),
        ("PROJECT_PATH", nightly.project_path.as_deref()),
    ];
    let said = arguments.iter().filter_map(|(name, value)| Some(format!("{name} => {}", literal((*value)?))));
    said.collect::<Vec<_>>().join(", ")
}
