//! Bare LUIDs.

use std::sync::LazyLock;

use regex::Regex;

use super::reference::{Reference, Spanned, Target};

static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?i-u)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a valid pattern")
});

/// The UUIDs of a text that `is_known` knows.
pub fn find<'a>(text: &'a str, is_known: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = Reference> + 'a {
    UUID.find_iter(text)
        .filter(|found| stands_alone(text, found.start(), found.end()))
        .filter(move |found| is_known(found.as_str()))
        .map(|found| {
            let luid = Spanned { value: found.as_str().to_owned(), span: found.range() };
            Reference { extent: found.range(), target: Target::Luid { luid, is_declared: false } }
        })
}

/// A longer run of letters, digits and hyphens is something else.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    !is_part(start.checked_sub(1).and_then(|at| bytes.get(at))) && !is_part(bytes.get(end))
}
