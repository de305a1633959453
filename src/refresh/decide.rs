//! What to do next, as pure functions: no call, no clock, no pause. `start` and `wait` do what they answer.

use std::time::Duration;

use jiff::Timestamp;

use super::{IfRunning, RefreshError, RefreshOutcome};
use crate::resource::Luid;
use crate::tableau::TableauError;
use crate::tableau::jobs::{Finish, Job, Polled, Posted};

/// How often a refresh is posted in all: again after an answer that started nothing, and after a lost answer only
/// when no job can be found that it started.
const MOST_POSTS: u32 = 3;

/// What looking for a job came to.
#[derive(Debug)]
pub(super) enum Lookup {
    /// This is it.
    Found(Box<Job>),
    /// A job for the resource that was queued shortly before the start, as far as two clocks can tell.
    Before(Box<Job>),
    /// There is none.
    None,
    /// Not every job could be looked at, and it was none of the others.
    Unclear,
    /// This user may not read jobs.
    Forbidden,
}

/// A start without an answer.
#[derive(Debug)]
pub(super) enum Lost {
    /// By a process that has ended.
    Earlier,
    /// By this one, for this reason.
    Now(TableauError),
}

/// What has happened.
#[derive(Debug)]
pub(super) enum Event {
    /// The start was posted.
    Posted(Posted),
    /// The job was looked for that waits or runs.
    SearchedOpen(Lookup),
    /// The job of a lost start was looked for.
    SearchedLost(Lost, Lookup),
    /// Whether the extract was refreshed since a lost start, whose job may not be looked for.
    AskedExtract(Lost, bool),
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Make sure that the map is right, then post.
    Begin,
    /// Post after a pause.
    PostAgain,
    /// Post no earlier than after this time.
    PostAfter(Duration),
    /// Resolve on Tableau, then post.
    Resolve,
    /// Wait for this job, which is another's, then post.
    WaitFor(Luid),
    /// Look for the job that waits or runs.
    SearchOpen,
    /// Look for the job of a lost start.
    SearchLost(Lost),
    /// Ask whether the extract was refreshed since the start.
    AskExtract(Lost),
    /// The refresh is this job.
    Follow {
        /// The job.
        job: Luid,
        /// Whether somebody else started it.
        is_adopted: bool,
    },
    /// The refresh is a job that may not be read.
    Watch {
        /// Whether somebody else may have started it.
        is_adopted: bool,
    },
    /// Leave the job that is under way alone.
    Skip,
    /// The refresh was not started, or it is not known whether it was.
    Fail(RefreshError),
}

/// What is known of a start so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    if_running: IfRunning,
    /// When the data was ready, by the server's clock.
    pub ready: Option<Timestamp>,
    posts: u32,
    /// Whether the LUID is from Tableau itself.
    pub is_resolved: bool,
    /// Whether a start was lost whose job may not be looked for.
    is_open: bool,
}

impl Start {
    pub(super) fn new(if_running: IfRunning) -> Self {
        Self { if_running, ready: None, posts: 0, is_resolved: false, is_open: false }
    }

    /// What is known now, and what to do next.
    pub(super) fn after(self, event: Event) -> (Self, Next) {
        match event {
            Event::Posted(posted) => Self { posts: self.posts + 1, ..self }.posted(posted),
            Event::SearchedOpen(lookup) => self.searched_open(lookup),
            Event::SearchedLost(lost, lookup) => self.searched_lost(lost, lookup),
            Event::AskedExtract(_, true) => (self, Next::Watch { is_adopted: false }),
            // A job that waits or runs shows as a conflict when the start is sent again.
            Event::AskedExtract(lost, false) => {
                let known = Self { is_open: true, ..self };
                match lost {
                    Lost::Earlier => (known, Next::Begin),
                    Lost::Now(error) => known.again_or(RefreshError::Unknown(error)),
                }
            }
        }
    }

    fn posted(self, posted: Posted) -> (Self, Next) {
        match posted {
            Posted::Started(job) => (self, Next::Follow { job: job.luid, is_adopted: false }),
            Posted::AlreadyQueued => match self.if_running {
                IfRunning::Skip if !self.is_open => (self, Next::Skip),
                IfRunning::Fail if !self.is_open => (self, Next::Fail(RefreshError::Running)),
                // As told, or because it may be the one that the lost start began.
                _ => (self, Next::SearchOpen),
            },
            Posted::Later(wait) => (self.uncounted(), Next::PostAfter(wait)),
            Posted::Refused(error) if error.is_not_found() && !self.is_resolved => {
                (Self { is_resolved: true, ..self }, Next::Resolve)
            }
            Posted::Refused(error @ TableauError::Unreachable { .. }) => self.again_or(if self.is_open {
                RefreshError::Unknown(error)
            } else {
                RefreshError::NotStarted(error)
            }),
            Posted::Refused(error) => (self, Next::Fail(RefreshError::refused(error))),
            Posted::Lost(error) => (self, Next::SearchLost(Lost::Now(error))),
        }
    }

    fn searched_open(self, lookup: Lookup) -> (Self, Next) {
        match lookup {
            Lookup::Found(job) | Lookup::Before(job) => match (job.started_at, self.ready) {
                (Some(start), Some(ready)) if start < ready => (self.uncounted(), Next::WaitFor(job.luid)),
                _ => (self, Next::Follow { job: job.luid, is_adopted: true }),
            },
            // There is one, Tableau says, whichever it is.
            Lookup::Forbidden | Lookup::Unclear => (self, Next::Watch { is_adopted: true }),
            // It ended between the two calls.
            Lookup::None => self.again_or(RefreshError::Elusive),
        }
    }

    fn searched_lost(self, lost: Lost, lookup: Lookup) -> (Self, Next) {
        match lookup {
            Lookup::Found(job) => (self, Next::Follow { job: job.luid, is_adopted: false }),
            // A second start would meet it as a conflict.
            Lookup::Before(job) if !job.has_ended() => self.searched_open(Lookup::Before(job)),
            Lookup::Before(_) | Lookup::Unclear => (self, Next::Fail(RefreshError::Unclear)),
            Lookup::Forbidden => (self, Next::AskExtract(lost)),
            Lookup::None => match lost {
                Lost::Earlier => (self, Next::Begin),
                Lost::Now(error) => self.again_or(RefreshError::NotStarted(error)),
            },
        }
    }

    /// A post that Tableau did not consider.
    fn uncounted(self) -> Self {
        Self { posts: self.posts.saturating_sub(1), ..self }
    }

    fn again_or(self, failure: RefreshError) -> (Self, Next) {
        (self, if self.posts < MOST_POSTS { Next::PostAgain } else { Next::Fail(failure) })
    }
}

/// What a look at a job says about the refresh.
#[derive(Debug)]
pub(super) enum Sight {
    /// It has ended so, with something to add.
    Ended(RefreshOutcome, Option<String>),
    /// It is so far, in per cent.
    Under(i64),
    /// Nothing: ask again, after this time at least.
    Nothing(TableauError, Option<Duration>),
    /// The list of jobs may say more.
    SearchList(TableauError),
    /// Jobs may not be read: watch the extract.
    Watch(TableauError),
    /// Asking again is of no use.
    Fail(TableauError),
}

/// What to make of a look at a job.
pub(super) fn sight(polled: Polled<Job>) -> Sight {
    match polled {
        Polled::Told(job) => match job.finish {
            Some(Finish::Success) => Sight::Ended(RefreshOutcome::Succeeded, None),
            Some(Finish::Failure) => Sight::Ended(RefreshOutcome::Failed, None),
            Some(Finish::Cancelled) => Sight::Ended(RefreshOutcome::Cancelled, None),
            Some(Finish::Other(code)) => {
                let note = format!("Tableau ended the job with the unknown code {code}");
                Sight::Ended(RefreshOutcome::Failed, Some(note))
            }
            None if job.ended_at.is_some() => {
                let note = "Tableau does not say how the job ended".to_owned();
                Sight::Ended(RefreshOutcome::Failed, Some(note))
            }
            None => Sight::Under(job.progress.unwrap_or(0)),
        },
        // Credentials that are refused once will be refused again.
        Polled::Passing { reason: reason @ TableauError::SignInRefused { .. }, .. } => Sight::Fail(reason),
        Polled::Passing { reason, wait } => Sight::Nothing(reason, wait),
        Polled::Forbidden(reason) => Sight::Watch(reason),
        Polled::Unknown(reason) => Sight::SearchList(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str) -> TableauError {
        let (summary, detail) = (String::new(), String::new());
        TableauError::Refused { doing: "start".to_owned(), code: code.to_owned(), summary, detail }
    }

    fn unreachable() -> TableauError {
        let source = reqwest::Client::new().get("no address").build().expect_err("it is none");
        TableauError::Unreachable { doing: "start".to_owned(), server: "there".to_owned(), source }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    fn job(started: Option<i64>, ended: Option<i64>) -> Job {
        Job {
            luid: Luid::new("3f2504e0-4f89-41d3-9a0c-0305e82c3301").expect("a LUID"),
            progress: None,
            started_at: started.map(at),
            ended_at: ended.map(at),
            finish: ended.map(|_| Finish::Success),
            is_at_bridge: false,
            notes: Vec::new(),
            resource: None,
        }
    }

    fn found(started: Option<i64>) -> Lookup {
        Lookup::Found(Box::new(job(started, None)))
    }

    /// What is next, in few words.
    fn word(next: &Next) -> String {
        match next {
            Next::Follow { is_adopted, .. } => format!("follow, adopted {is_adopted}"),
            Next::Watch { is_adopted } => format!("watch, adopted {is_adopted}"),
            Next::PostAfter(wait) => format!("post after {wait:?}"),
            Next::WaitFor(_) => "wait for it".to_owned(),
            Next::SearchLost(_) => "search lost".to_owned(),
            Next::AskExtract(_) => "ask extract".to_owned(),
            Next::Fail(error) => {
                let error = format!("{error:?}");
                format!("fail {}", error.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default())
            }
            other => format!("{other:?}"),
        }
    }

    fn after(start: Start, event: Event) -> String {
        word(&start.after(event).1)
    }

    fn new() -> Start {
        Start::new(IfRunning::Adopt)
    }

    #[test]
    fn answers_to_a_post_lead_on_by_what_they_say() {
        let open = Start { is_open: true, ..new() };
        let resolved = Start { is_resolved: true, ..new() };
        let last = Start { posts: MOST_POSTS - 1, ..new() };
        let skip = Start::new(IfRunning::Skip);
        let fail = Start::new(IfRunning::Fail);
        for (start, posted, expected) in [
            (new(), Posted::Started(job(None, None)), "follow, adopted false"),
            (new(), Posted::AlreadyQueued, "SearchOpen"),
            (skip, Posted::AlreadyQueued, "Skip"),
            (fail, Posted::AlreadyQueued, "fail Running"),
            (Start { is_open: true, ..skip }, Posted::AlreadyQueued, "SearchOpen"),
            (Start { is_open: true, ..fail }, Posted::AlreadyQueued, "SearchOpen"),
            (new(), Posted::Later(Duration::from_secs(7)), "post after 7s"),
            (last, Posted::Later(Duration::from_secs(7)), "post after 7s"),
            (new(), Posted::Refused(refusal("404006")), "Resolve"),
            (resolved, Posted::Refused(refusal("404006")), "fail Tableau"),
            (new(), Posted::Refused(refusal("403004")), "fail Refused"),
            (new(), Posted::Refused(unreachable()), "PostAgain"),
            (last, Posted::Refused(unreachable()), "fail NotStarted"),
            (Start { is_open: true, ..last }, Posted::Refused(unreachable()), "fail Unknown"),
            (open, Posted::Refused(unreachable()), "PostAgain"),
            (new(), Posted::Lost(unreachable()), "search lost"),
            (last, Posted::Lost(unreachable()), "search lost"),
        ] {
            let said = format!("{start:?} {posted:?}");
            assert_eq!(after(start, Event::Posted(posted)), expected, "{said}");
        }
    }

    #[test]
    fn resource_that_is_not_found_is_looked_for_once() {
        let (resolving, next) = new().after(Event::Posted(Posted::Refused(refusal("404006"))));
        assert_eq!(word(&next), "Resolve");
        assert_eq!(after(resolving, Event::Posted(Posted::Refused(refusal("404006")))), "fail Tableau");
    }

    #[test]
    fn job_that_runs_already_is_adopted_unless_it_began_before_the_data_was_ready() {
        let ready = Start { ready: Some(at(100)), posts: 1, ..new() };
        let last = Start { posts: MOST_POSTS, ..new() };
        for (start, lookup, expected) in [
            (ready, found(Some(99)), "wait for it"),
            (ready, found(Some(100)), "follow, adopted true"),
            (ready, found(None), "follow, adopted true"),
            (new(), found(Some(1)), "follow, adopted true"),
            (new(), Lookup::Forbidden, "watch, adopted true"),
            (new(), Lookup::Unclear, "watch, adopted true"),
            (Start { posts: MOST_POSTS - 1, ..new() }, Lookup::None, "PostAgain"),
            (last, Lookup::None, "fail Elusive"),
        ] {
            let said = format!("{start:?} {lookup:?}");
            assert_eq!(after(start, Event::SearchedOpen(lookup)), expected, "{said}");
        }
    }

    #[test]
    fn lost_start_is_sent_again_only_when_there_is_surely_no_job_of_it() {
        let before = |ended| Lookup::Before(Box::new(job(Some(1), ended)));
        let now = || Lost::Now(unreachable());
        for (lost, lookup, expected) in [
            (now(), found(None), "follow, adopted false"),
            (Lost::Earlier, found(None), "follow, adopted false"),
            (now(), before(None), "follow, adopted true"),
            (now(), before(Some(2)), "fail Unclear"),
            (now(), Lookup::Unclear, "fail Unclear"),
            (Lost::Earlier, Lookup::Unclear, "fail Unclear"),
            (now(), Lookup::Forbidden, "ask extract"),
            (now(), Lookup::None, "PostAgain"),
            (Lost::Earlier, Lookup::None, "Begin"),
        ] {
            let said = format!("{lost:?} {lookup:?}");
            assert_eq!(after(new(), Event::SearchedLost(lost, lookup)), expected, "{said}");
        }
        let last = Start { posts: MOST_POSTS, ..new() };
        assert_eq!(after(last, Event::SearchedLost(now(), Lookup::None)), "fail NotStarted");
        assert_eq!(after(last, Event::AskedExtract(now(), false)), "fail Unknown");
        assert_eq!(after(last, Event::AskedExtract(now(), true)), "watch, adopted false");
        for (lost, expected) in [(Lost::Earlier, "Begin"), (now(), "PostAgain")] {
            let (known, next) = new().after(Event::AskedExtract(lost, false));
            assert_eq!((word(&next).as_str(), known.is_open), (expected, true));
        }
    }

    #[test]
    fn posts_that_tableau_did_not_consider_are_not_counted() {
        let (known, _) = new().after(Event::Posted(Posted::Later(Duration::ZERO)));
        assert_eq!(known.posts, 0);
        let ready = Start { ready: Some(at(100)), ..new() };
        let (known, _) = ready.after(Event::Posted(Posted::AlreadyQueued));
        assert_eq!(known.posts, 1);
        assert_eq!(known.after(Event::SearchedOpen(found(Some(1)))).0.posts, 0);
    }

    #[test]
    fn look_at_a_job_ends_the_waiting_only_when_it_says_how_the_job_ended() {
        let told = |finish, ended: Option<i64>| {
            Polled::Told(Job { finish, progress: Some(40), ended_at: ended.map(at), ..job(None, None) })
        };
        let passing = |reason| Polled::Passing { reason, wait: Some(Duration::from_secs(1)) };
        let site = "MySite".parse().expect("a site");
        let signed_out = TableauError::SignInRefused {
            site,
            code: "401001".to_owned(),
            detail: String::new(),
            remedy: String::new(),
        };
        for (polled, expected) in [
            (told(None, None), "Under(40)"),
            (told(Some(Finish::Success), None), "Ended(Succeeded, None)"),
            (told(Some(Finish::Failure), None), "Ended(Failed, None)"),
            (told(Some(Finish::Cancelled), None), "Ended(Cancelled, None)"),
            (told(Some(Finish::Other(9)), None), "Ended(Failed, Some("),
            (told(None, Some(5)), "Ended(Failed, Some("),
            (passing(refusal("503000")), "Nothing("),
            (passing(signed_out), "Fail("),
            (Polled::Forbidden(refusal("403004")), "Watch("),
            (Polled::Unknown(refusal("404018")), "SearchList("),
        ] {
            let seen = format!("{:?}", sight(polled));
            assert!(seen.starts_with(expected), "{seen} is not {expected}");
        }
    }
}
