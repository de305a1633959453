//! Addresses of Tableau's web client, anywhere in a text.

use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::{Match, Regex};

use super::finder::{Finder, Found, TextFile, speaks_of_tableau};
use crate::browser_url::{BrowserPage, BrowserUrl};
use crate::check::lines::boundary;
use crate::check::reference::{Reference, Spanned, Target};

/// An address ends where a quote, a bracket or white space begins. JSON may write `\/` for `/`.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i-u:https?:)(?:\\?/){2}(?:\\/|[^ \t\r\n\f\v\x00"'<>`\\{}|\^()\[\]])+"#)
        .expect("a valid pattern")
});
/// Where the next address begins, of those that nothing but a comma, an equals sign or a letter of another script keeps apart.
static NEXT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[=,;\x1a\u{80}-\u{10FFFF}](?i-u:https?:)\\?/").expect("a valid pattern"));
/// The part after the host, which code likes to keep apart from it.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)#\\?/(?:site\\?/[0-9a-z_.%-]+\\?/)?(?:workbooks|datasources)\\?/[0-9]+")
        .expect("a valid pattern")
});
/// The same by names, and without its host.
static NAMED_PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u:(?:#\\?/site|/t)\\?/[0-9A-Za-z_.%-]+\\?/(?:views|authoring|workbooks|datasources)\\?/)[^ \t\r\n\f\v\x00"'<>`\\{}|\^()\[\]?#&/$,;]+"#,
    )
    .expect("a valid pattern")
});
/// The same on the Default site, behind a trusted ticket that a program puts in.
static TICKETED: LazyLock<Regex> = LazyLock::new(|| {
    let ticket = r#"\$?\{\{?[^{}\r\n]{0,64}\}\}?|\$[A-Za-z_]+|<[^<>\r\n]{0,64}>|["'`][ \t]*[+.][^"'`\r\n]{1,64}[+.][ \t]*["'`]"#;
    Regex::new(&format!(
        r#"/trusted/(?:{ticket})(/(?:views|authoring)/[^ \t\r\n\f\v\x00"'<>`\\{{}}|\^()\[\]?#&/$,;]+)"#
    ))
    .expect("a valid pattern")
});
/// An address as the parameter of another one.
static ENCODED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?i-u)https?%3a%2f%2f[0-9a-z%._~!*+:@-]+").expect("a valid pattern"));
/// The page that follows on a sign-in: `https://host/signin?redirect=%2Ft%2FMySite%2Fviews%2FWB%2FSheet`.
static AFTER_SIGN_IN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?i-u)[?&;][a-z_]*redirect[a-z_]*=((?:%23)?%2f(?:site|t)%2f[0-9a-z%._~+:@-]+)")
        .expect("a valid pattern")
});
/// What goes on in the next of several texts that stand side by side, or are added up.
static CONTINUED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^["'][ \t]*\+?[ \t]*(?:\\?\r?\n[ \t]*)?\+?[ \t]*[frbu]?["']((?:views|authoring|workbooks|datasources)/[^ \t\r\n"'<>{}]+)"#)
        .expect("a valid pattern")
});
/// What ends a sentence rather than an address.
const PUNCTUATION: [char; 8] = ['.', ',', ';', ':', '!', '?', '*', '_'];
/// A text that ends, to which something is added whose text is not known.
static ADDED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^["'`][ \t]*[+%][ \t]*[A-Za-z_(]"#).expect("a valid pattern"));
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
        let before = references.len();
        let mut start = found.start();
        for next in NEXT.find_iter(found.as_str()) {
            let end = found.start() + next.start();
            references.extend(address(text, start..end));
            start = end + next.as_str().chars().next().map_or(0, char::len_utf8);
        }
        references.extend(address(text, start..found.end()).or_else(|| continued(text, start..found.end())));
        // What is no address of ours as a whole may still have a place in it.
        if references.len() > before {
            taken.push(found.range());
        }
    }
    for found in ENCODED.find_iter(text) {
        let whole = percent_decode_str(found.as_str()).decode_utf8_lossy();
        references.extend(reference(&whole, found.as_str(), found.start(), true));
    }
    references.extend(after_sign_in(text));
    references.extend(places(text, &taken));
    for reference in &mut references {
        if goes_on(text, &reference.target) {
            reference.target = Target::Computed;
        }
    }
    references
}

/// Whether a program puts more into the number or the name, or behind it.
fn goes_on(text: &str, target: &Target) -> bool {
    let is_template =
        |name: &str| percent_decode_str(name).decode_utf8_lossy().contains(['$', '{', '}', '%', ':']);
    let part = match target {
        Target::Address { name, .. } if is_template(&name.value) => return true,
        Target::Page { number: part, .. } | Target::Address { name: part, .. } => part,
        _ => return false,
    };
    let rest = text.get(part.span.end..).unwrap_or_default();
    rest.trim_start_matches(PUNCTUATION).starts_with(['{', '$']) || ADDED.is_match(rest)
}

/// Places whose host stands elsewhere, outside of what is `taken`.
fn places(text: &str, taken: &[Range<usize>]) -> Vec<Reference> {
    let mut references = Vec::new();
    let is_of_tableau = LazyLock::new(|| speaks_of_tableau(text));
    let ticketed = TICKETED.captures_iter(text).filter_map(|all| Some((all.get(0)?.start(), all.get(1)?)));
    let others = PLACE.find_iter(text).chain(NAMED_PLACE.find_iter(text)).map(|found| (found.start(), found));
    for (start, found) in others.chain(ticketed) {
        let after = taken.partition_point(|range| range.end <= found.start());
        let is_taken = taken.get(after).is_some_and(|range| range.start <= found.start());
        let before = &text[boundary(text, start.saturating_sub(LONGEST_HOST))..start];
        let rest = &text[found.end()..];
        let written = found.as_str().trim_end_matches(PUNCTUATION);
        let is_number = written.ends_with(|last: char| last.is_ascii_digit());
        if is_taken
            || is_pointer(before)
            || rest.starts_with(['{', '$'])
            || is_number && !is_end_of_number(rest)
        {
            continue;
        }
        let host = host_before(before);
        // Without either, it may be of any application.
        let is_ours =
            host.is_some() || written.contains("site") || written.starts_with('/') && *is_of_tableau;
        if is_ours {
            let place = written.replace("\\/", "/");
            let whole = format!("https://{}/{}", host.unwrap_or("host"), place.trim_start_matches('/'));
            references.extend(reference(&whole, written, found.start(), host.is_some()));
        }
    }
    references
}

/// Pages that a sign-in leads to, on its own host.
fn after_sign_in(text: &str) -> Vec<Reference> {
    let of_page = |page: Match<'_>| {
        let before = &text[boundary(text, page.start().saturating_sub(LONGEST_HOST))..page.start()];
        let ends_address = |letter: char| letter.is_whitespace() || "\"'<>`(,".contains(letter);
        let address = before.rsplit(ends_address).next().unwrap_or_default();
        let host = address.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        let host = host.filter(|host| !host.contains(['$', '{', '}', '%']));
        let path = percent_decode_str(page.as_str()).decode_utf8_lossy();
        let mark = if path.starts_with("/site") { "#" } else { "" };
        let whole = format!("https://{}/{mark}{}", host.unwrap_or("host"), path.trim_start_matches('/'));
        let whole = whole.replace("/#site", "/#/site");
        reference(&whole, page.as_str(), page.start(), host.is_some())
    };
    AFTER_SIGN_IN.captures_iter(text).filter_map(|found| of_page(found.get(1)?)).collect()
}

/// An address of which the first text holds the site, and the next one the page.
fn continued(text: &str, span: Range<usize>) -> Option<Reference> {
    let first = text.get(span.clone()).filter(|first| first.ends_with('/'))?;
    let next = CONTINUED.captures(&text[span.end..])?;
    let end = span.end + next.get(0)?.end();
    reference(&format!("{first}{}", next.get(1)?.as_str()), &text[span.start..end], span.start, true)
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
    let written = written.trim_end_matches(PUNCTUATION);
    let host = written.split('/').nth(2).unwrap_or_default();
    // A variable: the place in it is found without a host.
    if host.contains(['$', '%']) {
        return None;
    }
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
        let around = [("/", "/"), ("/", "\\/"), ("%2F", "%2F"), ("%2f", "%2f"), ("\"", "/"), ("'", "/")];
        let marks = around.map(|(before, after)| format!("{before}{segment}{after}"));
        let from = marks.iter().find_map(|mark| Some(written.find(mark)? + mark.len()))?;
        let value = written[from..].split(['/', '\\', '?', ';', '&', '#', ',', '"', '\'']).next()?;
        // Within another address the separators are escaped.
        let is_escaped = written[..from].ends_with("%2F") || written[..from].ends_with("%2f");
        let ends = ["%2F", "%2f", "%3F", "%3f", "%23"].into_iter().filter(|_| is_escaped);
        let length = ends.filter_map(|end| value.find(end)).min().unwrap_or(value.len());
        let span = start + from..start + from + length;
        let value = &value[..length];
        let value = if is_escaped {
            percent_decode_str(value).decode_utf8_lossy().into_owned()
        } else {
            value.to_owned()
        };
        Some(Spanned { value, span })
    };
    let target = match page {
        BrowserPage::Resource(kind, number) => {
            let written = part_after(kind.path_segment()).filter(|written| written.value == number)?;
            Target::Page { host, site, kind, number: written }
        }
        BrowserPage::Named(kind, name) => {
            let segments = ["views", "authoring", "askData", kind.path_segment()];
            let is_it = |part: &Spanned<String>| percent_decode_str(&part.value).decode_utf8_lossy() == name;
            let written = segments.into_iter().filter_map(part_after).find(is_it)?;
            // `https://host/datasources/proxy` may be of any application, and a number with something behind it is none.
            let is_view = has_part(whole, "views") || has_part(whole, "authoring");
            let is_page = ["#", "t", "site"].iter().any(|mark| has_part(whole, mark))
                && !name.starts_with(|first: char| first.is_ascii_digit());
            let name = (is_view || is_page).then_some(written)?;
            Target::Address { host, site: Some(site), kind, name }
        }
        BrowserPage::Unmapped if has_part(whole, "#") => Target::Unmapped { host, site },
        BrowserPage::Unmapped | BrowserPage::Other => return None,
    };
    Some(Reference::new(start..start + written.len(), target))
}
