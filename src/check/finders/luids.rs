//! Bare LUIDs.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::comments::Comments;
use super::finder::{Finder, Found, TextFile};
use crate::check::reference::{Reference, Spanned, Target};

pub(super) static UUID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?i-u)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a valid pattern")
});

/// Finds every UUID: whether it is a LUID of Tableau is for the judge to say.
#[derive(Debug)]
pub struct Luids;

impl Finder for Luids {
    fn reads(&self, _: &Path) -> bool {
        true
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let uuids = UUID.find_iter(file.text);
        let alone = uuids.filter(|found| stands_alone(file.text, found.start(), found.end()));
        let mut comments = Comments::of(file.text, file.extension());
        let references = alone.filter(|found| !comments.hold(found.start())).map(|found| {
            let luid = Spanned { value: found.as_str().to_owned(), span: found.range() };
            Reference::new(found.range(), Target::Luid { luid, is_declared: false })
        });
        Found::References(references.collect())
    }
}

/// A longer run of letters, digits and hyphens is something else.
pub(super) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    !is_part(start.checked_sub(1).and_then(|at| bytes.get(at))) && !is_part(bytes.get(end))
}
