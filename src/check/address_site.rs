//! Where an address says its site, which is to blame when the site is not known.

use std::ops::Range;

use super::finding::Code;
use super::judge::{Judgement, Problem};
use super::reference::{Reference, Target};

/// The judgement of an address, told of the place of its site where that is what is wrong.
#[must_use]
pub fn blamed(text: &str, reference: &Reference, judgement: Judgement) -> Judgement {
    let (Target::Page { host, site, .. } | Target::Address { host, site: Some(site), .. }) =
        &reference.target
    else {
        return judgement;
    };
    match judgement {
        Judgement::Bad(problem) if matches!(problem.code, Code::UnknownSite | Code::ForeignSite) => {
            if host.is_none() && is_bare_path(text, &reference.extent) {
                return Judgement::Unrelated;
            }
            let before = reference.extent.start..problem.span.start;
            let after = problem.span.end..reference.extent.end;
            let found = place(text, before, site.as_str()).or_else(|| place(text, after, site.as_str()));
            Judgement::Bad(Problem { span: found.unwrap_or_else(|| problem.span.clone()), ..problem })
        }
        judgement => judgement,
    }
}

/// `/t/SITE/views/...` with nothing before it may be a path of any application.
fn is_bare_path(text: &str, extent: &Range<usize>) -> bool {
    let is_path = text.get(extent.start..).is_some_and(|rest| rest.starts_with("/t"));
    let before = text.get(..extent.start).unwrap_or_default();
    is_path && !before.ends_with(|letter: char| letter.is_alphanumeric() || "}%_)".contains(letter))
}

/// The last place of a word within a range.
fn place(text: &str, within: Range<usize>, word: &str) -> Option<Range<usize>> {
    let part = text.get(within.clone()).filter(|_| !word.is_empty())?;
    let starts = part.rmatch_indices(word).map(|(at, _)| within.start + at);
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    let is_whole = |found: &Range<usize>| {
        let before = &text[..found.start];
        // Within another address, a slash is `%2F`.
        let is_escape = before.ends_with("%2F") || before.ends_with("%2f");
        (is_escape || !before.ends_with(is_part)) && !text[found.end..].starts_with(is_part)
    };
    starts.map(|start| start..start + word.len()).find(is_whole)
}
