//! LUIDs in places that say what they are: behind `workbook_id` and its like, in REST paths, in calls of API clients.

use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use regex::{Match, Regex};

use super::comments::Comments;
use super::finder::{Finder, Found, TextFile, speaks_of_tableau};
use super::luids::{UUID, stands_alone};
use crate::check::lines::boundary;
use crate::check::reference::{Reference, Spanned, Target};

/// A key that ends in what it holds: `workbook_id`, `TABLEAU_WORKBOOK_LUID`, `datasourceIds`, `workbook.id`, `luid`,
/// and also `workbook_id_sales`. A `luid` of something else, such as `owner_luid`, is none.
const KEY: &str = r"\b(?:[a-z0-9_.-]*(?:workbook|data[_-]?source)[_.-]?(?:lu)?ids?(?:_[a-z0-9_]+)?|(?:(?:tableau|resource)_)?luids?)\b";
/// What may stand between a key and its value, in the languages that people configure things in.
const BETWEEN: &str = r#"\\?["']?\]?[ \t]*(?::=|=>|:[ \t]*&?[a-z_.]+(?:\[[a-z_., ]*\]|[ \t]*\|[ \t]*[a-z]+)*[ \t]*=|[:=])[ \t]*(?:(?:uuid\.)?uuid\([ \t]*)?"#;
/// A variable of the environment, and what is taken where it is not set.
const DEFAULT: &str = r#"\b(?:getenv|environ\.get)\(\s*["']"#;

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    let assigned = format!(r"{KEY}{BETWEEN}");
    let environment = format!(r#"{DEFAULT}{KEY}["']\s*,\s*"#);
    let option = format!(r"--{KEY}[ \t]+");
    // A list of variables: `- name: TABLEAU_WORKBOOK_ID`, and its `value` on the next line.
    let variable = format!(r#"\bname["']?\s*[:=]\s*["']?{KEY}["']?,?\s+["']?value["']?\s*[:=]\s*"#);
    let terraform = format!(r#"\bvariable\s+"{KEY}"\s*\{{(?u:[^{{}}]{{0,512}}?)\bdefault\s*=\s*"#);
    let path = r"/(?:workbooks|datasources)/";
    let call =
        r"\b(?:workbooks|datasources)\s*\.\s*(?:get_by_id|refresh|download|delete|populate_[a-z_]+)\(\s*";
    Regex::new(&format!("(?i-u)(?:{variable}|{terraform}|{environment}|{assigned}|{option}|{path}|{call})"))
        .expect("a valid pattern")
});
/// Workbooks of Azure Monitor, whose ids are of the same form.
static AZURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?i-u)azurerm_application_insights_workbook|microsoft\\.insights/workbooks")
        .expect("a valid pattern")
});
/// What a list has around its members.
const AROUND: [char; 14] = [' ', '\t', '\r', '\n', '"', '\'', '[', '(', '{', ',', '-', '\\', ']', '/'];
/// Those of them that no comment begins with.
const BEFORE_COMMENT: [char; 12] = [' ', '\t', '\r', '\n', '"', '\'', '[', '(', '{', ',', '\\', ']'];
/// How long a LUID is.
const UUID_LENGTH: usize = 36;
/// How far before a path is looked for the site of Tableau's REST API.
const LONGEST_PATH: usize = 256;
/// How long a list of LUIDs may be.
const MOST_OF_A_LIST: usize = 10_000;

/// Finds LUIDs by the place that they stand in.
#[derive(Debug)]
pub struct LuidFields;

impl Finder for LuidFields {
    fn reads(&self, _: &Path) -> bool {
        true
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let text = file.text;
        let mut references = Vec::new();
        if !speaks_of_tableau(text) {
            return Found::References(references);
        }
        let mut comments = Comments::of(text, file.extension());
        let has_azure = LazyLock::new(|| AZURE.is_match(text));
        let mut seen = 0;
        for place in PLACE.find_iter(text) {
            let is_of_azure = may_be_of_azure(place.as_str()) && *has_azure;
            if place.start() < seen || is_of_azure || is_of_others(text, &place, file.extension()) {
                continue;
            }
            for span in luids_at(text, place.end(), takes_several(place.as_str())) {
                seen = span.end;
                if !comments.hold(span.start) {
                    let luid = Spanned { value: text[span.clone()].to_owned(), span: span.clone() };
                    references.push(Reference::new(span, Target::Luid { luid, is_declared: true }));
                }
            }
        }
        Found::References(references)
    }
}

/// `workbook_id`, where nothing in the place itself speaks of Tableau.
fn may_be_of_azure(place: &str) -> bool {
    let place = place.to_ascii_lowercase();
    place.contains("workbook") && !place.contains("tableau") && !place.ends_with(['/', '('])
}

/// Whether other things than workbooks and data sources are meant, or may well be.
fn is_of_others(text: &str, place: &Match<'_>, extension: &str) -> bool {
    let before = &text[boundary(text, place.start().saturating_sub(LONGEST_PATH))..place.start()];
    let line = before.rsplit('\n').next().unwrap_or(before);
    if place.as_str().ends_with('/') {
        return !line.contains("sites/");
    }
    // Answers of Tableau's APIs hold the `luid` of everything.
    let is_bare = place.as_str().to_ascii_lowercase().starts_with("luid");
    is_bare && (line.ends_with(['-', '.']) || matches!(extension, "json" | "jsonl" | "ipynb" | "har"))
}

/// Nothing behind the place is searched: a large file may have many keys and no LUID.
fn uuid_at(text: &str, start: usize) -> Option<Range<usize>> {
    let end = start + UUID_LENGTH;
    UUID.is_match(text.get(start..end)?).then_some(start..end)
}

/// `workbook_ids`, and not the path of one.
fn takes_several(place: &str) -> bool {
    let key = place.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
    !place.ends_with('/') && key.ends_with(['s', 'S'])
}

/// What comes after quotes, brackets and comments between the members of a list.
fn past_separators(mut rest: &str) -> &str {
    loop {
        let comment = rest.trim_start_matches(BEFORE_COMMENT);
        if !["#", "//", "-- "].iter().any(|mark| comment.starts_with(mark)) {
            return rest.trim_start_matches(AROUND);
        }
        rest = comment.split_once('\n').map_or("", |(_, rest)| rest);
    }
}

/// The LUIDs that begin at a place, with nothing before them but quotes and brackets.
fn luids_at(text: &str, mut at: usize, are_several: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    while found.len() < MOST_OF_A_LIST {
        let rest = &text[at..];
        // One value stands on the line of its key.
        let value =
            if are_several { past_separators(rest) } else { rest.trim_start_matches(['"', '\'', '\\']) };
        let start = text.len() - value.len();
        let Some(luid) = uuid_at(text, start).filter(|luid| stands_alone(text, luid.start, luid.end)) else {
            break;
        };
        at = luid.end;
        found.push(luid);
        if !are_several {
            break;
        }
    }
    found
}
