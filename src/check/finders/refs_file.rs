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

use std::path::Path;

use serde::Deserialize;

use super::finder::{Finder, Found, TextFile};
use super::written::{Table, of_table};
use crate::check::finding::Code;
use crate::check::reference::{Reference, Target};

/// The name of the file, in whatever folder.
const FILE_NAME: &str = "tabmap-refs.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    reference: Vec<Table>,
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

fn reference(text: &str, entry: Table) -> Reference {
    let header = entry.span();
    let fields = &entry.as_ref().0;
    let has = |wanted: &[&str]| fields.iter().any(|(key, _)| wanted.contains(key));
    let message = if has(&["incremental", "schedule"]) {
        "`incremental` and `schedule` say how to refresh, and nothing here is refreshed"
    } else if fields.is_empty() || has(&["luid", "resource_id", "url"]) && fields.len() > 1 {
        "a reference has either `luid`, or `url`, or `type` and `name`"
    } else {
        return of_table(text, entry, None);
    };
    let remedy = "write `luid`, or `url`, or `type` and `name` with `project` and `site` where needed";
    let end = fields.iter().map(|(_, one)| one.span().end).fold(header.end, usize::max);
    let (message, remedy) = (message.to_owned(), remedy.to_owned());
    Reference::new(header.start..end, Target::Invalid { message, remedy, span: header })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Found {
        RefsFile.find(&TextFile { path: Path::new(FILE_NAME), text })
    }

    fn key(fields: &str) -> String {
        let Found::References(found) = found(&format!("[[reference]]\n{fields}\n")) else {
            panic!("{fields}")
        };
        assert_eq!(found.len(), 1, "{fields}");
        found[0].target.key().unwrap()
    }

    #[test]
    fn each_spelling_in_the_file_names_the_same() {
        let canonical = key("workbook = 'A'\nproject = '/P/Q'\nsite = 'S'");
        for spelling in [
            "type = 'workbook'\nname = 'A'\nproject = '/P/Q'\nsite = 'S'",
            "resource_type = 'workbook'\nresource_name = 'A'\nproject_name = 'Q'\nproject_path = 'P/Q'\nsite_id = 'S'",
        ] {
            assert_eq!(key(spelling), canonical, "{spelling}");
        }
        assert_eq!(key("resource_id = 'X'"), key("luid = 'x'"));
        assert_eq!(key("type = 'workbook'\nnumber = 12\nsite = 'S'"), "page S workbook 12");
    }

    #[test]
    fn an_unknown_key_is_an_error_at_its_place() {
        let text = "[[reference]]\nworkbok = 'A'\n";
        let Found::Unreadable { span, reason, .. } = found(text) else { panic!("it was read") };
        assert_eq!(&text[span], "workbok");
        assert!(reason.contains("unknown field `workbok`"), "{reason}");
    }
}
