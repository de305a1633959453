//! One listing of the Metadata API from its first page to its last.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use indicatif::ProgressBar;

use super::super::reconcile::{Evidence, Listed};
use crate::resource::{Luid, ResourceKind};
use crate::tableau::metadata::{ErrorVerdict, MetadataError, MetadataPage, Node, PageAnswer, PageRequest};
use crate::tableau::{Session, TableauError};

/// The most that Tableau gives at once (help.tableau.com, `meta_api_pagination`).
pub(crate) const LARGEST_PAGE: i64 = 1000;
/// A page this small that still exceeds a limit will not get better.
pub(crate) const SMALLEST_PAGE: i64 = 10;
/// How many pages in a row must go well before a page that was cut grows again.
const GOOD_PAGES_TO_GROW: u32 = 3;
/// A listing may grow while it is read. With this many nodes more than twice what is announced, it has no end.
const FAR: usize = 10_000;
const RATE_PAUSES: u32 = 6;
const FIRST_RATE_PAUSE: Duration = Duration::from_secs(1);

/// Lists one kind to its end.
pub async fn list(
    session: &Session,
    kind: ResourceKind,
    progress: &ProgressBar,
) -> Result<Listed, TableauError> {
    let mut listing = Pager::new(kind);
    progress.set_message(format!("{}: {kind}s", session.site()));
    progress.unset_length();
    progress.reset();
    loop {
        let answer = match listing.next.send(session).await {
            Err(error) if error.may_pass_with_less() && listing.ask_for_less() => {
                tracing::warn!(reason = %error, page = listing.next.first, "asking for a smaller page");
                continue;
            }
            answer => answer?,
        };
        let step = listing.take(answer)?;
        if let Some(all) = listing.total_count.and_then(|all| u64::try_from(all).ok()) {
            progress.set_length(all);
        }
        progress.set_position(listing.nodes.len() as u64);
        match step {
            Step::Next => {}
            Step::Pause(pause) => tokio::time::sleep(pause).await,
            Step::Done => return Ok(listing.finish()),
        }
    }
}

/// What to do after an answer.
pub(crate) enum Step {
    Next,
    Pause(Duration),
    Done,
}

/// One listing on its way through the pages.
pub(crate) struct Pager {
    pub next: PageRequest,
    cursors: BTreeSet<String>,
    good_pages: u32,
    rate_pauses: u32,
    pub nodes: Vec<Node>,
    seen: HashSet<Luid>,
    total_count: Option<i64>,
    codes: BTreeSet<String>,
}

impl Pager {
    pub fn new(kind: ResourceKind) -> Self {
        Self {
            next: PageRequest { kind, knows_project_luid: true, first: LARGEST_PAGE, after: None },
            cursors: BTreeSet::new(),
            good_pages: 0,
            rate_pauses: 0,
            nodes: Vec::new(),
            seen: HashSet::new(),
            total_count: None,
            codes: BTreeSet::new(),
        }
    }

    pub fn take(&mut self, answer: PageAnswer) -> Result<Step, TableauError> {
        let mut too_much = None;
        let mut doubts = BTreeSet::new();
        for error in &answer.errors {
            match ErrorVerdict::of(error) {
                ErrorVerdict::Harmless => {}
                ErrorVerdict::Doubtful => drop(doubts.insert(error.code.clone())),
                ErrorVerdict::TooMuch => too_much = Some(error),
                ErrorVerdict::TooFast if self.rate_pauses < RATE_PAUSES => {
                    let pause = FIRST_RATE_PAUSE * 2_u32.pow(self.rate_pauses);
                    self.rate_pauses += 1;
                    tracing::warn!(seconds = pause.as_secs(), "the Metadata API limits the rate, waiting");
                    return Ok(Step::Pause(pause));
                }
                ErrorVerdict::UnknownProjectLuid if self.next.knows_project_luid => {
                    tracing::info!("this server does not know projectLuid yet, asking without it");
                    self.next.knows_project_luid = false;
                    return Ok(Step::Next);
                }
                ErrorVerdict::Fatal if answer.page.is_some() => drop(doubts.insert(error.code.clone())),
                ErrorVerdict::TooFast | ErrorVerdict::UnknownProjectLuid | ErrorVerdict::Fatal => {
                    return Err(self.refused(Some(error)));
                }
            }
        }
        if let Some(error) = too_much {
            if self.ask_for_less() {
                tracing::warn!(
                    code = error.code.clone(),
                    page = self.next.first,
                    "asking for a smaller page"
                );
                return Ok(Step::Next);
            }
            doubts.insert(error.code.clone());
        }
        let Some(page) = answer.page else {
            return Err(self.refused(too_much.or(answer.errors.first())));
        };
        self.codes.append(&mut doubts);
        Ok(self.turn(page))
    }

    /// Halves the page; `false` when it is as small as it gets.
    fn ask_for_less(&mut self) -> bool {
        let was = self.next.first;
        self.next.first = (was / 2).max(SMALLEST_PAGE);
        self.good_pages = 0;
        self.next.first < was
    }

    fn turn(&mut self, page: MetadataPage) -> Step {
        let before = self.nodes.len();
        let seen = &mut self.seen;
        let is_new = |node: &Node| node.luid.as_ref().is_none_or(|luid| seen.insert(luid.clone()));
        self.nodes.extend(page.nodes.into_iter().filter(is_new));
        self.total_count = page.total_count;
        self.good_pages += 1;
        self.rate_pauses = 0;
        if self.good_pages >= GOOD_PAGES_TO_GROW {
            self.next.first = (self.next.first * 2).min(LARGEST_PAGE);
            self.good_pages = 0;
        }
        // The last page has a cursor too: only `hasNextPage` says whether to go on.
        if page.is_last {
            return Step::Done;
        }
        let announced = usize::try_from(page.total_count.unwrap_or_default()).unwrap_or_default();
        let is_endless = self.nodes.len() == before || self.nodes.len() > announced.saturating_mul(2) + FAR;
        match page.end_cursor {
            Some(cursor) if !is_endless && self.cursors.insert(cursor.clone()) => {
                self.next.after = Some(cursor);
                Step::Next
            }
            _ => {
                self.codes.insert("a cursor that leads nowhere".to_owned());
                Step::Done
            }
        }
    }

    fn finish(self) -> Listed {
        let announced = self.total_count.and_then(|count| usize::try_from(count).ok());
        let evidence = Evidence { codes: self.codes, announced };
        Listed { nodes: self.nodes, evidence }
    }

    fn refused(&self, error: Option<&MetadataError>) -> TableauError {
        let code = error.map_or_else(|| "nothing".to_owned(), |error| error.code.clone());
        let help = match code.as_str() {
            "FEATURE_DISABLED" => Some(
                "the Metadata API is off on this server: an administrator turns it on with `tsm maintenance \
                 metadata-services enable`; `--source rest` does not need it",
            ),
            "ACCESS_DENIED" => Some(
                "the account needs the right to use the Metadata API on this site; `--source rest` does not need it",
            ),
            "SITE_DISABLED" => Some(
                "an administrator must turn the Metadata API on for this site; `--source rest` does not need it",
            ),
            "RATE_EXCEEDED" => {
                Some("other programs query the Metadata API at the same time: run again later")
            }
            _ => None,
        };
        let message = error.map_or_else(|| "no data".to_owned(), |error| error.message.clone());
        TableauError::Metadata { doing: self.next.doing(), code, message, help }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(luids: std::ops::Range<usize>, announced: i64, number: usize) -> MetadataPage {
        let nodes = luids.map(|luid| Node { luid: Luid::new(&format!("luid-{luid}")), ..Node::default() });
        let end_cursor = Some(format!("cursor {number}"));
        MetadataPage { nodes: nodes.collect(), total_count: Some(announced), end_cursor, is_last: false }
    }

    /// How many pages are read of a server that always has another, and how many nodes come of it.
    fn read(pages: impl Iterator<Item = MetadataPage>) -> (usize, usize, bool) {
        let mut listing = Pager::new(ResourceKind::Workbook);
        let mut read = 0;
        for page in pages {
            read += 1;
            if matches!(listing.turn(page), Step::Done) {
                break;
            }
        }
        let listed = listing.finish();
        (read, listed.nodes.len(), listed.evidence.codes.contains("a cursor that leads nowhere"))
    }

    #[test]
    fn pages_without_end_are_left_when_they_bring_nothing_new_or_far_more_than_announced() {
        let same = (0..).map(|number| page(0..10, 100, number));
        assert_eq!(read(same), (2, 10, true));
        let overlapping = (0..).map(|number| page(number..number + 10, 12, number));
        assert_eq!(read(overlapping), (FAR + 24 - 10 + 2, FAR + 25, true));
        let growing = (0..3).map(|number| page(number * 10..number * 10 + 10, 20, number));
        assert_eq!(read(growing), (3, 30, false));
    }
}
