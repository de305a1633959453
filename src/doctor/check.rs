//! What a check is.

use std::pin::Pin;

use super::exam::Exam;
use super::outcome::CheckOutcome;
use crate::resource::SiteName;

/// A check while it runs.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = CheckOutcome> + Send + 'a>>;

/// How often a check is made.
pub(super) enum Run {
    /// Once, of what is known already.
    Known(fn(&Exam) -> CheckOutcome),
    /// Once.
    Once(for<'a> fn(&'a mut Exam) -> Running<'a>),
    /// Once for each site.
    EachSite(for<'a> fn(&'a mut Exam, &'a SiteName) -> Running<'a>),
}

/// One named check.
pub struct Check {
    /// Its name, which does not change.
    pub name: &'static str,
    /// What is looked at, for people.
    pub about: &'static str,
    /// The checks without which it has nothing to look at; they stand before it.
    pub(super) needs: &'static [&'static str],
    pub(super) run: Run,
}

impl Check {
    /// Whether it is made for each site.
    #[must_use]
    pub fn is_of_site(&self) -> bool {
        matches!(self.run, Run::EachSite(_))
    }
}

/// A check that was made.
#[derive(Debug)]
pub struct Checked {
    /// Its name.
    pub name: &'static str,
    /// The site, of a check that is made for each.
    pub site: Option<SiteName>,
    /// What came of it.
    pub outcome: CheckOutcome,
}
