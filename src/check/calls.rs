//! Calls of the refresh procedure: in SQL files, in hooks of dbt, in Jinja text, in strings of other languages.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::arguments::{Argument, Value, read};
use super::reference::{Project, Reference, Site, Spanned, Target};
use crate::resource::ResourceKind;

/// The arguments of the procedure, in their order.
const ORDER: [&str; 6] =
    ["RESOURCE_TYPE", "RESOURCE_NAME", "PROJECT_NAME", "SITE_ID", "CONNECTION_STRING", "PROJECT_PATH"];

/// Finds calls of procedures by their names.
#[derive(Debug, Clone)]
pub struct Calls(Regex);

impl Calls {
    /// Calls of any of `procedures`, in whatever database and schema, in any case and quoting.
    #[must_use]
    pub fn of(procedures: &[String]) -> Self {
        let names: Vec<String> = procedures.iter().map(|name| regex::escape(name.trim())).collect();
        let pattern = RegexBuilder::new(&names.join("|")).case_insensitive(true).unicode(false).build();
        Self(pattern.unwrap_or_else(|_| {
            // Names outside of ASCII need the other mode.
            let pattern = RegexBuilder::new(&names.join("|")).case_insensitive(true).build();
            pattern.expect("escaped names are a pattern")
        }))
    }

    /// The calls in a text.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Reference> {
        let mut references = Vec::new();
        for name in self.0.find_iter(text) {
            if !is_whole_name(text, &name.range()) || is_definition(text, name.start()) {
                continue;
            }
            let Some(open) = opening(text, name.end()) else { continue };
            if is_commented_out(text, name.start()) {
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
    let before = text[..start].trim_end_matches(qualifier).trim_end();
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

/// Code that is commented out does not run. A text is taken for code when in doubt.
fn is_commented_out(text: &str, start: usize) -> bool {
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..start];
    let is_line_comment = before.match_indices("--").any(|(at, _)| {
        let quotes = before[..at].matches('\'').count();
        quotes % 2 == 0
    });
    let is_inside = |open: &str, close: &str| {
        let opened = text[..start].rfind(open);
        let closed = text[..start].rfind(close);
        opened.is_some_and(|opened| closed.is_none_or(|closed| closed < opened))
            && text[start..].contains(close)
    };
    is_line_comment || is_inside("/*", "*/") || is_inside("{#", "#}")
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
