//! Procedures of other authors, whose arguments the configuration puts in order.

use std::ops::Range;

use serde::Deserialize;

use super::arguments::{Argument, Value};
use crate::check::finders::written::{self, scalar};
use crate::check::reference::{Project, Reference, Site, Spanned, Target};
use crate::resource::written::KEYS;

/// A procedure by its name, and what its arguments say.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Spelling")]
pub struct Procedure {
    /// The name, without database and schema.
    pub name: String,
    /// What each argument says, in their order: a key of a reference, or anything else for one that says nothing. `None`
    /// for a procedure that takes what ours takes.
    pub arguments: Option<Vec<String>>,
}

/// A name alone, or a table.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a name, or a table with `name` and `arguments`")]
enum Spelling {
    Name(String),
    Table { name: String, arguments: Vec<String> },
}

impl From<Spelling> for Procedure {
    fn from(spelling: Spelling) -> Self {
        match spelling {
            Spelling::Name(name) => Self { name, arguments: None },
            Spelling::Table { name, arguments } => Self { name, arguments: Some(arguments) },
        }
    }
}

impl Procedure {
    /// The one that `init --snowflake-objects` makes, under a name.
    #[must_use]
    pub fn ours(name: &str) -> Self {
        Self { name: name.to_owned(), arguments: None }
    }
}

/// What a call names, by the order of its arguments.
pub(super) fn reference(
    text: &str,
    order: &[String],
    arguments: &[Argument],
    extent: &Range<usize>,
) -> Reference {
    let mut fields = Vec::new();
    // What a call leaves out may have a default of any value, and a name that is not in the order may say anything.
    let has_default = |part: &str| order.iter().any(|key| key.starts_with(part));
    let (mut project_is_open, mut site_is_open) = (has_default("project"), has_default("site"));
    let is_short = arguments.len() < order.len() || arguments.iter().any(|one| one.name.is_some());
    for (position, argument) in arguments.iter().enumerate() {
        let said = match &argument.name {
            // An argument by name says what that one says which has this key in the order.
            Some(name) => order.iter().find(|key| key.eq_ignore_ascii_case(name)),
            None => order.get(position),
        };
        let Some(key) = said.and_then(|key| KEYS.iter().find(|known| *known == key)) else { continue };
        match &argument.value {
            Value::Text(value) if value.value.is_empty() => {}
            Value::Text(value) => {
                project_is_open &= !key.starts_with("project");
                site_is_open &= !key.starts_with("site");
                fields.push((*key, scalar(value.clone())));
            }
            Value::Computed if key.starts_with("project") || key.starts_with("site") => {}
            Value::Computed => return Reference::new(extent.clone(), Target::Computed),
            Value::Null => {}
        }
    }
    let mut reference = written::named(text, fields, extent.clone(), extent.clone());
    if is_short && matches!(reference.target, Target::Invalid { .. }) {
        reference.target = Target::Computed;
    }
    if let Target::Name { name, project, site, .. } = &mut reference.target {
        let span = || name.span.clone();
        if project_is_open {
            *project = Some(Spanned { value: Project::Computed, span: span() });
        }
        if site_is_open {
            *site = Some(Spanned { value: Site::Computed, span: span() });
        }
    }
    reference
}
