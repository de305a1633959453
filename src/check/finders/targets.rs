//! What tabmap itself is told to refresh: webhook rules and `nightly` in `tabmap.toml`, and files for `refresh --from`.

use std::path::Path;

use serde::Deserialize;

use super::finder::{Finder, Found, TextFile, has_extension};
use super::written::{Table, of_table};

/// The parts of those files that name resources. What else stands there is not ours to judge.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct File {
    refresh: Vec<Table>,
    webhook: Webhook,
    snowflake: Snowflake,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Webhook {
    rule: Vec<Rule>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rule {
    refresh: Vec<Table>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Snowflake {
    objects: Objects,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Objects {
    nightly: Option<Table>,
}

/// Reads what is to be refreshed.
#[derive(Debug)]
pub struct Targets;

impl Finder for Targets {
    fn reads(&self, path: &Path) -> bool {
        has_extension(path, &["toml"])
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let text = file.text;
        // Most TOML files are something else, and may well have a `refresh` of another form.
        let Ok(File { refresh, webhook, snowflake }) = toml::from_str::<File>(text) else {
            return Found::NotMine;
        };
        let of_rules = webhook.rule.into_iter().flat_map(|rule| rule.refresh);
        let targets = refresh.into_iter().chain(of_rules).map(|table| of_table(text, table, None));
        let nightly = snowflake.objects.nightly.into_iter().map(|table| {
            // The procedure takes no site for the Default one.
            let names_site = table.as_ref().0.iter().any(|(key, _)| key.starts_with("site"));
            of_table(text, table, (!names_site).then_some(("site", "")))
        });
        Found::References(targets.chain(nightly).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let Found::References(found) = Targets.find(&TextFile { path: Path::new("a.toml"), text }) else {
            return Vec::new();
        };
        found.iter().filter_map(|one| one.target.key()).collect()
    }

    #[test]
    fn each_place_and_spelling_names_the_same() {
        let wanted = keys("[[refresh]]\nworkbook = 'A'\nproject = 'P'\nsite = 'S'\n");
        assert_eq!(wanted.len(), 1);
        for text in [
            "[[webhook.rule]]\njob_id = 1\nrefresh = [{ workbook = 'A', project = 'P', site = 'S', incremental = true }]\n",
            "[[webhook.rule]]\nrefresh = [{ type = 'workbook', name = 'A', project_name = 'P', site_id = 'S' }]\n",
            "[snowflake.objects.nightly]\nresource_type = 'workbook'\nresource_name = 'A'\nproject_name = 'P'\nsite_id = 'S'\n",
            "[snowflake.objects]\nnightly = { workbook = 'A', project = 'P', site = 'S', schedule = 'x' }\n",
        ] {
            assert_eq!(keys(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_nightly_refresh_without_a_site_is_of_the_default_site() {
        let nightly = "[snowflake.objects]\nnightly = { workbook = 'A', project = 'P' }\n";
        assert_eq!(keys(nightly), keys("[[refresh]]\nworkbook = 'A'\nproject = 'P'\nsite = 'Default'\n"));
    }

    #[test]
    fn files_of_other_tools_name_nothing() {
        for text in ["refresh = 5\n", "[[refresh]]\ntoken = 'x'\n", "[package]\nname = 'a'\n", "{"] {
            assert!(keys(text).is_empty(), "{text}");
        }
    }
}
