//! Every setting with its value and where that is from, for `tabmap config`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::{
    ConfigError, DEFAULT_FILE, Environment, Flags, REPOSITORY_PASSWORD, TEMPLATE, named_file, read_text,
};

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Setting {
    /// The key of the file with its sections, `tableau.server`; or the name of a variable.
    pub key: String,
    /// What it is set to; `None` where it is not set, and of secrets.
    pub value: Option<Value>,
    /// Whether the value is not shown.
    pub is_secret: bool,
    /// The flag, the variables or the file; `None` for a default.
    pub from: Option<String>,
}

impl Setting {
    /// The value for people.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.value {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None if self.is_secret && self.from.is_some() => "(set, not shown)".to_owned(),
            None => "(not set)".to_owned(),
        }
    }
}

/// Keys of which the template shows an example, with what counts without them.
const EXAMPLES: [(&str, Option<&str>); 16] = [
    ("tableau.server", None),
    ("tableau.sites", None),
    ("tableau.site", None),
    ("tableau.ca_bundle", None),
    ("tableau.repository.host", Some("the host of the server")),
    ("tableau.repository.ca_file", Some("the authorities of the operating system")),
    ("limits.max_removed", Some("20% of the rows of a site, or 10 where that is more")),
    ("check.overrides", None),
    ("snowflake.database", Some("EXTERNAL_ACCESS, or that of the service in a container")),
    ("snowflake.schema", Some("MAPPING_TABLES, or that of the service in a container")),
    ("snowflake.objects.alert", None),
    ("snowflake.objects.alert_email", None),
    ("snowflake.objects.nightly", None),
    ("snowflake.objects.container", None),
    ("serve.hosts", None),
    ("webhook.rule", None),
];

/// Variables that are no keys of the file. They hold names, not secrets.
const VARIABLES: [&str; 12] = [
    "TABLEAU_PAT_NAME",
    "TABLEAU_SYNC_PAT_NAME",
    "TABLEAU_JWT_CLIENT_ID",
    "TABLEAU_JWT_SECRET_ID",
    "TABLEAU_JWT_USERNAME",
    "TABLEAU_UAT_TENANT_ID",
    "TABLEAU_UAT_ISSUER",
    "TABLEAU_UAT_USERNAME",
    "TABLEAU_UAT_USERNAME_CLAIM",
    "TABLEAU_UAT_KEY_ID",
    "TABLEAU_USERNAME",
    "NO_PROXY",
];

/// Secrets, each of which may be in a file.
const SECRETS: [&str; 8] = [
    "TABLEAU_PAT_SECRET",
    "TABLEAU_JWT_SECRET",
    "TABLEAU_UAT_PRIVATE_KEY",
    "TABLEAU_PASSWORD",
    REPOSITORY_PASSWORD,
    "DBT_WEBHOOK_SECRET",
    "ALERT_WEBHOOK_SECRET",
    "TABLEAU_SYNC_PAT_SECRET",
];

/// Variables that may hold a password among other things.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// All settings, in the order of the file, then the variables.
pub fn settings(flags: &Flags, environment: &Environment) -> Result<Vec<Setting>, ConfigError> {
    let named = named_file(flags, environment);
    let text = read_text(named.as_deref())?;
    let file = named.as_deref().unwrap_or(Path::new(DEFAULT_FILE)).display().to_string();
    let table: toml::Table = toml::from_str(text.as_deref().unwrap_or_default()).unwrap_or_default();
    let mut settings = vec![Setting {
        key: "config".to_owned(),
        value: text.is_some().then(|| Value::from(file.clone())),
        is_secret: false,
        from: from_flag(flags.config.is_some(), "--config")
            .or_else(|| variable("TABMAP_CONFIG", environment)),
    }];
    for (key, default) in template() {
        let (value, from) = if let Some(given) = given(&key, flags, environment) {
            given
        } else if let Some(value) = of_file(&table, &key) {
            (Some(value), Some(file.clone()))
        } else {
            (default, None)
        };
        settings.push(Setting { key, value, is_secret: false, from });
    }
    settings.extend(of_environment(environment));
    for prefix in prefixes(&table) {
        settings.extend(of_site(environment, prefix));
    }
    Ok(settings)
}

/// The keys of the template with their defaults. Every key stands there on a line of its own.
fn template() -> Vec<(String, Option<Value>)> {
    let (mut section, mut seen, mut keys) = (String::new(), BTreeSet::new(), Vec::new());
    for line in TEMPLATE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = format!("{name}.");
        }
        let Some(setting) = line.strip_prefix('#').filter(|line| !line.starts_with(' ')) else { continue };
        let Ok(parsed) = toml::from_str::<toml::Table>(setting) else { continue };
        for (name, value) in parsed {
            let key = format!("{section}{name}");
            // A second line of one key is another example of it.
            if seen.insert(key.clone()) {
                let example = EXAMPLES.iter().find(|(example, _)| *example == key);
                let default = example.map_or_else(|| json(&value), |(_, text)| text.map(Value::from));
                keys.push((key, default));
            }
        }
    }
    keys
}

/// What a flag or a variable says in place of the file, and which.
fn given(key: &str, flags: &Flags, environment: &Environment) -> Option<(Option<Value>, Option<String>)> {
    let text = |text: &str| Some(Value::from(text));
    let list = |sites: Vec<&str>| Some(Value::from(sites));
    let (flag, value, name) = match key {
        "store" => ("--store", flags.store.as_deref().and_then(text), "TABMAP_STORE"),
        "tableau.server" => ("--server", flags.server.as_deref().and_then(text), "TABLEAU_SERVER"),
        "tableau.sites" => {
            let sites: Vec<_> = flags.site.iter().map(String::as_str).collect();
            ("--site", if sites.is_empty() { None } else { list(sites) }, "TABLEAU_SITE")
        }
        "tableau.ca_bundle" => ("", None, "TABLEAU_CA_BUNDLE"),
        "tableau.source" => ("", None, "TABMAP_SOURCE"),
        "tableau.repository.host" => ("", None, "TABLEAU_REPOSITORY_HOST"),
        "tableau.repository.port" => ("", None, "TABLEAU_REPOSITORY_PORT"),
        "tableau.repository.user" => ("", None, "TABLEAU_REPOSITORY_USER"),
        "tableau.repository.sslmode" => ("", None, "TABLEAU_REPOSITORY_SSLMODE"),
        "tableau.repository.ca_file" => ("", None, "TABLEAU_REPOSITORY_CA_FILE"),
        _ => return None,
    };
    if value.is_some() {
        return Some((value, from_flag(true, flag)));
    }
    let of_variable = environment.get(name)?;
    let value = match key {
        "tableau.sites" => {
            list(of_variable.split(',').map(str::trim).filter(|site| !site.is_empty()).collect())
        }
        _ => text(of_variable),
    };
    Some((value, Some(name.to_owned())))
}

fn from_flag(is_given: bool, flag: &str) -> Option<String> {
    is_given.then(|| flag.to_owned())
}

fn variable(name: &str, environment: &Environment) -> Option<String> {
    environment.get(name).map(|_| name.to_owned())
}

fn of_file(table: &toml::Table, key: &str) -> Option<Value> {
    let mut names = key.split('.');
    let first = table.get(names.next()?)?;
    json(names.try_fold(first, |value, name| value.get(name))?)
}

fn json(value: &toml::Value) -> Option<Value> {
    serde_json::to_value(value).ok()
}

/// What the names of variables begin with that some sites have of their own.
fn prefixes(table: &toml::Table) -> Vec<&str> {
    let sites = table.get("tableau").and_then(|tableau| tableau.get("site")?.as_array());
    sites.into_iter().flatten().filter_map(|site| site.get("prefix")?.as_str()).collect()
}

/// What has no key in the file; secrets by their names.
fn of_environment(environment: &Environment) -> Vec<Setting> {
    let is_set = |name: &&str| environment.get(name).is_some();
    let of_snowflake = environment.names().into_iter().filter(|name| name.starts_with("SNOWFLAKE_"));
    let unshown = PROXIES.into_iter().chain(of_snowflake).filter(is_set);
    let unshown = unshown.map(|name| secret(name, Some(name.to_owned())));
    let shown = VARIABLES.iter().map(|name| shown(environment, (*name).to_owned()));
    let secrets = SECRETS.iter().map(|name| of_secret(environment, name));
    shown.chain(secrets).chain(unshown).collect()
}

/// The variables of a site that are set.
fn of_site(environment: &Environment, prefix: &str) -> impl Iterator<Item = Setting> {
    let shown = VARIABLES.iter().map(move |name| shown(environment, format!("{prefix}{name}")));
    let secrets = SECRETS.iter().map(move |name| of_secret(environment, &format!("{prefix}{name}")));
    shown.chain(secrets).filter(|setting| setting.from.is_some())
}

fn shown(environment: &Environment, name: String) -> Setting {
    let (value, from) = (environment.get(&name).map(Value::from), variable(&name, environment));
    Setting { key: name, value, is_secret: false, from }
}

fn secret(name: &str, from: Option<String>) -> Setting {
    Setting { key: name.to_owned(), value: None, is_secret: true, from }
}

/// A secret, which may be in a file.
fn of_secret(environment: &Environment, name: &str) -> Setting {
    let names = [name.to_owned(), format!("{name}_FILE")];
    let set: Vec<_> = names.iter().filter_map(|name| variable(name, environment)).collect();
    secret(name, Some(set.join(" and ")).filter(|set| !set.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn every_default_of_the_template_is_the_one_that_counts_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let load = |text: &str| {
            let path = folder.path().join("tabmap.toml");
            std::fs::write(&path, text).unwrap();
            let flags = Flags { config: Some(path), ..Flags::default() };
            let mut config = Config::load(&flags, Environment::default()).unwrap();
            // The client knows its own timeout.
            config.tableau_timeout.get_or_insert(std::time::Duration::from_secs(120));
            // Written out, a severity is remembered as written.
            config.check.severities = crate::check::severities::Severities::default();
            format!("{config:?}")
        };
        let all = template();
        let defaults = all.iter().filter(|(key, _)| !EXAMPLES.iter().any(|(example, _)| key == example));
        let lines: Vec<String> =
            defaults.map(|(key, value)| format!("{key} = {}", value.as_ref().unwrap())).collect();
        assert!(lines.len() > 40, "{lines:?}");
        assert_eq!(load(&lines.join("\n")), load(""));
        for (example, _) in EXAMPLES {
            assert!(all.iter().any(|(key, _)| key == example), "there is no key `{example}`");
        }
    }
}
