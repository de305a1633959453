//! `tabmap-refs.toml`: references that no finder sees, listed by hand.
//!
//! ```toml
//! [[reference]]
//! type = "workbook"
//! project = "Finance/EMEA"
//! name = "Sales"
//!
//! [[reference]]
//! luid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
//! ```

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;

use super::addresses;
use super::finder::{Finder, Found, TextFile};
use super::written::{Fields, luid};
use crate::check::finding::Code;
use crate::check::reference::{Reference, Spanned, Target};

/// The name of the file, in whatever folder.
const FILE_NAME: &str = "tabmap-refs.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    reference: Vec<toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(rename = "type")]
    kind: Option<toml::Spanned<String>>,
    name: Option<toml::Spanned<String>>,
    project: Option<toml::Spanned<String>>,
    site: Option<toml::Spanned<String>>,
    luid: Option<toml::Spanned<String>>,
    url: Option<toml::Spanned<String>>,
}

/// Reads the lists that are kept by hand.
#[derive(Debug)]
pub struct RefsFile;

impl Finder for RefsFile {
    fn reads(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| name == FILE_NAME)
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        match toml::from_str::<File>(file.text) {
            Ok(entries) => Found::References(
                entries.reference.into_iter().map(|entry| reference(file.text, entry)).collect(),
            ),
            Err(error) => Found::Unreadable {
                code: Code::InvalidReference,
                span: error.span().unwrap_or_default(),
                reason: error.message().trim_end().to_owned(),
            },
        }
    }
}

fn reference(text: &str, entry: toml::Spanned<Entry>) -> Reference {
    let header = entry.span();
    let value = |field: Option<toml::Spanned<String>>| field.map(|field| spanned(text, field));
    let Entry { kind, name, project, site, luid: id, url } = entry.into_inner();
    // The span of a table is its header alone; a comment beside a value is meant for the whole.
    let values = [&kind, &name, &project, &site, &id, &url].into_iter().flatten();
    let extent = header.start..values.map(|one| one.span().end).fold(header.end, usize::max);
    let remedy = "write `luid`, or `url`, or `type` and `name` with `project` and `site` where needed";
    let invalid = |message: &str| {
        let (message, remedy) = (message.to_owned(), remedy.to_owned());
        Reference::new(extent.clone(), Target::Invalid { message, remedy, span: header.clone() })
    };
    let is_named = kind.is_some() || name.is_some() || project.is_some() || site.is_some();
    match (value(id), value(url), is_named) {
        (Some(id), None, false) => Reference { extent, ..luid(id) },
        (None, Some(url), false) => match addresses::read(text, &url) {
            Some(reference) => Reference { extent, ..reference },
            None => invalid("`url` is not the address of a workbook, a data source or a view"),
        },
        (None, None, true) => {
            Fields { kind: value(kind), name: value(name), project: value(project), site: value(site) }
                .reference(extent)
        }
        _ => invalid("a reference has either `luid`, or `url`, or `type` and `name`"),
    }
}

/// Without its quotes.
fn spanned(text: &str, field: toml::Spanned<String>) -> Spanned<String> {
    let Range { start, end } = field.span();
    let written = text.get(start..end).unwrap_or_default();
    let quotes = written.len() - written.trim_start_matches(['"', '\'']).len();
    let quotes = if quotes >= 3 { 3 } else { quotes.min(1) };
    let span = start + quotes..end.saturating_sub(quotes).max(start + quotes);
    Spanned { value: field.into_inner(), span }
}
