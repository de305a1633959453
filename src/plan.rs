//! What we dare do with a change set. Pure: no I/O, no clock.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use miette::Diagnostic;
use thiserror::Error;

use crate::diff::{Change, ChangeSet};
use crate::resource::{Resource, ResourceId, ResourceKind, SiteName};

/// How many resources of a site may be removed in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaxRemoved {
    /// At most 20 % of the site's rows, or 10 of them where that is more.
    #[default]
    Usual,
    /// At most this many.
    Count(u64),
    /// At most this share of the site's rows, in percent.
    Percent(u8),
}

impl MaxRemoved {
    fn allows(self, removed: u64, rows: u64) -> bool {
        match self {
            Self::Usual => removed <= 10 || removed * 100 <= rows * 20,
            Self::Count(most) => removed <= most,
            Self::Percent(percent) => removed * 100 <= rows * u64::from(percent),
        }
    }
}

impl std::fmt::Display for MaxRemoved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usual => f.write_str("20% of a site's rows or 10 rows, whichever is more"),
            Self::Count(most) => write!(f, "{most}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A text that is neither a number nor a percentage.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is neither a number of resources (`50`) nor a share of a site's rows (`30%`)")]
pub struct InvalidMaxRemoved(String);

impl FromStr for MaxRemoved {
    type Err = InvalidMaxRemoved;

    fn from_str(text: &str) -> Result<Self, InvalidMaxRemoved> {
        let invalid = || InvalidMaxRemoved(text.to_owned());
        match text.trim().strip_suffix('%') {
            Some(percent) => match percent.trim().parse() {
                Ok(percent @ 0..=100) => Ok(Self::Percent(percent)),
                _ => Err(invalid()),
            },
            None => text.trim().parse().map(Self::Count).map_err(|_| invalid()),
        }
    }
}

/// What a plan may not exceed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// How many resources may be removed.
    pub max_removed: MaxRemoved,
    /// Whether somebody allowed the number for this run, and so knows that the last of a kind may go.
    pub is_for_this_run: bool,
}

/// Why a change set did not become a plan.
#[derive(Debug, Error, Diagnostic)]
pub enum Refused {
    /// More resources vanished than people usually delete in a day.
    #[error(
        "site `{site}`: {removed} of {rows} resources would be removed, and the limit is {limit}; nothing was changed"
    )]
    #[diagnostic(
        code(tabmap::too_many_removed),
        help(
            "a token or user that lost its permissions sees fewer resources and looks just like this: check what the \
             account sees in Tableau first; if they are really gone, run again with `--max-removed {removed}`"
        )
    )]
    TooManyRemoved {
        /// The site.
        site: SiteName,
        /// How many would go.
        removed: u64,
        /// How many rows the site had.
        rows: u64,
        /// The limit.
        limit: MaxRemoved,
    },
    /// Nothing of a kind is seen any more, and Tableau did not say of each that it is gone.
    #[error(
        "site `{site}`: this account sees no {kind} any more, and Tableau did not say of {unseen} of them that they are \
         gone: {removed} of {rows} resources would be removed; nothing was changed"
    )]
    #[diagnostic(
        code(tabmap::kind_emptied),
        help(
            "a token or user that lost its permissions looks just like this: check what the account sees in Tableau \
             first; if they are really gone, run again with `--max-removed {removed}`"
        )
    )]
    KindEmptied {
        /// The site.
        site: SiteName,
        /// The kind.
        kind: ResourceKind,
        /// How many of the kind are only not seen.
        unseen: u64,
        /// How many would go, of all kinds.
        removed: u64,
        /// How many rows the site had.
        rows: u64,
    },
    /// The map holds the result of a newer snapshot.
    #[error(
        "site `{site}`: this snapshot is of {taken_at}, and the map already holds one of {newest}; nothing was changed"
    )]
    #[diagnostic(
        code(tabmap::superseded),
        help("another run was faster, or an old recording was applied: there is nothing to do")
    )]
    Superseded {
        /// The site.
        site: SiteName,
        /// When this snapshot was taken.
        taken_at: Timestamp,
        /// When the newer one was taken.
        newest: Timestamp,
    },
}

/// A change set that was found fit to be applied; there is no other way to make one than [`Plan::approve`].
#[derive(Debug, Clone)]
pub struct Plan {
    changes: Arc<ChangeSet>,
}

impl Plan {
    /// Approves `changes` if they stay within `limits` and are newer than what the map holds.
    pub fn approve(changes: impl Into<Arc<ChangeSet>>, limits: Limits) -> Result<Self, Refused> {
        let changes = changes.into();
        let site = changes.snapshot.site.clone();
        let taken_at = changes.snapshot.taken_at;
        if let Some(newest) = changes.newest_snapshot_at.filter(|newest| *newest > taken_at) {
            return Err(Refused::Superseded { site, taken_at, newest });
        }
        let removed = changes.counts().removed;
        let rows = changes.rows_before;
        let emptied = changes.emptied().next();
        if let Some((kind, unseen)) = emptied.filter(|_| !limits.is_for_this_run) {
            return Err(Refused::KindEmptied { site, kind, unseen, removed, rows });
        }
        if !limits.max_removed.allows(removed, rows) {
            return Err(Refused::TooManyRemoved { site, removed, rows, limit: limits.max_removed });
        }
        Ok(Self { changes })
    }

    /// The approved changes.
    #[must_use]
    pub fn changes(&self) -> &ChangeSet {
        &self.changes
    }

    /// The resources whose rows are to be inserted or updated, matched by id, each id once; and whether the map has no row of
    /// it yet.
    pub fn upserts(&self) -> impl Iterator<Item = (&Resource, bool)> {
        let changed = self.changes.changes.iter().filter_map(|change| {
            let is_new = matches!(change, Change::Added(_));
            change.sides().1.map(|resource| (resource, is_new))
        });
        changed.chain(self.changes.corrected.iter().map(|resource| (&**resource, false)))
    }

    /// The ids whose rows are to be removed, each once; none of them is among the upserts.
    #[must_use]
    pub fn removals(&self) -> BTreeSet<ResourceId> {
        let removed = self.changes.changes.iter().filter_map(|change| match change {
            Change::Replaced { old, .. } | Change::Removed(old) => Some(old.id()),
            Change::Added(_) | Change::Moved { .. } => None,
        });
        removed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use crate::mapping::tests::mapping;
    use crate::resource::sample::line;
    use crate::resource::{Luid, ResourceKind};
    use crate::snapshot::tests::{at, snapshot};

    #[test]
    fn limits_allow_up_to_their_number_and_no_more() {
        use MaxRemoved::{Count, Percent, Usual};
        for (limit, most, rows) in [
            (Usual, 10, 0),
            (Usual, 10, 54),
            (Usual, 11, 55),
            (Usual, 20, 100),
            (Usual, 200, 1_004),
            (Count(0), 0, 100),
            (Count(3), 3, 1),
            (Percent(0), 0, 100),
            (Percent(30), 30, 100),
            (Percent(30), 29, 99),
            (Percent(100), 7, 7),
        ] {
            assert!(limit.allows(most, rows), "{limit:?}: {most} of {rows}");
            assert!(!limit.allows(most + 1, rows), "{limit:?}: {} of {rows}", most + 1);
        }
    }

    #[test]
    fn a_limit_is_read_as_a_number_or_a_percentage() {
        for (text, expected, printed) in [
            ("50", Some(MaxRemoved::Count(50)), "50"),
            (" 0 ", Some(MaxRemoved::Count(0)), "0"),
            ("30%", Some(MaxRemoved::Percent(30)), "30%"),
            (" 100 % ", Some(MaxRemoved::Percent(100)), "100%"),
            ("101%", None, ""),
            ("-1", None, ""),
            ("half", None, ""),
            ("%", None, ""),
            ("", None, ""),
        ] {
            let read = text.parse();
            assert_eq!(read, expected.ok_or_else(|| InvalidMaxRemoved(text.to_owned())));
            assert_eq!(read.map_or_else(|_| String::new(), |limit: MaxRemoved| limit.to_string()), printed);
        }
        assert_eq!(MaxRemoved::Usual.to_string(), "20% of a site's rows or 10 rows, whichever is more");
    }

    #[test]
    fn a_snapshot_as_old_as_the_map_is_approved_and_an_older_one_is_not() {
        for (newest, is_approved) in
            [(None, true), (Some(at(-1)), true), (Some(at(0)), true), (Some(at(1)), false)]
        {
            let changes =
                ChangeSet { newest_snapshot_at: newest, ..diff(&snapshot(&[], &[]), &mapping(&[])) };
            let superseded =
                matches!(Plan::approve(changes, Limits::default()), Err(Refused::Superseded { .. }));
            assert_eq!(!superseded, is_approved, "{newest:?}");
        }
    }

    #[test]
    fn last_of_a_kind_goes_only_with_an_answer_of_its_own_or_by_the_command_line() {
        let approve = |rows: &[&str], listed: &[&str], gone: &[&str], is_for_this_run| {
            let gone =
                gone.iter().filter_map(|luid| Luid::new(luid)).map(|luid| (ResourceKind::Workbook, luid));
            let snapshot = snapshot(&ResourceKind::ALL, listed).knowing_gone(gone.collect());
            let limits = Limits { max_removed: MaxRemoved::Count(9), is_for_this_run };
            Plan::approve(diff(&snapshot, &mapping(rows)), limits)
        };
        let unseen = |refused: Result<Plan, Refused>| match refused {
            Ok(_) => 0,
            Err(Refused::KindEmptied { unseen, .. }) => unseen,
            Err(other) => panic!("{other}"),
        };
        let two = ["A::x=1", "A::y=2"];
        for (listed, gone, expected) in [
            (&[][..], &[][..], 2),
            (&[], &["1"], 1),
            (&[], &["1", "2"], 0),
            (&["A::y=2"], &[], 0),
            (&["A::z=3"], &[], 0),
            (&["datasource A::x=1"], &[], 2),
        ] {
            assert_eq!(unseen(approve(&two, listed, gone, false)), expected, "{listed:?} {gone:?}");
            assert_eq!(unseen(approve(&two, listed, gone, true)), 0, "{listed:?} {gone:?}");
        }
        assert_eq!(unseen(approve(&[], &[], &[], false)), 0);
    }

    #[test]
    fn what_was_published_again_or_moved_does_not_count_as_removed() {
        let before = mapping(&["A::x=1", "A::y=2", "A::z=3"]);
        let now = snapshot(&ResourceKind::ALL, &["A::x=10", "B::y=2"]);
        let approve = |limit| {
            Plan::approve(
                diff(&now, &before),
                Limits { max_removed: MaxRemoved::Count(limit), is_for_this_run: false },
            )
        };
        assert!(approve(1).is_ok());
        let refused = approve(0).expect_err("one too many").to_string();
        assert!(refused.contains("1 of 3 resources would be removed, and the limit is 0"), "{refused}");
    }

    #[test]
    fn a_plan_writes_what_is_new_or_other_and_removes_what_is_gone_or_replaced() {
        let before = mapping(&["A::x=1", "A::y=2", "A::z=3", "A::kept=4", "A::same=5"]);
        let now =
            snapshot(&ResourceKind::ALL, &["A::x=10", "B::y=2", "A::kept=4#7", "A::new=6", "A::same=5"]);
        let plan = Plan::approve(diff(&now, &before), Limits::default()).expect("within the limits");
        let upserts: Vec<_> = plan.upserts().map(|(one, is_new)| (line(one), is_new)).collect();
        let expected = [("A::new=6", true), ("A::x=10", false), ("B::y=2", false), ("A::kept=4#7", false)];
        assert_eq!(upserts, expected.map(|(line, is_new)| (line.to_owned(), is_new)));
        let removals: Vec<_> = plan.removals().into_iter().map(|id| id.luid.to_string()).collect();
        assert_eq!(removals, ["1", "3"]);
        assert_eq!(plan.changes().rows_before, 5);
    }
}
