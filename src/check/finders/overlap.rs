//! Which of two references is believed when one lies within the other.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::check::reference::{Reference, Target};

/// How much a reference says of what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// It has the form of something, wherever it stands.
    Form,
    /// It has a form that hardly anything else has.
    Address,
    /// The file says what it is: a field, an argument.
    Declared,
}

fn strength(target: &Target) -> Strength {
    match target {
        Target::Luid { is_declared: false, .. } => Strength::Form,
        Target::Page { .. } | Target::Address { .. } | Target::Unmapped { .. } => Strength::Address,
        Target::Luid { is_declared: true, .. }
        | Target::Name { .. }
        | Target::Computed
        | Target::Disabled { .. }
        | Target::Invalid { .. } => Strength::Declared,
    }
}

/// Of two references, one of whose spans lies within the other's, the one that says more of itself stays; of equals
/// the one of the larger whole, then the longer one, then the first. What only touches stays, as does what has no span.
#[must_use]
pub fn without_overlaps(references: Vec<Reference>) -> Vec<Reference> {
    let mut sorted = references;
    sorted.sort_by_key(|one| {
        let length = one.target.span().map_or(0, Range::len);
        Reverse((strength(&one.target), one.extent.len(), length))
    });
    // No span in it lies within another one, so they end in the order in which they begin.
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    sorted.retain(|one| {
        let Some(span) = one.target.span() else { return true };
        let around = taken.range(..=span.start).next_back().is_some_and(|(_, end)| span.end <= *end);
        let within = taken.range(span.start..).next().is_some_and(|(_, end)| *end <= span.end);
        let is_new = !around && !within;
        if is_new {
            taken.insert(span.start, span.end);
        }
        is_new
    });
    sorted.sort_by_key(|one| one.extent.start);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::reference::{Name, Spanned};
    use crate::resource::{ResourceKind, SiteName};

    fn uuid(span: Range<usize>, extent: Range<usize>, is_declared: bool) -> Reference {
        let luid = Spanned { value: "x".to_owned(), span };
        Reference::new(extent, Target::Luid { luid, is_declared })
    }

    fn page(span: Range<usize>, extent: Range<usize>) -> Reference {
        let number = Spanned { value: "1".to_owned(), span };
        let (site, kind) = (SiteName::from_content_url("S"), ResourceKind::Workbook);
        Reference::new(extent, Target::Page { host: None, site, kind, number })
    }

    fn named(span: Range<usize>, extent: Range<usize>) -> Reference {
        let name = Spanned { value: Name::Loose("n".to_owned()), span };
        let kind = ResourceKind::Workbook;
        Reference::new(extent, Target::Name { kind, name, project: None, site: None })
    }

    #[test]
    fn of_references_within_each_other_one_is_believed_whoever_found_it_first() {
        let bare = || uuid(10..46, 10..46, false);
        for (what, references, stays) in [
            ("nothing", vec![], "[]"),
            ("a field beats what stands in it", vec![bare(), uuid(10..46, 0..50, true)], "[0..50]"),
            ("though it is shorter", vec![uuid(5..60, 5..60, false), page(10..12, 8..20)], "[8..20]"),
            ("an argument beats an address", vec![page(30..33, 5..40), named(5..40, 0..50)], "[0..50]"),
            ("the larger whole wins", vec![page(30..33, 5..40), page(30..33, 0..60)], "[0..60]"),
            ("then the longer span", vec![page(30..33, 0..40), page(25..33, 0..40)], "[0..40]"),
            ("neighbours stay", vec![page(0..5, 0..5), page(5..9, 5..9)], "[0..5, 5..9]"),
            ("what only overlaps stays", vec![page(0..6, 0..6), page(5..9, 5..9)], "[0..6, 5..9]"),
            (
                "several in one go",
                vec![page(0..5, 0..5), page(6..9, 6..9), named(0..20, 0..20), bare()],
                "[0..20, 10..46]",
            ),
            (
                "what has no span stays",
                vec![Reference::new(0..50, Target::Computed), bare()],
                "[0..50, 10..46]",
            ),
        ] {
            let mut turned = references.clone();
            turned.reverse();
            for order in [references, turned] {
                let left: Vec<_> = without_overlaps(order).into_iter().map(|one| one.extent).collect();
                assert_eq!(format!("{left:?}"), stays, "{what}");
            }
        }
    }

    #[test]
    fn of_two_that_are_alike_the_first_stays() {
        let (first, second) = (page(1..2, 0..3), page(1..2, 0..3));
        assert_eq!(without_overlaps(vec![first.clone(), second]), [first]);
    }
}
