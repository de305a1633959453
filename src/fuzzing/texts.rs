//! Files of a repository: places lie in the text and hold what was read, and what was read can be written again.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use crate::browser_url::{BrowserPage, BrowserUrl};
use crate::check::finders::calls::arguments::{self, Argument};
use crate::check::finders::calls::{Calls, Procedure, arguments::Value};
use crate::check::finders::yaml::{self, Node};
use crate::check::finders::{Finders, TextFile};
use crate::check::lines::Lines;
use crate::check::reference::{Reference, Target};
use crate::check::walk::text_of;

static FINDERS: LazyLock<Finders> = LazyLock::new(|| {
    let ours = Procedure::ours("API__TABLEAU__REFRESH_RESOURCE");
    let order = ["type", "name", "project", "site"].map(str::to_owned).to_vec();
    let other = Procedure { name: "REFRESH_TABLEAU".to_owned(), arguments: Some(order) };
    Finders::new(Calls::of(vec![ours, other]).expect("a pattern"))
});

/// How many calls of one text are written again.
const CALLS: usize = 64;

/// What is found in a file of this name, each at a place in it and in its order.
fn found(path: &str, text: &str) -> Vec<Reference> {
    let found = FINDERS.find(&TextFile { path: Path::new(path), text });
    for (_, span, reason) in &found.unreadable {
        assert!(text.get(span.clone()).is_some(), "{span:?} is no place: {reason}");
    }
    let lines = Lines::of(text);
    for reference in &found.references {
        let extent = &reference.extent;
        for span in [Some(extent), reference.target.span()].into_iter().flatten() {
            assert!(text.get(span.clone()).is_some(), "{span:?} is no place: {reference:?}");
            let position = lines.position(path, span);
            assert!(position.line >= 1 && position.column >= 1 && position.line <= position.end_line);
        }
    }
    assert!(found.references.is_sorted_by_key(|one| one.extent.start), "{:?}", found.references);
    found.references
}

pub(super) fn yaml(input: &[u8]) {
    let text = text_of(input.to_vec());
    match yaml::parse(&text) {
        // Within brackets, a mark that begins a line is part of what is quoted, and the places after it are one off.
        Ok(_) if text.contains(['[', '{']) && text.contains("\n\u{feff}") => {}
        Ok(documents) => documents.iter().for_each(|document| node(&text, document)),
        Err((start, reason)) => assert!(text.is_char_boundary(start), "{start} is no place: {reason}"),
    }
    found("models/a.yml", &text);
}

/// The places of a value and what it holds. An alias stands for what is written elsewhere.
fn node(text: &str, one: &Node) {
    let written = text.get(one.span.clone());
    let written = written.unwrap_or_else(|| panic!("{:?} is no place", one.span));
    let parts: Vec<&Node> = match &one.value {
        yaml::Value::Scalar(value) => {
            // Blocks, several lines and escapes are written in another way than they are read.
            let is_line =
                !written.contains(['\n', '\r', '\\']) && !written.contains("''") && !value.contains('\n');
            if is_line && !written.starts_with(['|', '>']) {
                assert_eq!(written, value, "at {:?}", one.span);
            }
            return;
        }
        yaml::Value::Sequence(members) => members.iter().collect(),
        yaml::Value::Mapping(fields) => fields.iter().flat_map(|(key, value)| [key, value]).collect(),
        yaml::Value::Null | yaml::Value::Other => return,
    };
    if !text.contains('*') {
        let mut before = one.span.start;
        for part in &parts {
            assert!(before <= part.span.start, "{:?} begins before {before}", part.span);
            before = part.span.start;
        }
        // A value that is not written stands where the next thing does.
        let mut written =
            parts.iter().filter(|part| part.value != yaml::Value::Null || !part.span.is_empty());
        assert!(written.all(|part| part.span.end <= one.span.end), "{:?} ends too early", one.span);
    }
    for part in parts {
        node(text, part);
    }
}

pub(super) fn calls(input: &[u8]) {
    let text = text_of(input.to_vec());
    for (open, _) in text.match_indices('(').take(CALLS) {
        let (read, end) = arguments::read(&text, open + 1, text.len());
        assert!(text.is_char_boundary(end) && open < end, "{end} is no end of the call at {open}");
        let mut before = open;
        for one in &read {
            if let Value::Text(value) = &one.value {
                assert!(text.get(value.span.clone()).is_some(), "{:?} is no place", value.span);
                assert!(before < value.span.start && value.span.end <= end, "{value:?} in {before}..{end}");
                before = value.span.end;
            }
        }
        written_again(&read);
    }
    found("a.sql", &text);
}

/// Arguments, written as SQL of its own, are read as the same.
fn written_again(read: &[Argument]) {
    let mut sql = String::new();
    for one in read {
        let name = one.name.as_ref().map(|name| format!("{name} => ")).unwrap_or_default();
        let value = match &one.value {
            Value::Text(text) => {
                format!("'{}'", text.value.replace('\\', "\\\\").replace('\'', "''"))
            }
            Value::Null => "NULL".to_owned(),
            Value::Computed => "?".to_owned(),
        };
        let _ = write!(sql, "{name}{value}, ");
    }
    sql.push(')');
    let (again, end) = arguments::read(&sql, 0, sql.len());
    // How far a call may reach has a limit.
    if end == sql.len() {
        let values = |all: &[Argument]| {
            let value = |one: &Argument| match &one.value {
                Value::Text(text) => Some(text.value.clone()),
                Value::Null => None,
                Value::Computed => Some("?".to_owned()),
            };
            all.iter().map(|one| (one.name.clone(), value(one))).collect::<Vec<_>>()
        };
        assert_eq!(values(&again), values(read), "{sql}");
    }
}

pub(super) fn addresses(input: &[u8]) {
    let text = text_of(input.to_vec());
    for address in text.lines() {
        match BrowserUrl::parse(address) {
            Ok(url) => address_again(address, &url),
            Err(error) => assert!(!address.contains('@') || !error.to_string().contains(address.trim())),
        }
    }
    for reference in found("a.md", &text) {
        let (part, is_number) = match &reference.target {
            Target::Page { number, .. } => (number, true),
            Target::Address { name, .. } => (name, false),
            _ => continue,
        };
        let written = &text[part.span.clone()];
        let is_it = written == part.value
            || !is_number && percent_decode_str(written).decode_utf8_lossy() == part.value;
        assert!(is_it, "{part:?} is written {written}");
    }
}

/// An address in the web client's own form names the same.
fn address_again(address: &str, url: &BrowserUrl) {
    let BrowserUrl { host, site, page } = url;
    assert!(!host.is_empty(), "{address}");
    let number = match page {
        BrowserPage::Resource(_, number) => Some(number.clone()),
        _ => None,
    };
    assert_eq!(BrowserUrl::number(address), number, "{address}");
    let place = match page {
        BrowserPage::Resource(kind, number) => format!("{}/{number}", kind.path_segment()),
        BrowserPage::Named(kind, name) => {
            let mut place = format!("{}/", kind.path_segment());
            // The digits too: a name of digits is no number.
            for byte in name.bytes() {
                let _ = write!(place, "%{byte:02X}");
            }
            place
        }
        BrowserPage::Unmapped | BrowserPage::Other => return,
    };
    let site = Some(site.as_str()).filter(|site| !site.is_empty());
    let site = site.map(|site| format!("site/{site}/")).unwrap_or_default();
    let again = format!("https://{host}/#/{site}{place}");
    assert_eq!(BrowserUrl::parse(&again).as_ref(), Ok(url), "{address} is not {again}");
}
