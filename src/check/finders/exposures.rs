//! What exposures of dbt say about Tableau, in YAML.

use std::path::Path;

use super::finder::{Finder, Found, TextFile, has_extension};
use super::written::{META_KEYS, invalid, luid, named, scalar};
use super::yaml::{self, Node, Value};
use crate::check::finding::Code;
use crate::check::reference::{Reference, Spanned, Target};

/// Reads `meta` of exposures in YAML. Their `url` is found like any address.
#[derive(Debug)]
pub struct Exposures;

impl Finder for Exposures {
    fn reads(&self, path: &Path) -> bool {
        has_extension(path, &["yml", "yaml"])
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        // Most YAML files are something else, and many of those are templates that no parser reads.
        let text = file.text;
        if !(text.contains("exposures") && (text.contains("tableau") || text.contains("enabled"))) {
            return Found::References(Vec::new());
        }
        match yaml::parse(file.text) {
            Ok(documents) => Found::References(of_documents(file.text, &documents)),
            Err((start, reason)) => {
                Found::Unreadable { code: Code::UnreadableFile, span: start..start, reason }
            }
        }
    }
}

fn of_documents(text: &str, documents: &[Node]) -> Vec<Reference> {
    let mut references = Vec::new();
    for document in documents {
        let exposures = document.field("exposures").map(Node::members).unwrap_or_default();
        for exposure in exposures {
            let config = exposure.field("config");
            let enabled =
                config.and_then(|config| config.field("enabled")).or_else(|| exposure.field("enabled"));
            if enabled.and_then(Node::text).is_some_and(|text| text.eq_ignore_ascii_case("false")) {
                let span = exposure.span.clone();
                references.push(Reference::new(span.clone(), Target::Disabled { span }));
                continue;
            }
            let metas = [config.and_then(|config| config.field("meta")), exposure.field("meta")];
            for meta in metas.into_iter().flatten() {
                references.extend(of_meta(text, meta));
            }
        }
    }
    references
}

fn of_meta(text: &str, meta: &Node) -> Vec<Reference> {
    let luid = meta.field("tableau_luid").and_then(spanned).map(luid);
    let named = meta.field("tableau").map(|tableau| {
        let Value::Mapping(_) = tableau.value else {
            return invalid("`tableau` is not a mapping".to_owned(), tableau.span.clone());
        };
        let field = |key: &&'static str| Some((*key, scalar(spanned(tableau.field(key)?)?)));
        let fields = META_KEYS.iter().filter_map(field).collect();
        named(text, fields, tableau.span.clone(), tableau.span.clone())
    });
    luid.into_iter().chain(named).collect()
}

fn spanned(node: &Node) -> Option<Spanned<String>> {
    Some(Spanned { value: node.text()?.to_owned(), span: node.span.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_in_a_meta_names_the_same() {
        let key = |fields: &str| {
            let text = format!("exposures:\n  - meta:\n      tableau: {{{fields}}}\n");
            let found = of_documents(&text, &yaml::parse(&text).unwrap());
            assert_eq!(found.len(), 1, "{text}");
            found[0].target.key().unwrap()
        };
        let canonical = key("workbook: A, project: /P/Q, site: S");
        for spelling in [
            "type: workbook, name: A, project: /P/Q, site: S",
            "resource_type: workbook, resource_name: A, project_name: Q, project_path: P/Q, site_id: S",
        ] {
            assert_eq!(key(spelling), canonical, "{spelling}");
        }
        assert_eq!(key("luid: X"), key("resource_id: x"));
        assert_eq!(key("type: workbook, number: 12, site: S, owner: me"), "page S workbook 12");
    }
}
