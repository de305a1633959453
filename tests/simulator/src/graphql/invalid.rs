//! What is wrong with a query, in the words of graphql-java.
//!
//! Published clients tell an older server by `FieldUndefined`, so type and wording matter here.

use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Pos, Positioned};
use serde_json::{Value, json};

/// The error element for what the engine found.
pub(super) fn element(error: &ServerError, query: &str) -> Value {
    let position = error.locations.first().copied();
    let Ok(document) = parse_query(query) else {
        return json!({
            "message": format!("Invalid Syntax : {}", error.message),
            "locations": locations(error),
            "errorType": "InvalidSyntax",
            "extensions": { "classification": "InvalidSyntax" },
        });
    };
    let path = position.map(|position| query_path(&document, position)).unwrap_or_default();
    let (kind, description) = translate(&error.message);
    let at = if path.is_empty() { String::new() } else { format!(" @ '{}'", path.join("/")) };
    json!({
        "message": format!("Validation error of type {kind}: {description}{at}"),
        "locations": locations(error),
        "description": description,
        "validationErrorType": kind,
        "queryPath": path,
        "errorType": "ValidationError",
        "extensions": null,
        "path": null,
    })
}

fn locations(error: &ServerError) -> Value {
    error
        .locations
        .iter()
        .map(|at| json!({ "line": at.line, "column": at.column, "sourceName": null }))
        .collect()
}

/// graphql-java's type of error and description for the engine's message.
fn translate(message: &str) -> (&'static str, String) {
    let quoted: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
    let starts = |start: &str| message.starts_with(start);
    match quoted.as_slice() {
        [field, of, ..] if starts("Unknown field ") => {
            ("FieldUndefined", format!("Field '{field}' in type '{of}' is undefined"))
        }
        [argument, ..] if starts("Unknown argument ") => {
            ("UnknownArgument", format!("Unknown field argument '{argument}'"))
        }
        [argument, field, of]
            if starts("Invalid value for argument ") && message.contains("unknown field ") =>
        {
            ("WrongType", format!("argument '{argument}' contains a field not in '{of}': '{field}'"))
        }
        [argument, ..] if starts("Invalid value for argument ") => {
            ("WrongType", format!("argument '{argument}' is not of the expected type"))
        }
        [name, ..] if starts("Unknown type ") => ("UnknownType", format!("Unknown type '{name}'")),
        [name, ..] if starts("Unknown fragment") => {
            ("UndefinedFragment", format!("Undefined fragment '{name}'"))
        }
        [variable, ..] if starts("Variable ") && message.contains("is not used") => {
            ("UnusedVariable", format!("Unused variable '{}'", variable.trim_start_matches('$')))
        }
        [variable, ..] if starts("Variable ") && message.contains("is not defined") => {
            ("UndefinedVariable", format!("Undefined variable '{}'", variable.trim_start_matches('$')))
        }
        [_, of, ..] if message.contains("must have a selection of subfields") => {
            ("SubSelectionRequired", format!("Sub selection required for type '{of}'"))
        }
        [_, of, ..] if message.contains("must not have a selection") => {
            ("SubSelectionNotAllowed", format!("Sub selection not allowed on leaf type '{of}'"))
        }
        _ => ("InvalidSyntax", message.to_owned()),
    }
}

/// The names of the fields from the root down to the one that contains `position`.
fn query_path(document: &ExecutableDocument, position: Pos) -> Vec<String> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set);
    operations.chain(fragments).find_map(|set| path_within(set, position)).unwrap_or_default()
}

fn path_within(set: &Positioned<SelectionSet>, position: Pos) -> Option<Vec<String>> {
    let mut containing = None;
    for item in &set.node.items {
        match &item.node {
            Selection::Field(field) => {
                let name = field.node.name.node.to_string();
                let in_arguments = field
                    .node
                    .arguments
                    .iter()
                    .any(|(name, value)| name.pos == position || value.pos == position);
                if field.pos == position || field.node.name.pos == position || in_arguments {
                    containing = Some(vec![name]);
                } else if let Some(mut path) = path_within(&field.node.selection_set, position) {
                    path.insert(0, name);
                    containing = Some(path);
                }
            }
            Selection::InlineFragment(fragment) => {
                containing = containing.or_else(|| path_within(&fragment.node.selection_set, position));
            }
            Selection::FragmentSpread(_) => {}
        }
    }
    containing
}
