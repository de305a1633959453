//! Addresses of Tableau's web client, anywhere in a text.

use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;

use super::finder::{Finder, Found, TextFile};
use crate::browser_url::{BrowserUrl, Page};
use crate::check::lines::boundary;
use crate::check::reference::{Reference, Spanned, Target};

/// An address ends where a quote, a bracket or white space begins. JSON may write `\/` for `/`.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u:https?:)(?:\\?/){2}(?:\\/|[^ \t\r\n\f\v\x00"'<>`\\{}|\^()\[\]])+"#)
        .expect("a valid pattern")
});
/// Where the next address begins, of those that nothing but a comma or a letter of another script keeps apart.
static NEXT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[,;\x1a\u{80}-\u{10FFFF}](?i-u:https?:)\\?/").expect("a valid pattern"));
/// The part after the host, which code likes to keep apart from it.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)#\\?/(?:site\\?/[0-9a-z_.%-]+\\?/)?(?:workbooks|datasources)\\?/[0-9]+")
        .expect("a valid pattern")
});
/// How far before a place a host may begin.
const LONGEST_HOST: usize = 256;

/// Finds addresses of workbooks, data sources and views.
#[derive(Debug)]
pub struct Addresses;

impl Finder for Addresses {
    fn reads(&self, _: &Path) -> bool {
        true
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        Found::References(of_text(file.text))
    }
}

fn of_text(text: &str) -> Vec<Reference> {
    let mut references = Vec::new();
    let mut taken: Vec<Range<usize>> = Vec::new();
    for found in ADDRESS.find_iter(text) {
        let mut start = found.start();
        for next in NEXT.find_iter(found.as_str()) {
            let end = found.start() + next.start();
            references.extend(address(text, start..end));
            start = end + next.as_str().chars().next().map_or(0, char::len_utf8);
        }
        references.extend(address(text, start..found.end()));
        taken.push(found.range());
    }
    for found in PLACE.find_iter(text) {
        let after = taken.partition_point(|range| range.end <= found.start());
        let is_taken = taken.get(after).is_some_and(|range| range.start <= found.start());
        let before = &text[boundary(text, found.start().saturating_sub(LONGEST_HOST))..found.start()];
        if is_taken || is_pointer(before) || !is_end_of_number(&text[found.end()..]) {
            continue;
        }
        let host = host_before(before);
        // Without either, it may be of any application.
        if host.is_none() && !found.as_str().contains("site") {
            continue;
        }
        let whole = format!("https://{}/{}", host.unwrap_or("host"), found.as_str().replace("\\/", "/"));
        references.extend(reference(&whole, found.as_str(), found.start(), host.is_some()));
    }
    references
}

/// One address, without what follows it in a sentence or a table.
fn address(text: &str, span: Range<usize>) -> Option<Reference> {
    let start = span.start;
    // A letter that could not be read is a control character.
    let ends_it = |letter: char| letter.is_control() || !(letter.is_ascii() || letter.is_alphanumeric());
    let mut written = text.get(span)?.split(ends_it).next()?;
    if let Some(place) = PLACE.find(written).filter(|place| is_end_of_number(&written[place.end()..])) {
        written = &written[..place.end()];
    }
    let written = written.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
    reference(&written.replace("\\/", "/"), written, start, true)
}

fn is_end_of_number(rest: &str) -> bool {
    !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || "_%-".contains(next))
}

/// `"$ref": "#/workbooks/1"` points into its own document.
fn is_pointer(before: &str) -> bool {
    before.trim_end_matches(['"', '\'', ' ', '\t', ':']).ends_with("$ref")
}

/// The host of an address without its scheme: `tableau.example.com:8443/` before `#/site`.
fn host_before(before: &str) -> Option<&str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_.-:/".contains(letter);
    let address =
        before[before.trim_end_matches(is_part).len()..].trim_end_matches('/').rsplit("//").next()?;
    let host = address.split('/').next()?;
    let name = host.split(':').next()?;
    let (_, last) = name.rsplit_once('.')?;
    let is_host = name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && last.len() >= 2
        && last.bytes().all(|letter| letter.is_ascii_alphabetic());
    is_host.then_some(host)
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
        if let Target::Page { number: part, .. } | Target::Address { name: part, .. } = &mut found.target {
            part.span = span.clone();
        }
    }
    Some(found)
}

fn has_part(address: &str, part: &str) -> bool {
    address.split('/').any(|one| one == part)
}

/// `written` stands at `start` of the text, and means `whole`.
fn reference(whole: &str, written: &str, start: usize, has_host: bool) -> Option<Reference> {
    let BrowserUrl { host, site, page } = BrowserUrl::parse(whole).ok()?;
    let host = has_host.then_some(host);
    // Read off what stands there: parsing an address may change how it is spelled.
    let part_after = |segment: &str| {
        let marks = [format!("/{segment}/"), format!("/{segment}\\/")];
        let from = marks.iter().find_map(|mark| Some(written.find(mark)? + mark.len()))?;
        let value = written[from..].split(['/', '\\', '?', ';', '&', '#', ',']).next()?;
        let span = start + from..start + from + value.len();
        Some(Spanned { value: value.to_owned(), span })
    };
    let target = match page {
        Page::Resource(kind, number) => {
            let written = part_after(kind.path_segment()).filter(|written| written.value == number)?;
            Target::Page { host, site, kind, number: written }
        }
        Page::Named(kind, name) => {
            let segments = ["views", "authoring", kind.path_segment()];
            let is_it = |part: &Spanned<String>| percent_decode_str(&part.value).decode_utf8_lossy() == name;
            let written = segments.into_iter().filter_map(part_after).find(is_it)?;
            // `https://host/datasources/proxy` may be of any application, and a number with something behind it is none.
            let is_view = has_part(whole, "views") || has_part(whole, "authoring");
            let is_page = ["#", "t", "site"].iter().any(|mark| has_part(whole, mark))
                && !name.starts_with(|first: char| first.is_ascii_digit());
            let name = (is_view || is_page).then_some(written)?;
            Target::Address { host, site: Some(site), kind, name }
        }
        Page::Other => return None,
    };
    Some(Reference::new(start..start + written.len(), target))
}
