//! What command lines of this program name.

use super::named::named;
use super::shell::{Word, sort};
use crate::check::finders::luids::UUID;
use crate::check::finders::written::luid;
use crate::check::reference::{Project, Spanned, Target};
use crate::resource::ResourceKind;

/// Options without a value.
const FLAGS: [&str; 11] =
    ["incremental", "no-wait", "cancel-on-timeout", "quiet", "q", "v", "vv", "vvv", "verbose", "help", "h"];

pub(super) fn target(words: Vec<Word>) -> Option<Target> {
    let sorted = sort(words, &FLAGS);
    let mut plain = sorted.plain.iter();
    let command = plain.next()?.value.as_deref()?;
    if !matches!(command, "resolve" | "refresh") {
        return None;
    }
    match (plain.next()?, plain.next()) {
        (kind, Some(what)) => {
            let kind = ResourceKind::from_word(kind.value.as_deref()?)?;
            // A command has no more words. A sentence has, and so has `2>&1`.
            let is_word = |word: &Word| word.value.as_ref().is_some_and(|text| text.parse::<u8>().is_err());
            if what.value.is_some() && plain.next().is_some_and(is_word) {
                return None;
            }
            let project = sorted.option(&["project"]);
            let tail = project.and_then(|word| word.value.clone()).map(Project::Tail);
            Some(named(kind, what, tail, project, sorted.option(&["site"])))
        }
        (Word { value: Some(text), span }, None)
            if UUID.find(text).is_some_and(|luid| luid.len() == text.len()) =>
        {
            Some(luid(Spanned { value: text.clone(), span: span.clone() }).target)
        }
        // An address is found as one.
        _ => None,
    }
}
