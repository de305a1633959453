//! What exposures of dbt say about Tableau, in YAML.

use std::path::Path;

use super::finder::{Finder, Found, TextFile, has_extension};
use super::written::{Fields, invalid, luid};
use super::yaml::{self, Node, Value};
use crate::check::finding::Code;
use crate::check::lines::Lines;
use crate::check::reference::{Reference, Spanned};

/// Reads `meta` of exposures in YAML. Their `url` is found like any address.
#[derive(Debug)]
pub struct Exposures;

impl Finder for Exposures {
    fn reads(&self, path: &Path) -> bool {
        has_extension(path, &["yml", "yaml"])
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        // Most YAML files are something else, and many of those are templates that no parser reads.
        if !(file.text.contains("exposures") && file.text.contains("tableau")) {
            return Found::References(Vec::new());
        }
        match yaml::parse(file.text) {
            Ok(documents) => Found::References(of_documents(&documents)),
            Err((line, reason)) => {
                let start = Lines::of(file.text).start(line);
                Found::Unreadable { code: Code::UnreadableFile, span: start..start, reason }
            }
        }
    }
}

fn of_documents(documents: &[Node]) -> Vec<Reference> {
    let mut references = Vec::new();
    for document in documents {
        let exposures = document.field("exposures").map(Node::members).unwrap_or_default();
        for exposure in exposures {
            let metas =
                [exposure.field("config").and_then(|config| config.field("meta")), exposure.field("meta")];
            for meta in metas.into_iter().flatten() {
                references.extend(of_meta(meta));
            }
        }
    }
    references
}

fn of_meta(meta: &Node) -> Vec<Reference> {
    let luid = meta.field("tableau_luid").and_then(spanned).map(luid);
    let named = meta.field("tableau").map(|tableau| {
        let Value::Mapping(_) = tableau.value else {
            return invalid("`tableau` is not a mapping".to_owned(), tableau.span.clone());
        };
        let field = |name: &str| tableau.field(name).and_then(spanned);
        let fields = Fields {
            kind: field("type"),
            name: field("name"),
            project: field("project"),
            site: field("site"),
        };
        fields.reference(tableau.span.clone())
    });
    luid.into_iter().chain(named).collect()
}

fn spanned(node: &Node) -> Option<Spanned<String>> {
    Some(Spanned { value: node.text()?.to_owned(), span: node.span.clone() })
}
