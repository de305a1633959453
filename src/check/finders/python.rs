//! Calls of Python libraries: Airflow's operators and Tableau's own client.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::comments::Comments;
use super::finder::{Finder, Found, TextFile, has_extension, speaks_of_tableau};
use super::luids::UUID;
use super::written::luid;
use crate::check::reference::{Name, Project, Reference, Site, Spanned, Target};
use crate::resource::{ProjectPath, ResourceKind};

static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(TableauOperator|TableauRefreshWorkbookOperator|(?:workbooks|datasources)\s*\.\s*filter)\s*\(",
    )
    .expect("a valid pattern")
});
/// A keyword and a value that is one text and nothing else.
static ARGUMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?:\s|#[^\n]*\n)*([a-z_]+)\s*=\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)')\s*(?:#[^\n]*)?$"#)
        .expect("a valid pattern")
});
/// A keyword before any other value.
static KEYWORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\s|#[^\n]*\n)*([a-z_]+)\s*=").expect("a valid pattern"));
/// `TSC.Filter(TSC.RequestOptions.Field.Name, TSC.RequestOptions.Operator.Equals, "Weekly Sales")`
static FILTER: LazyLock<Regex> = LazyLock::new(|| {
    let text = r#"(?:"([^"\\\n]*)"|'([^'\\\n]*)')"#;
    Regex::new(&format!(
        r"\bFilter\(\s*[A-Za-z_.]+\.Field\.Name\s*,\s*[A-Za-z_.]+\.Operator\.Equals\s*,\s*{text}\s*,?\s*\)"
    ))
    .expect("a valid pattern")
});
/// What a client may list by such a filter.
static ENDPOINT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\.(workbooks|datasources|views|projects|users|groups|flows|sites|schedules|tasks|metrics)\b")
        .expect("a valid pattern")
});
/// How long a call may be.
const LONGEST_CALL: usize = 8192;

/// Finds what calls of clients name.
#[derive(Debug)]
pub struct Python;

impl Finder for Python {
    fn reads(&self, path: &Path) -> bool {
        has_extension(path, &["py"])
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let text = file.text;
        let mut references = Vec::new();
        if !speaks_of_tableau(text) {
            return Found::References(references);
        }
        let mut comments = Comments::of(text, file.extension());
        let mut never_closed = BTreeSet::new();
        for call in CALL.captures_iter(text) {
            let (Some(whole), Some(called)) = (call.get(0), call.get(1)) else { continue };
            if never_closed.contains(&(whole.end() - 1)) || comments.hold(whole.start()) {
                continue;
            }
            let (parts, end) = match parts(text, whole.end()) {
                Ok(read) => read,
                Err(open) => {
                    never_closed.extend(open);
                    continue;
                }
            };
            let Some(arguments) = arguments(text, parts) else { continue };
            let target = match called.as_str() {
                "TableauOperator" => of_operator(&arguments),
                "TableauRefreshWorkbookOperator" => {
                    named(ResourceKind::Workbook, "workbook_name", &arguments)
                }
                filter => {
                    let kind =
                        ResourceKind::ALL.into_iter().find(|kind| filter.starts_with(kind.path_segment()));
                    kind.and_then(|kind| named(kind, "name", &arguments))
                }
            };
            references.extend(target.map(|target| Reference::new(whole.start()..end, target)));
        }
        let (kind, mut comments) = (only_kind(text), Comments::of(text, file.extension()));
        for filter in FILTER.captures_iter(text) {
            let (Some(whole), Some(name)) = (filter.get(0), filter.get(1).or_else(|| filter.get(2))) else {
                continue;
            };
            if !comments.hold(whole.start()) {
                let name = Spanned { value: name.as_str().to_owned(), span: name.range() };
                let target = kind.and_then(|kind| of_name(kind, &name, None, None));
                references.extend(target.map(|target| Reference::new(whole.range(), target)));
            }
        }
        Found::References(references)
    }
}

/// The kind that a file lists, where it lists nothing else: a filter does not say what it is for.
fn only_kind(text: &str) -> Option<ResourceKind> {
    let mut listed = ENDPOINT.captures_iter(text).filter_map(|one| Some(one.get(1)?.as_str()));
    let first = listed.next()?;
    let is_alone = listed.all(|other| other == first);
    ResourceKind::ALL.into_iter().find(|kind| is_alone && kind.path_segment() == first)
}

/// A keyword and its text; `None` where only a run can tell it.
type Argument<'a> = (&'a str, Option<Spanned<String>>);

fn find<'a>(arguments: &'a [Argument<'_>], name: &str) -> Option<&'a Spanned<String>> {
    arguments.iter().find(|(keyword, _)| *keyword == name)?.1.as_ref()
}

/// Airflow matches by LUID unless it is told to match by name ("`TableauOperator`", airflow.apache.org).
fn of_operator(arguments: &[Argument<'_>]) -> Option<Target> {
    let resource = find(arguments, "resource")?;
    let kind = ResourceKind::ALL.into_iter().find(|kind| kind.path_segment() == resource.value)?;
    let wanted = find(arguments, "find")?;
    match find(arguments, "match_with").map(|by| by.value.as_str()) {
        Some("name") => named(kind, "find", arguments),
        None | Some("id")
            if UUID.find(&wanted.value).is_some_and(|luid| luid.len() == wanted.value.len()) =>
        {
            Some(luid(wanted.clone()).target)
        }
        _ => None,
    }
}

/// What the arguments name; `keyword` is that of the name.
fn named(kind: ResourceKind, keyword: &str, arguments: &[Argument<'_>]) -> Option<Target> {
    let name = find(arguments, keyword)?;
    let has = |keyword: &str| arguments.iter().any(|(given, _)| *given == keyword);
    let project = match find(arguments, "project_name") {
        Some(Spanned { value, span }) => {
            let value = Project::Tail(ProjectPath::leaf_only(value).to_string());
            Some(Spanned { value, span: span.clone() })
        }
        None if has("project_name") => Some(Spanned { value: Project::Computed, span: name.span.clone() }),
        None => None,
    };
    let site = find(arguments, "site_id").and_then(|one| {
        Some(Spanned { value: Site::Loose(one.value.parse().ok()?), span: one.span.clone() })
    });
    of_name(kind, name, project, site)
}

/// Without a site in the call, it is that of the connection.
fn of_name(
    kind: ResourceKind,
    name: &Spanned<String>,
    project: Option<Spanned<Project>>,
    site: Option<Spanned<Site>>,
) -> Option<Target> {
    let is_computed = name.value.is_empty() || name.value.contains(['{', '%']);
    let site = site.unwrap_or_else(|| Spanned { value: Site::Computed, span: name.span.clone() });
    let name = Spanned { value: Name::Loose(name.value.clone()), span: name.span.clone() };
    (!is_computed).then_some(Target::Name { kind, name, project, site: Some(site) })
}

/// The arguments of a call that are given by keyword as plain texts.
fn arguments(text: &str, parts: Vec<Range<usize>>) -> Option<Vec<Argument<'_>>> {
    let mut found = Vec::new();
    for part in parts {
        let Some(argument) = ARGUMENT.captures(&text[part.clone()]) else {
            found.extend(KEYWORD.captures(&text[part]).and_then(|one| Some((one.get(1)?.as_str(), None))));
            continue;
        };
        let value = argument.get(2).or_else(|| argument.get(3))?;
        let keyword = argument.get(1)?.as_str();
        let span = part.start + value.start()..part.start + value.end();
        found.push((keyword, Some(Spanned { value: value.as_str().to_owned(), span })));
    }
    Some(found)
}

/// What stands between the commas of a call, and where its parenthesis closes; or the places of the brackets in it that
/// are open where it is given up, so that nothing is read again for each of them.
fn parts(text: &str, start: usize) -> Result<(Vec<Range<usize>>, usize), Vec<usize>> {
    let (mut parts, mut from, mut open) = (Vec::new(), start, Vec::new());
    let (mut quote, mut is_comment, mut is_escaped) = (None, false, false);
    for (at, letter) in text[start..].char_indices().take(LONGEST_CALL) {
        let at = start + at;
        match (letter, quote) {
            _ if is_escaped => is_escaped = false,
            ('\n', _) if is_comment => is_comment = false,
            ('\\', Some(_)) => is_escaped = true,
            (closing, Some(opened)) if closing == opened => quote = None,
            _ if is_comment || quote.is_some() => {}
            ('"' | '\'', None) => quote = Some(letter),
            ('#', None) => is_comment = true,
            ('(' | '[' | '{', None) => open.push(at),
            (')' | ']' | '}', None) if open.pop().is_some() => {}
            (')' | ']' | '}', None) => {
                parts.push(from..at);
                return Ok((parts, at + 1));
            }
            (',', None) if open.is_empty() => {
                parts.push(from..at);
                from = at + 1;
            }
            _ => {}
        }
    }
    Err(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_closed_is_read_once_however_often_it_opens() {
        let text = "TableauOperator(a=[1], ".repeat(10_000);
        let (mut reads, mut known) = (0, BTreeSet::new());
        for call in CALL.find_iter(&text) {
            if !known.contains(&(call.end() - 1)) {
                reads += 1;
                known.extend(parts(&text, call.end()).expect_err("never closed"));
            }
        }
        assert!(reads * LONGEST_CALL <= 2 * text.len(), "{reads}");
    }
}
