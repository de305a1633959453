//! `tabmap sync` inside Snowflake: a container of Snowpark Container Services that a task runs every night.

use serde_json::json;

use super::error::ObjectsError;
use super::settings::Container;
use super::wanted::Wanted;
use crate::resource::SiteName;
use crate::store::snowflake::quoting::{ascii_json, identifier, literal};

/// The command in the container. Every exit code but 0 would be a failed task.
const COMMAND: [&str; 2] = ["sync", "--accept-incomplete"];

const REPOSITORY: &str = "TABMAP_IMAGES";

/// Refuses what cannot run: services and their databases and schemas have no names that need quotes ("EXECUTE JOB
/// SERVICE", docs.snowflake.com).
pub(super) fn check(wanted: &Wanted<'_>) -> Result<(), ObjectsError> {
    let Some(container) = &wanted.settings.container else { return Ok(()) };
    let names = [
        ("`database` under `[snowflake]`", &wanted.tables.database),
        ("`schema` under `[snowflake]`", &wanted.tables.schema),
        ("`schema` under `[snowflake.objects]`", &wanted.settings.schema),
        ("`container.compute_pool` under `[snowflake.objects]`", &container.compute_pool),
        ("`container.instance_family` under `[snowflake.objects]`", &container.instance_family),
    ];
    let refuse =
        |name, reason: &str, help| Err(ObjectsError::Setting { name, reason: reason.to_owned(), help });
    let is_plain = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
            && name.chars().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_')
    };
    if let Some((name, _)) = names.into_iter().find(|(_, value)| !is_plain(value)) {
        return refuse(
            name,
            "a container needs a name of capitals, digits and `_` alone",
            "take another name, or leave `container` out and sync from a machine outside",
        );
    }
    let is_image = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || "._-/:".contains(one);
    if !container.image.contains(':') || !container.image.chars().all(is_image) {
        return refuse(
            "`container.image` under `[snowflake.objects]`",
            "it is not the name of an image with its tag",
            "write it as `tabmap:latest`, in small letters",
        );
    }
    if wanted.sites.is_empty() {
        return refuse(
            "`sites` under `[tableau]`",
            "the container needs a site to sync, and none is set",
            "set `sites` in tabmap.toml, TABLEAU_SITE or `--site`",
        );
    }
    Ok(())
}

/// What stands in the place of each `{name}`.
pub(super) fn values(wanted: &Wanted<'_>) -> Vec<(&'static str, String)> {
    let example = Container::default();
    let container = wanted.settings.container.as_ref().unwrap_or(&example);
    vec![
        ("repository", repository(wanted).map(identifier).join(".")),
        ("compute_pool", identifier(&container.compute_pool)),
        ("instance_family", container.instance_family.clone()),
        ("sync_schedule", literal(&container.schedule)),
        ("specification", specification(wanted, container)),
    ]
}

fn repository<'a>(wanted: &Wanted<'a>) -> [&'a str; 3] {
    [&wanted.tables.database, &wanted.settings.schema, REPOSITORY]
}

/// The service's specification in JSON, which is YAML that does not depend on how it is indented.
fn specification(wanted: &Wanted<'_>, container: &Container) -> String {
    let [database, schema, _] = repository(wanted);
    let image = format!("/{}/{}", repository(wanted).join("/").to_lowercase(), container.image);
    let secret = |name: &str, variable: &str| {
        json!({
            "snowflakeSecret": { "objectName": format!("{database}.{schema}.{name}") },
            "secretKeyRef": "secret_string",
            "envVarName": variable,
        })
    };
    let sites: Vec<_> = wanted.sites.iter().map(SiteName::to_string).collect();
    let specification = json!({ "spec": { "containers": [{
        "name": "tabmap",
        "image": image,
        "args": COMMAND,
        "env": {
            "TABMAP_STORE": "snowflake",
            "TABLEAU_SERVER": wanted.server.join("").as_str().trim_end_matches('/'),
            "TABLEAU_SITE": sites.join(","),
        },
        "secrets": [
            secret("API__TABLEAU__SYNC_PAT_NAME", "TABLEAU_PAT_NAME"),
            secret("API__TABLEAU__SYNC_PAT_VALUE", "TABLEAU_PAT_SECRET"),
        ],
    }]}});
    ascii_json(&specification)
}
