//! What people write in files of data to name a resource: a LUID, or `type`, `name`, `project` and `site`.

use std::ops::Range;

use crate::check::reference::{Project, Reference, Site, Spanned, Target};
use crate::resource::{InvalidSiteName, ResourceKind, SiteName};

/// A text that is said to be a LUID.
#[must_use]
pub fn luid(luid: Spanned<String>) -> Reference {
    let extent = luid.span.clone();
    let is_computed = is_template(&luid.value);
    let target = if is_computed { Target::Computed } else { Target::Luid { luid, is_declared: true } };
    Reference::new(extent, target)
}

/// The Default site has no name in Tableau's addresses.
fn site_name(text: &str) -> Result<SiteName, InvalidSiteName> {
    if text.is_empty() { Ok(SiteName::from_content_url("")) } else { text.parse() }
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

pub(super) fn invalid(message: String, span: Range<usize>) -> Reference {
    let remedy = "write `type` (`workbook` or `datasource`), `name`, and where needed `project` and `site`";
    Reference::new(span.clone(), Target::Invalid { message, remedy: remedy.to_owned(), span })
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
            return Reference::new(extent, Target::Computed);
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
        Reference::new(extent, Target::Name { kind: known, name, project, site })
    }
}
