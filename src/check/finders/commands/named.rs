//! What the words of a command name together.

use super::shell::Word;
use crate::check::reference::{Name, Project, Site, Spanned, Target};
use crate::resource::{ProjectPath, ResourceKind, SiteName};

/// What a name, a project and a site on a command line say together; `given` are the words that say the project.
pub fn named(
    kind: ResourceKind,
    name: &Word,
    project: Option<Project>,
    given: Option<&Word>,
    site: Option<&Word>,
) -> Target {
    // A letter that could not be read is a control character.
    let is_read = |text: &String| !text.is_empty() && !text.contains('\u{1a}') && !is_placeholder(text);
    let Some(text) = name.value.clone().filter(is_read) else { return Target::Computed };
    let span = |word: Option<&Word>| word.map_or(name.span.clone(), |word| word.span.clone());
    let project = project.or_else(|| given.map(|_| Project::Computed));
    let project = project.map(|value| Spanned { value, span: span(given) });
    let written = site.and_then(|word| word.value.as_deref()).and_then(|text| {
        if text.is_empty() { Some(SiteName::from_content_url("")) } else { text.parse().ok() }
    });
    // Without one, it is the site of the session.
    let site = Spanned { value: written.map_or(Site::Computed, Site::Loose), span: span(site) };
    let name = Spanned { value: Name::Loose(text), span: name.span.clone() };
    Target::Name { kind, name, project, site: Some(site) }
}

/// What stands for a name in a usage text: `NAME`, `WORKBOOK_NAME`, `YOUR_WORKBOOK`.
fn is_placeholder(text: &str) -> bool {
    text.split('_').all(|word| matches!(word, "NAME" | "WORKBOOK" | "DATASOURCE" | "MY" | "YOUR"))
}

/// A project by its name alone, whatever is in it.
#[must_use]
pub fn leaf(text: &str) -> Project {
    Project::Tail(ProjectPath::leaf_only(text).to_string())
}
