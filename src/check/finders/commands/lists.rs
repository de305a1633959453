//! Command lines as lists in YAML: `command` and `args` of containers, workflows and Compose files, one word a line.

use std::path::Path;

use super::shell::{Word, is_computed};
use super::{PROGRAM, program_of, targets};
use crate::check::finders::finder::{Finder, Found, TextFile, has_extension};
use crate::check::finders::yaml::{Node, Value, parse};
use crate::check::reference::{Reference, Spanned};

/// Fields whose lists are one command line, in their order.
const PARTS: [[&str; 2]; 2] = [["command", "args"], ["entrypoint", "command"]];

/// Finds what command lines name whose words are the members of a list.
#[derive(Debug)]
pub struct CommandLists;

impl Finder for CommandLists {
    fn reads(&self, path: &Path) -> bool {
        has_extension(path, &["yml", "yaml"])
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        if !PROGRAM.is_match(file.text) {
            return Found::NotMine;
        }
        // A template of YAML is no YAML, and no mistake.
        let Ok(documents) = parse(file.text) else { return Found::NotMine };
        let mut references = Vec::new();
        for document in &documents {
            search(document, &mut references);
        }
        Found::References(references)
    }
}

fn search(node: &Node, references: &mut Vec<Reference>) {
    match &node.value {
        Value::Sequence(members) => {
            references.extend(of_line(members));
            for member in members {
                search(member, references);
            }
        }
        Value::Mapping(fields) => {
            let members = |name: &str| node.field(name).map(Node::members).filter(|all| !all.is_empty());
            let parts = PARTS.iter().find(|[one, other]| members(one).is_some() && members(other).is_some());
            if let Some(parts) = parts {
                let line: Vec<_> = parts.iter().filter_map(|name| members(name)).flatten().cloned().collect();
                references.extend(of_line(&line));
            }
            let is_part = |key: &Node| parts.zip(key.text()).is_some_and(|(parts, key)| parts.contains(&key));
            for (_, value) in fields.iter().filter(|(key, _)| !is_part(key)) {
                search(value, references);
            }
        }
        _ => {}
    }
}

fn of_line(members: &[Node]) -> Vec<Reference> {
    let [program, words @ ..] = members else { return Vec::new() };
    let Some(program) = program.text().and_then(program_of) else { return Vec::new() };
    let word = |node: &Node| -> Word {
        Spanned {
            value: node.text().filter(|text| !is_computed(text)).map(str::to_owned),
            span: node.span.clone(),
        }
    };
    // The arguments may stand before the program.
    let spans = || members.iter().map(|member| &member.span);
    let start = spans().map(|span| span.start).min().unwrap_or_default();
    let extent = start..spans().map(|span| span.end).max().unwrap_or_default();
    let targets = targets(program, words.iter().map(word).collect());
    targets.into_iter().map(|target| Reference::new(extent.clone(), target)).collect()
}
