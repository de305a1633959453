//! Names in files of data: `workbook_name` and `datasource_name`, as pipelines and publishing steps are configured with.

use std::path::Path;

use super::finder::{Finder, Found, TextFile, has_extension, speaks_of_tableau};
use super::yaml::{self, Node, Value};
use crate::check::reference::{Name, Project, Reference, Site, Spanned, Target};
use crate::resource::{ProjectPath, ResourceKind, SiteName};

/// Finds names behind keys that say what they are, in YAML and JSON.
#[derive(Debug)]
pub struct NamedFields;

impl Finder for NamedFields {
    fn reads(&self, path: &Path) -> bool {
        has_extension(path, &["yml", "yaml", "json"])
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let text = file.text;
        let has_field = ResourceKind::ALL.iter().any(|kind| text.contains(&format!("{kind}_name")));
        if !has_field || !speaks_of_tableau(text) {
            return Found::References(Vec::new());
        }
        // Many such files are templates, which no parser reads.
        let Ok(documents) = yaml::parse(text) else { return Found::NotMine };
        let mut references = Vec::new();
        for document in &documents {
            collect(document, &mut references);
        }
        Found::References(references)
    }
}

fn collect(node: &Node, references: &mut Vec<Reference>) {
    match &node.value {
        Value::Sequence(members) => {
            for member in members {
                collect(member, references);
            }
        }
        Value::Mapping(fields) => {
            references.extend(ResourceKind::ALL.into_iter().filter_map(|kind| of_fields(node, kind)));
            for (_, value) in fields {
                collect(value, references);
            }
        }
        Value::Scalar(_) | Value::Null | Value::Other => {}
    }
}

fn of_fields(fields: &Node, kind: ResourceKind) -> Option<Reference> {
    let name = fields.field(&format!("{kind}_name"))?;
    let text = name.text()?;
    if is_computed(text) || is_placeholder(text) {
        return None;
    }
    let beside = |key: &str| fields.field(key).and_then(|node| Some((node.text()?, node.span.clone())));
    let project = match (beside("project_name"), beside("project_path").or_else(|| beside("project"))) {
        (_, Some((path, span))) => Some((Project::Tail(path.to_owned()), path, span)),
        (Some((leaf, span)), None) => {
            Some((Project::Tail(ProjectPath::leaf_only(leaf).to_string()), leaf, span))
        }
        (None, None) => None,
    };
    let project = project.map(|(value, text, span)| {
        let value = if is_computed(text) { Project::Computed } else { value };
        Spanned { value, span }
    });
    let site = beside("site").or_else(|| beside("site_id")).or_else(|| beside("site_name"));
    let site = site.map(|(text, span)| {
        let written = (!is_computed(text)).then(|| text.parse::<SiteName>().ok()).flatten();
        Spanned { value: written.map_or(Site::Computed, Site::Loose), span }
    });
    let site = site.or_else(|| Some(Spanned { value: Site::Computed, span: name.span.clone() }));
    let name = Spanned { value: Name::Loose(text.to_owned()), span: name.span.clone() };
    Some(Reference::new(fields.span.clone(), Target::Name { kind, name, project, site }))
}

/// What a template or another tool puts something in the place of.
fn is_computed(text: &str) -> bool {
    text.is_empty()
        || text.contains(['$', '{', '<', '%', '@', '*'])
        || text.contains("((")
        || text.starts_with("__")
}

/// The type of a column in a schema.
fn is_placeholder(text: &str) -> bool {
    ["string", "str", "text", "varchar"].iter().any(|word| text.eq_ignore_ascii_case(word))
}
