//! Calls of the refresh procedure: in SQL files, in hooks of dbt, in Jinja text, in strings of other languages.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::arguments::{Argument, Value, read};
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

    /// The calls in a text.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Reference> {
        let mut references = Vec::new();
        let mut comments = Comments::of(text);
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

/// Whether a call is commented out, which does not run. A text is taken for code when in doubt.
struct Comments<'a> {
    text: &'a str,
    blocks: [Block; 2],
}

/// Where one form of comment was last seen to open, up to the place that was asked about last.
struct Block {
    open: &'static str,
    close: &'static str,
    /// Where the last of them closes.
    last_close: Option<usize>,
    seen: usize,
    is_open: bool,
}

impl<'a> Comments<'a> {
    fn of(text: &'a str) -> Self {
        let block =
            |open, close| Block { open, close, last_close: text.rfind(close), seen: 0, is_open: false };
        Self { text, blocks: [block("/*", "*/"), block("{#", "#}")] }
    }

    /// Asked about one place after the other, each text is read once.
    fn hold(&mut self, start: usize) -> bool {
        let line = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let before = &self.text[line..start];
        let before = &before[boundary(before, before.len().saturating_sub(LOOK_BACK))..];
        let is_line_comment =
            before.match_indices("--").any(|(at, _)| before[..at].matches('\'').count().is_multiple_of(2));
        let text = self.text;
        is_line_comment || self.blocks.iter_mut().any(|block| block.holds(text, start))
    }
}

impl Block {
    fn holds(&mut self, text: &str, start: usize) -> bool {
        while let Some(rest) = text.get(self.seen..start) {
            let token = if self.is_open { self.close } else { self.open };
            let Some(at) = rest.find(token) else { break };
            let at = self.seen + at;
            self.is_open = !self.is_open && begins_a_comment(text, at);
            self.seen = at + token.len();
        }
        // What is never closed is no comment but, say, `'s3://bucket/*'`.
        self.is_open && self.last_close.is_some_and(|close| close >= start)
    }
}

/// `'s3://bucket/*'` and `models/*` open nothing.
fn begins_a_comment(text: &str, at: usize) -> bool {
    let near = &text[boundary(text, at.saturating_sub(LOOK_BACK))..at];
    let line = near.rsplit('\n').next().unwrap_or(near);
    let stands_apart =
        line.chars().next_back().is_none_or(|letter| letter.is_whitespace() || ",;()".contains(letter));
    stands_apart && line.matches('\'').count().is_multiple_of(2)
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
