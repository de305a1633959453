//! `target/manifest.json`: what dbt made of the exposures, with all templates rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::addresses;
use super::finder::{Finder, Found, TextFile};
use super::written::{META_KEYS, luid, named, scalar};
use crate::check::reference::{Origin, Reference, Spanned};

#[derive(Deserialize)]
struct Manifest<'a> {
    #[serde(rename = "metadata")]
    _metadata: Metadata,
    #[serde(borrow, default)]
    exposures: BTreeMap<String, Exposure<'a>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "dbt_schema_version")]
    _dbt_schema_version: String,
}

#[derive(Deserialize)]
struct Exposure<'a> {
    name: Option<String>,
    original_file_path: Option<String>,
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    config: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Config<'a> {
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow)]
    tableau_luid: Option<&'a RawValue>,
    #[serde(borrow)]
    tableau: Option<&'a RawValue>,
}

type Tableau<'a> = BTreeMap<String, &'a RawValue>;

/// Reads what dbt made of exposures, from the manifest that it writes.
#[derive(Debug)]
pub struct Manifests;

impl Finder for Manifests {
    fn reads(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| name == "manifest.json")
    }

    fn is_generated(&self) -> bool {
        true
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let Ok(manifest) = serde_json::from_str::<Manifest<'_>>(file.text) else { return Found::NotMine };
        let exposures = manifest.exposures.into_iter();
        Found::References(
            exposures.flat_map(|(id, exposure)| of_exposure(file.text, &id, exposure)).collect(),
        )
    }
}

/// Of an exposure by its unique id, such as `exposure.shop.weekly_sales`. Those that are disabled are elsewhere in a manifest.
fn of_exposure(text: &str, id: &str, exposure: Exposure<'_>) -> Vec<Reference> {
    let config = exposure.config.and_then(parse::<Config<'_>>);
    let metas = [exposure.meta, config.and_then(|config| config.meta)];
    let mut references = Vec::new();
    references.extend(spanned(text, exposure.url).and_then(|url| addresses::read(text, &url)));
    for meta in metas.into_iter().flatten().filter_map(parse::<Meta<'_>>) {
        references.extend(spanned(text, meta.tableau_luid).map(luid));
        if let Some((raw, tableau)) = meta.tableau.and_then(|raw| Some((raw, parse::<Tableau<'_>>(raw)?))) {
            let field = |key: &&'static str| Some((*key, scalar(spanned(text, tableau.get(*key).copied())?)));
            let fields = META_KEYS.iter().filter_map(field).collect();
            references.push(named(text, fields, span(text, raw), span(text, raw)));
        }
    }
    // Versions of dbt that know `config.meta` write the same in both places.
    let mut seen = BTreeSet::new();
    references.retain(|one| one.target.key().is_none_or(|key| seen.insert(key)));
    let name = exposure.name.unwrap_or_else(|| id.rsplit('.').next().unwrap_or(id).to_owned());
    let origin = exposure.original_file_path.map(|path| Origin { path, name });
    references.into_iter().map(|reference| Reference { origin: origin.clone(), ..reference }).collect()
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// A text of JSON, or what YAML took for a number or truth value, and its place without quotes.
fn spanned(text: &str, raw: Option<&RawValue>) -> Option<Spanned<String>> {
    let raw = raw?;
    let whole = span(text, raw);
    match serde_json::from_str(raw.get()).ok()? {
        Value::String(value) => Some(Spanned { value, span: whole.start + 1..whole.end - 1 }),
        Value::Number(_) | Value::Bool(_) => Some(Spanned { value: raw.get().to_owned(), span: whole }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A raw value is a part of the text that it was read from.
fn span(text: &str, raw: &RawValue) -> Range<usize> {
    let start = raw.get().as_ptr().addr().saturating_sub(text.as_ptr().addr()).min(text.len());
    start..(start + raw.get().len()).min(text.len())
}
