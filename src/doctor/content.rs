//! One site: what the user can see there, by both APIs, and may do with it.

use std::collections::BTreeSet;

use super::exam::Exam;
use super::outcome::{CheckOutcome, Status};
use crate::resource::{Luid, ResourceKind};
use crate::source::SourceName;
use crate::source::metadata::{Survey, survey};
use crate::source::witness::{Witness, witness};
use crate::tableau::content::RestResource;
use crate::tableau::jobs::{Polled, Question};
use crate::tableau::permissions::{Rule, Rules};
use crate::tableau::{TableauError, Who};
use crate::text::plural;

/// The most names that are shown of many.
const SHOWN: usize = 5;

/// What all of these want.
const ADMINISTRATOR: &str = "let an administrator give the user the site role Site Administrator Explorer";

/// Tableau 2025.1 and later let others than owners refresh by this capability (tableau/server-client-python#1616).
const REFRESH: &str = "ExtractRefresh";

pub(super) async fn metadata_api(exam: &mut Exam) -> CheckOutcome {
    exam.surveys.clear();
    let session = match exam.session() {
        Ok(session) => session,
        Err(outcome) => return outcome,
    };
    let mut surveys = Vec::new();
    for kind in ResourceKind::ALL {
        match survey(session, kind).await {
            Ok(survey) => surveys.push((kind, survey)),
            Err(error) => return without_metadata(&error, exam.given.source),
        }
    }
    let doubts: BTreeSet<_> = surveys.iter().flat_map(|(_, survey)| survey.doubts.iter().cloned()).collect();
    exam.surveys = surveys.into_iter().collect();
    if doubts.is_empty() {
        return CheckOutcome::ok("it is on, and answers this user");
    }
    let doubts: Vec<_> = doubts.into_iter().collect();
    CheckOutcome::warning(
        format!("it answers, and says that something may be missing: {}", doubts.join(", ")),
        "while it says so, REST decides what exists, as far as REST can list it. BACKFILL_RUNNING ends by itself; \
         PERMISSIONS_MODE_SWITCHED and withheld content end with an administrator's role; `--source rest` does without the \
         Metadata API",
    )
}

fn without_metadata(error: &TableauError, source: SourceName) -> CheckOutcome {
    const REMEDY: &str = "on Tableau Server an administrator turns the Metadata API on with `tsm maintenance metadata-services \
                          enable`, and a gateway must let the path /api/metadata/ pass; `--source rest` (or `source = \"rest\"` \
                          under `[tableau]`) does without it";
    let outcome = CheckOutcome::failed(error, REMEDY);
    match error {
        _ if source != SourceName::Metadata => {
            outcome.with_status(Status::Note).and(format!("nothing needs it: the source is `{source}`"))
        }
        TableauError::Metadata { .. } => outcome,
        // What such an error says of itself is for servers that are none of Tableau's.
        _ if !error.concerns_the_run() => CheckOutcome { remedy: Some(REMEDY.to_owned()), ..outcome },
        _ => outcome,
    }
}

pub(super) async fn visible_content(exam: &mut Exam) -> CheckOutcome {
    exam.witness = None;
    let seen = match exam.session() {
        Ok(session) => witness(session).await,
        Err(outcome) => return outcome,
    };
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => return CheckOutcome::failed(&error, "run `tabmap doctor` again"),
    };
    let outcome = of_witness(&seen, exam);
    exam.witness = Some(seen);
    outcome
}

fn of_witness(seen: &Witness, exam: &Exam) -> CheckOutcome {
    let (mut evidence, mut wrong) = (Vec::new(), Vec::new());
    let (mut all, mut withheld) = (0, 0);
    for kind in ResourceKind::ALL {
        let by_rest = seen.listings.get(&kind).map(|listing| listing.entries.len());
        let survey = exam.surveys.get(&kind);
        let count =
            |count: Option<usize>| count.map_or_else(|| "not listed".to_owned(), |count| count.to_string());
        let by_metadata = count(survey.map(|survey| survey.luids.len()));
        evidence.push(format!(
            "{}s: {} by REST, {by_metadata} by the Metadata API",
            kind.facts().noun,
            count(by_rest)
        ));
        all += by_rest.unwrap_or_default();
        withheld += survey.map_or(0, |survey| survey.withheld);
        if let Some(listing) = seen.listings.get(&kind).filter(|listing| !listing.is_complete) {
            let announced = count(listing.announced);
            evidence.push(format!("REST announces {announced} {}s, and lists others", kind.facts().noun));
            wrong.push(
                "run again when nobody publishes; where REST always announces more than it lists, set \
                 `counts_may_differ = true` under `[tableau]`",
            );
        }
    }
    evidence.push(format!("projects: {}", seen.projects.count()));
    let orphans: BTreeSet<_> = seen.projects.without_their_parents().collect();
    if !orphans.is_empty() {
        let names: Vec<_> = orphans.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let more = if orphans.len() > SHOWN { ", and more" } else { "" };
        evidence
            .push(format!("projects whose parents are hidden from this user: {}{more}", names.join(", ")));
        wrong.push(
            "without the parents of a project its path is not known: give the user the capability View on these parent \
             projects",
        );
    }
    if withheld > 0 {
        evidence.push(format!("{} withheld by the Metadata API", plural(withheld, "name")));
        wrong.push("names are withheld from users who may not see the content");
    }
    if all == 0 && seen.failures.is_empty() {
        wrong.push("this user sees nothing on the site: share the projects with it");
    }
    let remedy = || format!("{}; or {ADMINISTRATOR}, who sees everything", wrong.join("; "));
    if let Some(failure) = seen.failures.first() {
        evidence.extend(seen.failures.iter().map(ToString::to_string));
        let remedy = CheckOutcome::failed(failure, ADMINISTRATOR).remedy;
        return CheckOutcome { status: Status::Problem, evidence, remedy };
    }
    match wrong.as_slice() {
        [] => CheckOutcome { status: Status::Ok, evidence, remedy: None },
        _ => CheckOutcome { status: Status::Warning, evidence, remedy: Some(remedy()) },
    }
}

pub(super) async fn metadata_lag(exam: &mut Exam) -> CheckOutcome {
    let (Some(seen), Ok(session)) = (&exam.witness, exam.session()) else {
        return CheckOutcome::skipped("nothing was listed");
    };
    let mut evidence = Vec::new();
    let mut is_behind = false;
    if exam.surveys.is_empty() {
        return CheckOutcome::skipped("the Metadata API lists nothing for this user");
    }
    for (kind, Survey { luids, .. }) in &exam.surveys {
        let Some(listing) = seen.listings.get(kind) else { continue };
        let by_rest: BTreeSet<&Luid> = listing.entries.iter().map(|entry| &entry.id).collect();
        let missing = by_rest.iter().filter(|luid| !luids.contains(**luid)).count() as u64;
        let surplus = luids.iter().filter(|luid| !by_rest.contains(luid)).count() as u64;
        let noun = kind.facts().noun;
        if missing + surplus == 0 {
            evidence.push(format!("it lists each {noun} that REST lists, and no other"));
            continue;
        }
        is_behind = true;
        evidence.push(format!(
            "{} that REST lists and the Metadata API does not, {} the other way round",
            plural(missing, noun),
            plural(surplus, noun)
        ));
    }
    match session.backlog().await {
        Ok(backlogs) => evidence.extend(backlogs.iter().map(|one| {
            let since =
                one.checkpoint_created_time.map(|time| format!(", read up to {time}")).unwrap_or_default();
            format!(
                "its index has {} waiting for {}{since}",
                plural(one.queue_size, "change"),
                one.content_type
            )
        })),
        Err(error) => {
            evidence.push(format!("only server administrators see how many changes wait ({error})"));
        }
    }
    if !is_behind {
        return CheckOutcome { status: Status::Ok, evidence, remedy: None };
    }
    let remedy = "nothing to do for the map: a sync takes from REST what the index lacks, and asks REST before it believes what \
                  only the index has. Where the lag does not go away, an administrator of Tableau Server looks after the \
                  metadata services (`tsm status -v`)";
    CheckOutcome { status: Status::Note, evidence, remedy: Some(remedy.to_owned()) }
}

pub(super) async fn jobs(exam: &mut Exam) -> CheckOutcome {
    let session = match exam.session() {
        Ok(session) => session,
        Err(outcome) => return outcome,
    };
    match session.ask(&Question::jobs("status:eq:Pending", 1)).await {
        Polled::Told(page) => {
            let waiting = page.total.unwrap_or(page.jobs.len());
            CheckOutcome::ok(format!("jobs can be read; extract refreshes that wait now: {waiting}"))
        }
        Polled::Forbidden(error) | Polled::Unknown(error) => CheckOutcome::failed(&error, "").with_status(Status::Warning).remedied(
            format!(
                "Tableau shows jobs to administrators alone: `refresh` and `serve` then go by the time of the extract in the \
                 Metadata API, and cannot see that a job failed. {ADMINISTRATOR}; with a connected app, its scope must be \
                 `tableau:jobs:read`"
            ),
        ),
        Polled::Passing { reason, .. } => {
            CheckOutcome::failed(&reason, "run `tabmap doctor` again").with_status(Status::Unknown)
        }
    }
}

pub(super) async fn refresh_permission(exam: &mut Exam) -> CheckOutcome {
    let (Some(seen), Ok(session)) = (&exam.witness, exam.session()) else {
        return CheckOutcome::skipped("nothing was listed");
    };
    let me = exam.who.as_ref();
    let sample = ResourceKind::ALL.into_iter().find_map(|kind| {
        let entries = &seen.listings.get(&kind)?.entries;
        let mine = |entry: &&RestResource| entry.project.is_some() && entry.owner() != me.map(|me| &me.id);
        // One that somebody else owns says more.
        Some((kind, entries.iter().find(mine).or(entries.first())?))
    });
    let Some((kind, sample)) = sample else {
        return CheckOutcome::skipped("there is no workbook and no data source to check");
    };
    let what = format!("{} `{}`", kind.facts().noun, sample.name);
    match me.and_then(Who::is_administrator) {
        Some(true) => {
            return CheckOutcome::ok(format!(
                "as an administrator, this user may refresh the {what}, and all others"
            ));
        }
        _ if me.is_some_and(|me| sample.owner() == Some(&me.id)) => {
            return CheckOutcome::ok(format!(
                "as its owner, this user may refresh the {what}; others were not found"
            ));
        }
        _ => {}
    }
    let remedy = format!(
        "owners, project leaders and administrators may refresh, and since 2025.1 whoever has the capability to refresh extracts: \
         make the user one of these for what it shall refresh, or {ADMINISTRATOR}"
    );
    let rules = match session.rules(kind, &sample.id).await {
        Ok(Rules::Told(rules)) => rules,
        Ok(Rules::Closed(error)) | Err(error) => {
            return CheckOutcome::unknown(
                format!("it is not known whether this user may refresh the {what}: {error}"),
                remedy,
            );
        }
    };
    match verdict(&rules, me.map(|me| &me.id)) {
        Some(true) => CheckOutcome::ok(format!("a rule allows this user to refresh the {what}")),
        Some(false) => {
            CheckOutcome::problem(format!("a rule forbids this user to refresh the {what}"), remedy)
        }
        None => CheckOutcome::unknown(
            format!(
                "no rule of its own allows this user to refresh the {what}; a group's may, or the role of a project leader"
            ),
            remedy,
        ),
    }
}

/// What the rules for this very user say of refreshing. What groups may do, nobody can tell without their members.
fn verdict(rules: &[Rule], me: Option<&Luid>) -> Option<bool> {
    let mine = rules
        .iter()
        .filter(|rule| rule.capability == REFRESH && rule.user.is_some() && rule.user.as_ref() == me);
    let mine: Vec<_> = mine.collect();
    (!mine.is_empty()).then(|| mine.iter().all(|rule| rule.is_allowed))
}
