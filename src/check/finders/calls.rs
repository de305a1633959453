//! Calls of the refresh procedure: in SQL files, in hooks of dbt, in Jinja text, in strings of other languages.

use std::ops::Range;
use std::path::Path;

use regex::{Regex, RegexBuilder};

use self::arguments::read;
pub use self::other::Procedure;
use self::procedure::target;
use super::comments::Comments;
use super::finder::{Finder, Found, TextFile};
use crate::check::lines::boundary;
use crate::check::reference::Reference;

pub(crate) mod arguments;
mod other;
mod procedure;

/// How far before a call is looked for what it is part of.
const LOOK_BACK: usize = 1024;

/// Finds calls of procedures by their names.
#[derive(Debug, Clone)]
pub struct Calls {
    names: Regex,
    procedures: Vec<Procedure>,
}

impl Calls {
    /// Calls of any of `procedures`, in whatever database and schema, in any case and quoting.
    pub fn of(procedures: Vec<Procedure>) -> Result<Self, regex::Error> {
        let names: Vec<String> = procedures.iter().map(|one| regex::escape(one.name.trim())).collect();
        let names = RegexBuilder::new(&names.join("|")).case_insensitive(true).build()?;
        Ok(Self { names, procedures })
    }

    /// The order of the arguments of a procedure that is not ours.
    fn order(&self, name: &str) -> Option<&[String]> {
        let procedure = self.procedures.iter().find(|one| one.name.trim().eq_ignore_ascii_case(name))?;
        procedure.arguments.as_deref()
    }
}

impl Finder for Calls {
    fn reads(&self, _: &Path) -> bool {
        true
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let text = file.text;
        let mut references = Vec::new();
        let mut comments = Comments::of(text, file.extension());
        let calls = self.names.find_iter(text).filter_map(|name| {
            let is_meant = is_whole_name(text, &name.range()) && !is_definition(text, name.start());
            let open = opening(text, name.end()).filter(|_| is_meant)?;
            (!comments.hold(name.start())).then_some((name, open))
        });
        let mut calls = calls.peekable();
        while let Some((name, open)) = calls.next() {
            // A call has no other one in it: so a text is read once, however many of them are never closed.
            let next = calls.peek().map_or(text.len(), |(next, _)| next.start());
            let (arguments, end) = read(text, open + 1, next);
            // A bare `NAME()` in a sentence is a mention.
            if !arguments.is_empty() {
                let extent = name.start()..end;
                references.push(match self.order(name.as_str()) {
                    Some(order) => other::reference(text, order, &arguments, &extent),
                    None => Reference::new(extent.clone(), target(&arguments, &extent)),
                });
            }
        }
        Found::References(references)
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

/// The opening parenthesis after a name, past its closing quote, and past that of `IDENTIFIER('NAME')`.
fn opening(text: &str, end: usize) -> Option<usize> {
    let rest = text[end..].trim_start_matches('\\');
    let rest = rest.strip_prefix('"').or_else(|| rest.strip_prefix("')")).unwrap_or(rest);
    let rest = rest.trim_start();
    rest.starts_with('(').then(|| text.len() - rest.len())
}
