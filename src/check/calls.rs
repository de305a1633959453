//! Calls of the refresh procedure: in SQL files, in hooks of dbt, in Jinja text, in strings of other languages.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::arguments::{Argument, Value, read};
use super::comments::Comments;
use super::lines::boundary;
use super::reference::{Project, Reference, Site, Spanned, Target};
use crate::resource::ResourceKind;

/// How far before a call is looked for what it is part of.
const LOOK_BACK: usize = 1024;
/// The arguments of the procedure, in their order.
const ORDER: [&str; 6] =
    ["RESOURCE_TYPE", "RESOURCE_NAME", "PROJECT_NAME", "SITE_ID", "CONNECTION_STRING", "PROJECT_PATH"];

/// Finds calls of procedures by their names.
#[derive(Debug, Clone)]
pub struct Calls(Regex);

impl Calls {
    /// Calls of any of `procedures`, in whatever database and schema, in any case and quoting.
    pub fn of(procedures: &[String]) -> Result<Self, regex::Error> {
        let names: Vec<String> = procedures.iter().map(|name| regex::escape(name.trim())).collect();
        RegexBuilder::new(&names.join("|")).case_insensitive(true).build().map(Self)
    }

    /// The calls in the text of a file with an extension.
    #[must_use]
    pub fn find(&self, text: &str, extension: &str) -> Vec<Reference> {
        let mut references = Vec::new();
        let mut comments = Comments::of(text, extension);
        for name in self.0.find_iter(text) {
            if !is_whole_name(text, &name.range()) || is_definition(text, name.start()) {
                continue;
            }
            let Some(open) = opening(text, name.end()) else { continue };
            if comments.hold(name.start()) {
                continue;
            }
            let (arguments, end) = read(text, open + 1);
            // A bare `NAME()` in a sentence is a mention.
            if let Some(target) = (!arguments.is_empty()).then(|| target(&arguments)) {
                references.push(Reference { extent: name.start()..end, target });
            }
        }
        references
    }
}

fn is_whole_name(text: &str, name: &Range<usize>) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    !text[..name.start].ends_with(is_part) && !text[name.end..].starts_with(is_part)
}

/// `CREATE PROCEDURE`, `GRANT ... ON PROCEDURE` and their kind name the types of arguments, not values.
fn is_definition(text: &str, start: usize) -> bool {
    let qualifier = |letter: char| letter.is_alphanumeric() || "_$.\"\\{}".contains(letter);
    let near = &text[boundary(text, start.saturating_sub(LOOK_BACK))..start];
    let before = near.trim_end_matches(qualifier).trim_end();
    let ends_with = |word: &str| {
        let tail = before.len().checked_sub(word.len()).and_then(|at| before.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(word))
    };
    ends_with("procedure") || ends_with("exists") || ends_with("function")
}

/// The opening parenthesis after a name, past its closing quote.
fn opening(text: &str, end: usize) -> Option<usize> {
    let rest = text[end..].trim_start_matches('\\');
    let rest = rest.strip_prefix('"').unwrap_or(rest);
    let rest = rest.trim_start();
    rest.starts_with('(').then(|| text.len() - rest.len())
}

fn target(arguments: &[Argument]) -> Target {
    let find = |name: &str| {
        let named = arguments
            .iter()
            .find(|one| one.name.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(name)));
        let position = ORDER.iter().position(|known| *known == name);
        named.or_else(|| arguments.get(position?).filter(|one| one.name.is_none())).map(|one| &one.value)
    };
    let text = |name: &str| match find(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        Some(Value::Null | Value::Computed) | None => None,
    };
    let (Some(kind), Some(name)) = (text("RESOURCE_TYPE"), text("RESOURCE_NAME")) else {
        return Target::Computed;
    };
    let Some(known) = ResourceKind::from_column(&kind.value.to_lowercase()) else {
        return Target::Invalid {
            message: format!("`{}` is not a kind of resource", kind.value),
            remedy: "write `workbook` or `datasource`".to_owned(),
            span: kind.span,
        };
    };
    let path = text("PROJECT_PATH").filter(|path| !path.value.is_empty());
    let project = match path {
        Some(Spanned { value, span }) => Some(Spanned { value: Project::Path(value), span }),
        // A path that is computed decides, whatever the name says.
        None if matches!(find("PROJECT_PATH"), Some(Value::Computed)) => None,
        None => text("PROJECT_NAME").map(|one| Spanned { value: Project::Leaf(one.value), span: one.span }),
    };
    let site = text("SITE_ID").map(|one| Spanned { value: Site::Column(one.value), span: one.span });
    Target::Name { kind: known, name, project, site }
}
