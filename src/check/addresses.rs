//! Addresses of Tableau's web client, anywhere in a text.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::reference::{Reference, Spanned, Target};
use crate::browser_url::{BrowserUrl, Page};

/// An address ends where a quote, a bracket or white space begins.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u:https?://)[^ \t\r\n\f\v\x00"'<>`\\{}|\^()\[\]]+"#).expect("a valid pattern")
});
/// The part after the host, which code likes to keep apart from it.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)#/(?:site/[0-9a-z_.%-]+/)?(?:workbooks|datasources)/[0-9]+").expect("a valid pattern")
});

/// The addresses of workbooks, data sources and views.
#[must_use]
pub fn find(text: &str) -> Vec<Reference> {
    let mut references = Vec::new();
    let mut taken: Vec<Range<usize>> = Vec::new();
    for found in ADDRESS.find_iter(text) {
        let address = found.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        references.extend(reference(address, address, found.start(), true));
        taken.push(found.range());
    }
    for found in PLACE.find_iter(text) {
        let after = taken.partition_point(|range| range.end <= found.start());
        if taken.get(after).is_some_and(|range| range.start <= found.start()) {
            continue;
        }
        let whole = format!("https://host/{}", found.as_str());
        references.extend(reference(&whole, found.as_str(), found.start(), false));
    }
    references
}

/// Reads a field of a text that is known to hold an address. Where it stands in escapes or over several lines, the
/// places in it are unknown: the whole field is to blame then.
#[must_use]
pub fn read(text: &str, field: &Spanned<String>) -> Option<Reference> {
    let Spanned { value, span } = field;
    let found = BrowserUrl::looks_like_one(value).then(|| reference(value, value, span.start, true));
    let mut found = found.flatten()?;
    if text.get(span.clone()) != Some(value) {
        found.extent = span.clone();
        if let Target::Page { number: part, .. } | Target::View { workbook: part, .. } = &mut found.target {
            part.span = span.clone();
        }
    }
    Some(found)
}

/// `written` stands at `start` of the text, and means `whole`.
fn reference(whole: &str, written: &str, start: usize, has_host: bool) -> Option<Reference> {
    let BrowserUrl { host, site, page } = BrowserUrl::parse(whole).ok()?;
    let host = has_host.then_some(host);
    // Read off what stands there: parsing an address may change how it is spelled.
    let part_after = |segment: &str| {
        let from = written.find(&format!("/{segment}/"))? + segment.len() + 2;
        let value = written[from..].split(['/', '?', ';', '&', '#']).next()?;
        let span = start + from..start + from + value.len();
        Some(Spanned { value: value.to_owned(), span })
    };
    let target = match page {
        Page::Resource(kind, number) => {
            let written = part_after(kind.path_segment()).filter(|written| written.value == number)?;
            Target::Page { host, site, kind, number: written }
        }
        Page::View { .. } => Target::View { host, site, workbook: part_after("views")? },
        Page::Other => return None,
    };
    Some(Reference { extent: start..start + written.len(), target })
}
