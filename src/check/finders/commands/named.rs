//! What the words of a command name together.

use super::shell::Word;
use crate::check::reference::{Name, Project, Site, Spanned, Target};
use crate::resource::{ProjectPath, ResourceKind, SiteName};

/// What a name, a project and a site on a command line say together.
pub fn named(
    kind: ResourceKind,
    name: &Word,
    project: Option<Project>,
    given: Option<&Word>,
    site: Option<&Word>,
) -> Target {
    let Some(text) = name.value.clone().filter(|text| !text.is_empty()) else { return Target::Computed };
    let span = |word: Option<&Word>| word.map_or(name.span.clone(), |word| word.span.clone());
    let project = project.map(|value| Spanned { value, span: span(given) });
    let site = site.and_then(|word| {
        let value = word.value.as_deref()?;
        let value = if value.is_empty() { SiteName::from_content_url("") } else { value.parse().ok()? };
        Some(Spanned { value: Site::Loose(value), span: word.span.clone() })
    });
    Target::Name { kind, name: Spanned { value: Name::Loose(text), span: name.span.clone() }, project, site }
}

/// A project by its name alone, whatever is in it.
#[must_use]
pub fn leaf(text: &str) -> Project {
    Project::Tail(ProjectPath::leaf_only(text).to_string())
}
