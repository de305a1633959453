//! What exposures of dbt say about Tableau, in YAML and in the manifest that dbt makes of it.

use std::ops::Range;

use super::reference::{Project, Reference, Site, Spanned, Target};
use super::yaml::{self, Node, Value};
use crate::resource::{InvalidSiteName, ResourceKind, SiteName};

/// A text that should be YAML and is not: the line and the reason.
pub type NotYaml = (usize, String);

/// The references in the `meta` of the exposures of a YAML file. Their `url` is found like any address.
pub fn find(text: &str) -> Result<Vec<Reference>, NotYaml> {
    // Most YAML files are something else, and many of those are templates that no parser reads.
    if !(text.contains("exposures") && text.contains("tableau")) {
        return Ok(Vec::new());
    }
    let mut references = Vec::new();
    for document in yaml::parse(text)? {
        let exposures = document.field("exposures").map(Node::members).unwrap_or_default();
        for exposure in exposures {
            let metas =
                [exposure.field("config").and_then(|config| config.field("meta")), exposure.field("meta")];
            for meta in metas.into_iter().flatten() {
                references.extend(of_meta(meta));
            }
        }
    }
    Ok(references)
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

/// A text that is said to be a LUID.
#[must_use]
pub fn luid(luid: Spanned<String>) -> Reference {
    let extent = luid.span.clone();
    let is_computed = is_template(&luid.value);
    let target = if is_computed { Target::Computed } else { Target::Luid { luid, is_declared: true } };
    Reference { extent, target }
}

/// The Default site has no name in Tableau's addresses.
fn site_name(text: &str) -> Result<SiteName, InvalidSiteName> {
    if text.is_empty() { Ok(SiteName::from_content_url("")) } else { text.parse() }
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

fn invalid(message: String, span: Range<usize>) -> Reference {
    let remedy = "write `type` (`workbook` or `datasource`), `name`, and where needed `project` and `site`";
    Reference { extent: span.clone(), target: Target::Invalid { message, remedy: remedy.to_owned(), span } }
}

/// What people write to name a resource.
#[derive(Debug, Default)]
pub struct Fields {
    /// `workbook` or `datasource`.
    pub kind: Option<Spanned<String>>,
    /// The name.
    pub name: Option<Spanned<String>>,
    /// The project, as much of its path as tells it apart.
    pub project: Option<Spanned<String>>,
    /// The site.
    pub site: Option<Spanned<String>>,
}

impl Fields {
    /// What they name.
    #[must_use]
    pub fn reference(self, extent: Range<usize>) -> Reference {
        let Self { kind, name, project, site } = self;
        let all = [&kind, &name, &project, &site];
        if all.into_iter().flatten().any(|field| is_template(&field.value)) {
            return Reference { extent, target: Target::Computed };
        }
        let Some(kind) = kind else { return invalid("the reference has no `type`".to_owned(), extent) };
        let Some(known) = ResourceKind::from_column(&kind.value.to_lowercase()) else {
            return invalid(format!("`{}` is not a kind of resource", kind.value), kind.span);
        };
        let Some(name) = name else { return invalid("the reference has no `name`".to_owned(), extent) };
        let site = match site.map(|site| (site_name(&site.value), site.span)) {
            None => None,
            Some((Ok(value), span)) => Some(Spanned { value: Site::Loose(value), span }),
            Some((Err(error), span)) => return invalid(error.to_string(), span),
        };
        let project = project.map(|one| Spanned { value: Project::Tail(one.value), span: one.span });
        Reference { extent, target: Target::Name { kind: known, name, project, site } }
    }
}
