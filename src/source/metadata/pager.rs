//! One listing of the Metadata API from its first page to its last.

use std::collections::BTreeSet;
use std::time::Duration;

use indicatif::ProgressBar;

use super::super::reconcile::{Evidence, Listed};
use crate::resource::ResourceKind;
use crate::tableau::metadata::{Answer, MetadataError, Node, Page, PageRequest, Verdict};
use crate::tableau::{Session, TableauError};

/// The most that Tableau gives at once (help.tableau.com, `meta_api_pagination`).
const LARGEST_PAGE: i64 = 1000;
/// A page this small that still exceeds a limit will not get better.
const SMALLEST_PAGE: i64 = 10;
/// How many pages in a row must go well before a page that was cut grows again.
const GOOD_PAGES_TO_GROW: u32 = 3;
const RATE_PAUSES: u32 = 6;
const FIRST_RATE_PAUSE: Duration = Duration::from_secs(1);

/// Lists one kind to its end.
pub async fn list(
    session: &Session,
    kind: ResourceKind,
    progress: &ProgressBar,
) -> Result<Listed, TableauError> {
    let mut listing = Pager::new(kind);
    progress.reset();
    progress.set_message(format!("{}: {kind}s", session.site()));
    loop {
        let answer = match listing.next.send(session).await {
            Err(error) if error.may_pass_with_less() && listing.ask_for_less() => {
                tracing::warn!(reason = %error, page = listing.next.first, "asking for a smaller page");
                continue;
            }
            answer => answer?,
        };
        let step = listing.take(answer)?;
        progress.set_position(listing.nodes.len() as u64);
        match step {
            Step::Next => {}
            Step::Pause(pause) => tokio::time::sleep(pause).await,
            Step::Done => return Ok(listing.finish()),
        }
    }
}

/// What to do after an answer.
enum Step {
    Next,
    Pause(Duration),
    Done,
}

/// One listing on its way through the pages.
struct Pager {
    next: PageRequest,
    cursors: BTreeSet<String>,
    good_pages: u32,
    rate_pauses: u32,
    nodes: Vec<Node>,
    total_count: Option<i64>,
    codes: BTreeSet<String>,
}

impl Pager {
    fn new(kind: ResourceKind) -> Self {
        Self {
            next: PageRequest { kind, knows_project_luid: true, first: LARGEST_PAGE, after: None },
            cursors: BTreeSet::new(),
            good_pages: 0,
            rate_pauses: 0,
            nodes: Vec::new(),
            total_count: None,
            codes: BTreeSet::new(),
        }
    }

    fn take(&mut self, answer: Answer) -> Result<Step, TableauError> {
        let mut too_much = None;
        let mut doubts = BTreeSet::new();
        for error in &answer.errors {
            match Verdict::of(error) {
                Verdict::Harmless => {}
                Verdict::Doubtful => drop(doubts.insert(error.code.clone())),
                Verdict::TooMuch => too_much = Some(error),
                Verdict::TooFast if self.rate_pauses < RATE_PAUSES => {
                    let pause = FIRST_RATE_PAUSE * 2_u32.pow(self.rate_pauses);
                    self.rate_pauses += 1;
                    tracing::warn!(seconds = pause.as_secs(), "the Metadata API limits the rate, waiting");
                    return Ok(Step::Pause(pause));
                }
                Verdict::UnknownProjectLuid if self.next.knows_project_luid => {
                    tracing::info!("this server does not know projectLuid yet, asking without it");
                    self.next.knows_project_luid = false;
                    return Ok(Step::Next);
                }
                Verdict::Fatal if answer.page.is_some() => drop(doubts.insert(error.code.clone())),
                Verdict::TooFast | Verdict::UnknownProjectLuid | Verdict::Fatal => {
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

    fn turn(&mut self, page: Page) -> Step {
        self.nodes.extend(page.nodes);
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
        match page.end_cursor {
            Some(cursor) if self.cursors.insert(cursor.clone()) => {
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
        let mut seen = BTreeSet::new();
        let mut nodes = self.nodes;
        nodes.retain(|node| node.luid.as_ref().is_none_or(|luid| seen.insert(luid.clone())));
        let announced = self.total_count.and_then(|count| usize::try_from(count).ok());
        let evidence = Evidence { codes: self.codes, announced };
        Listed { nodes, evidence }
    }

    fn refused(&self, error: Option<&MetadataError>) -> TableauError {
        let code = error.map_or_else(|| "nothing".to_owned(), |error| error.code.clone());
        let help = match code.as_str() {
            "FEATURE_DISABLED" => Some(
                "the Metadata API is off on this server: an administrator turns it on with `tsm maintenance \
                 metadata-services enable`",
            ),
            "ACCESS_DENIED" => Some("the account needs the right to use the Metadata API on this site"),
            "SITE_DISABLED" => Some("an administrator must turn the Metadata API on for this site"),
            "RATE_EXCEEDED" => {
                Some("other programs query the Metadata API at the same time: run again later")
            }
            _ => None,
        };
        let message = error.map_or_else(|| "no data".to_owned(), |error| error.message.clone());
        TableauError::Metadata { doing: self.next.doing(), code, message, help }
    }
}
