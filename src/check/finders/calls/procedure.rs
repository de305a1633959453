//! What the refresh procedure takes its arguments for: `sql/snowflake/objects/refresh_resource.py`.

use std::ops::Range;

use super::arguments::{Argument, Value};
use crate::check::reference::{Name, Project, Site, Spanned, Target};
use crate::resource::{ProjectPath, ResourceKind};

/// The parameters, in their order.
const PARAMETERS: [&str; 8] = [
    "RESOURCE_TYPE",
    "RESOURCE_NAME",
    "PROJECT_NAME",
    "SITE_ID",
    "CONNECTION_STRING",
    "PROJECT_PATH",
    "WAIT",
    "TIMEOUT_SECONDS",
];
/// How many of them have no default.
const NEEDED: usize = 4;
/// How many of them must not be empty or NULL where they are given; of a site, empty is the Default site.
const FILLED: usize = 5;

/// What the procedure would look for.
pub fn target(arguments: &[Argument], extent: &Range<usize>) -> Target {
    let invalid = |(message, remedy): (String, &str), span| {
        let remedy = remedy.to_owned();
        Target::Invalid { message, remedy, span }
    };
    if let Some(mistake) = mistake(arguments) {
        return invalid(mistake, extent.clone());
    }
    let text = |name: &str| match find(arguments, name) {
        Some(Value::Text(text)) => Some(text.clone()),
        Some(Value::Null | Value::Computed) | None => None,
    };
    let (Some(kind), Some(name)) = (text("RESOURCE_TYPE"), text("RESOURCE_NAME")) else {
        return Target::Computed;
    };
    let Some(known) = ResourceKind::from_word(&kind.value) else {
        let message = format!("`{}` is not a kind of resource", kind.value);
        return invalid((message, "write `workbook` or `datasource`"), kind.span);
    };
    let leaf = text("PROJECT_NAME");
    let path = text("PROJECT_PATH").filter(|path| !path.value.is_empty());
    if let (Some(leaf), Some(path)) = (&leaf, &path)
        && ProjectPath::parse(&path.value).leaf() != leaf.value
    {
        let message = format!("project `{}` is not the last part of `{}`", leaf.value, path.value);
        return invalid((message, "PROJECT_NAME is the last part of PROJECT_PATH"), leaf.span.clone());
    }
    let project = match path {
        Some(Spanned { value, span }) => Some(Spanned { value: Project::Path(value), span }),
        // A path that is computed tells projects of one name apart.
        None if matches!(find(arguments, "PROJECT_PATH"), Some(Value::Computed)) => None,
        None => leaf.map(|one| Spanned { value: Project::Leaf(one.value), span: one.span }),
    };
    let site = text("SITE_ID").map(|Spanned { value, span }| {
        let value = if value == "Default" { String::new() } else { value };
        Spanned { value: Site::Column(value), span }
    });
    let name = Spanned { value: Name::Column(name.value), span: name.span };
    Target::Name { kind: known, name, project, site }
}

fn find<'a>(arguments: &'a [Argument], name: &str) -> Option<&'a Value> {
    let is_it = |one: &&Argument| one.name.as_ref().is_some_and(|given| given.eq_ignore_ascii_case(name));
    let position = PARAMETERS.iter().position(|known| *known == name)?;
    let positional = || arguments.get(position).filter(|one| one.name.is_none());
    arguments.iter().find(is_it).or_else(positional).map(|one| &one.value)
}

/// Why Snowflake or the procedure would refuse the call, and what to do.
fn mistake(arguments: &[Argument]) -> Option<(String, &'static str)> {
    let (positional, named): (Vec<_>, Vec<_>) = arguments.iter().partition(|one| one.name.is_none());
    let is_known = |name: &&String| PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(name) = named.iter().filter_map(|one| one.name.as_ref()).find(|name| !is_known(name)) {
        let message = format!("the procedure has no argument `{name}`");
        return Some((message, "remove it, or correct its name"));
    }
    if positional.len() > PARAMETERS.len() {
        let message = format!("the procedure has {} arguments, not {}", PARAMETERS.len(), positional.len());
        return Some((message, "remove the extra arguments"));
    }
    // A template may stand for several arguments, with and without names: nothing is sure from there on.
    let unsure = positional.iter().position(|one| one.value == Value::Computed);
    if unsure.is_none() && !positional.is_empty() && !named.is_empty() {
        let message = "some arguments have a name and others have none".to_owned();
        return Some((message, "Snowflake takes all arguments by name, or all by position"));
    }
    let is_missing = |position: usize, name: &str| match find(arguments, name) {
        _ if unsure.is_some_and(|unsure| unsure <= position) => false,
        None => position < NEEDED,
        Some(Value::Null) => position < FILLED,
        Some(Value::Text(text)) => position < FILLED && text.value.is_empty() && name != "SITE_ID",
        Some(Value::Computed) => false,
    };
    let missing = PARAMETERS.iter().enumerate().find(|(position, name)| is_missing(*position, name));
    missing.map(|(_, name)| (format!("the call has no {name}"), "the procedure does nothing without it"))
}
