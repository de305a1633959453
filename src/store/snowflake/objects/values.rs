//! What the files are filled with: names, addresses, and the texts that they share with others.

use super::alert::Alert;
use super::container;
use super::settings::{NightlyRefresh, SnowflakeObjects};
use super::wanted::Wanted;
use crate::store::snowflake::TableNames;
use crate::store::snowflake::quoting::{identifier, literal, python_text};
use crate::store::snowflake::shapes::shapes;
use crate::tableau::ServerUrl;

const CALL_AND_CHECK: &str = include_str!("../../../../sql/snowflake/objects/call_and_check.sql");
const MAP_IS_STALE: &str = include_str!("../../../../sql/snowflake/objects/map_is_stale.sql");

pub(super) const HANDLER: &str = include_str!("../../../../sql/snowflake/objects/refresh_resource.py");

/// What stands in the place of each `{name}`.
pub(super) struct Values<'a> {
    tables: &'a TableNames,
    values: Vec<(&'static str, String)>,
}

impl<'a> Values<'a> {
    pub(super) fn new(wanted: &Wanted<'a>, alert: Option<&Alert>) -> Self {
        let Wanted { tables, settings, server, secrets, .. } = *wanted;
        let example = NightlyRefresh::default();
        let nightly = settings.nightly.as_ref().unwrap_or(&example);
        let mut values = Self { tables, values: names(tables, settings, server) };
        values.values.extend(secrets.values());
        values.values.extend(Alert::values(alert));
        values.values.extend(container::values(wanted));
        values.values.extend([
            ("schedule", literal(&nightly.schedule)),
            ("nightly", arguments(nightly)),
            ("handler", HANDLER.trim_end().to_owned()),
            ("resources_in_python", python_text(&tables.full(&tables.resources))),
            ("runs_in_python", python_text(&tables.full(&tables.runs))),
            ("your_schema", "<your schema>".to_owned()),
            ("your_table", "<your table>".to_owned()),
            ("your_stream_in_text", "'<your schema>.\"TABLEAU_NEW_DATA\"'".to_owned()),
        ]);
        values.values.extend(shapes(tables).iter().map(|shape| (shape.statement, shape.create(tables))));
        for (name, text) in [("call_and_check", CALL_AND_CHECK), ("map_is_stale", MAP_IS_STALE)] {
            let text = values.fill(text.trim_end());
            values.values.push((name, text));
        }
        values
    }

    pub(super) fn fill(&self, template: &str) -> String {
        let values: Vec<_> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.tables.render(template, &values)
    }
}

/// What is called how, and where Tableau is.
fn names(
    tables: &TableNames,
    settings: &SnowflakeObjects,
    server: &ServerUrl,
) -> Vec<(&'static str, String)> {
    let url = server.join("");
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let schema = |name: &str| format!("{}.{}", identifier(&tables.database), identifier(name));
    let procedures = schema(&settings.schema);
    let notification = format!("{}__ALERTS", settings.integration);
    let webhook = format!("{}__WEBHOOK", settings.integration);
    let (artifact_repository, repository_role) = settings.packages.repository();
    let (rule_type, rule) = if settings.private_link {
        ("PRIVATE_HOST_PORT", "API__TABLEAU__PRIVATE_NETWORK_RULE")
    } else {
        ("HOST_PORT", "API__TABLEAU__NETWORK_RULE")
    };
    vec![
        ("maps", schema(&tables.schema)),
        ("network_rule", format!("{procedures}.{}", identifier(rule))),
        ("procedures", procedures),
        ("sync_role", identifier(&settings.sync_role)),
        ("call_role", identifier(&settings.call_role)),
        ("warehouse", identifier(&settings.warehouse)),
        ("integration", identifier(&settings.integration)),
        ("notification", identifier(&notification)),
        ("notification_text", literal(&notification)),
        ("webhook", identifier(&webhook)),
        ("webhook_text", literal(&webhook)),
        ("rule_type", rule_type.to_owned()),
        ("host_and_port", literal(&format!("{host}:{port}"))),
        ("server", literal(url.as_str().trim_end_matches('/'))),
        ("artifact_repository", artifact_repository.to_owned()),
        ("repository_role", repository_role.to_owned()),
    ]
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
