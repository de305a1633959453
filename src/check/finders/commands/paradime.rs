//! What command lines of Paradime's SDK name (`paradime run tableau-refresh`, paradime-io 6.9).

use super::named::named;
use super::shell::{Word, sort};
use crate::check::finders::luids::UUID;
use crate::check::finders::written::luid;
use crate::check::reference::{Project, Spanned, Target};
use crate::resource::ResourceKind;

/// Options without a value.
const FLAGS: [&str; 3] = ["wait", "no-wait", "json"];
/// What stands between a project and a name.
const SEPARATOR: &str = "::";

pub(super) fn targets(words: Vec<Word>) -> Vec<Target> {
    let sorted = sort(words, &FLAGS);
    let command = sorted.plain.iter().filter_map(|word| word.value.as_deref()).nth(1);
    if command != Some("tableau-refresh") {
        return Vec::new();
    }
    let site = sorted.option(&["site-name"]);
    let of_option = |(option, word): &(String, Word)| -> Vec<Target> {
        let kind = ResourceKind::ALL.into_iter().find(|kind| option.starts_with(kind.as_str()));
        match (kind, option.rsplit_once('-').map(|(_, end)| end)) {
            (Some(kind), Some("names" | "name")) => {
                parts(word).into_iter().map(|part| by_name(kind, &part, site)).collect()
            }
            (Some(kind), Some("paths")) => vec![by_path(kind, word, site)],
            _ => Vec::new(),
        }
    };
    sorted.options.iter().flat_map(of_option).collect()
}

/// What stands between commas. A part of an escaped or computed text is blamed as a whole.
fn parts(word: &Word) -> Vec<Word> {
    let Some(text) = word.value.as_deref().filter(|text| text.len() == word.span.len()) else {
        return vec![word.clone()];
    };
    let mut parts = Vec::new();
    let mut start = word.span.start;
    for part in text.split(',') {
        let from = start + part.len() - part.trim_start().len();
        let part_text = part.trim();
        let span = from..from + part_text.len();
        parts.push(Word { value: Some(part_text.to_owned()), span });
        start += part.len() + 1;
    }
    parts
}

fn by_name(kind: ResourceKind, word: &Word, site: Option<&Word>) -> Target {
    match &word.value {
        Some(text) if UUID.find(text).is_some_and(|found| found.len() == text.len()) => {
            luid(Spanned { value: text.clone(), span: word.span.clone() }).target
        }
        _ => named(kind, word, None, None, site),
    }
}

/// `Finance/EMEA::Weekly Sales`, with the whole path of the project.
fn by_path(kind: ResourceKind, word: &Word, site: Option<&Word>) -> Target {
    let Some((path, name)) = word.value.as_deref().and_then(|text| text.rsplit_once(SEPARATOR)) else {
        return Target::Computed;
    };
    let span = word.span.clone();
    let is_plain = word.value.as_ref().is_some_and(|text| text.len() == span.len());
    let (of_path, of_name) = if is_plain {
        (span.start..span.start + path.len(), span.end - name.len()..span.end)
    } else {
        (span.clone(), span)
    };
    let project = Word { value: Some(path.to_owned()), span: of_path };
    let name = Word { value: Some(name.to_owned()), span: of_name };
    named(kind, &name, Some(Project::Tail(format!("/{}", path.trim_matches('/')))), Some(&project), site)
}
