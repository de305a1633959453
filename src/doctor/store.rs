//! The store, and what it holds.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::clock::of_clock;
use super::exam::Exam;
use super::outcome::{CheckOutcome, Status};
use crate::diff::ambiguities;
use crate::resource::SiteName;
use crate::store::inspect::{Clock, Compute, RunGroup, TokenPolicy, Warehouse};
use crate::store::{StoreError, how_to_create};
use crate::text::{plural, rounded};

/// What helps where an error of the store has no remedy of its own.
const LOOK: &str = "look at the store with its own tools, and run `tabmap doctor` again";

/// A run that takes longer than this has died.
const LONG: SignedDuration = SignedDuration::from_mins(30);

/// Each start of a warehouse costs a minute: longer idleness than this costs more than it saves.
const LONG_IDLE: u64 = 600;

/// The most keys that are shown of many.
const SHOWN: usize = 5;

pub(super) async fn reach(exam: &mut Exam) -> CheckOutcome {
    let store = match &exam.given.store {
        Ok(store) => Arc::clone(store),
        Err(trouble) => return CheckOutcome::failed(&**trouble, "correct the setting `store`"),
    };
    match store.reach().await {
        Ok(reached) => {
            exam.clock = Some(reached.clock);
            let evidence = std::iter::once(store.name()).chain(reached.said).collect();
            CheckOutcome { status: Status::Ok, evidence, remedy: None }
        }
        Err(error) => CheckOutcome::failed(&error, LOOK),
    }
}

pub(super) fn clock(exam: &Exam) -> CheckOutcome {
    match exam.clock {
        Some(Clock::Its(ahead)) => of_clock("Snowflake", ahead),
        Some(Clock::Ours) => CheckOutcome::skipped("the store is a file, and has no clock"),
        None => CheckOutcome::skipped("the store was not reached"),
    }
}

pub(super) async fn tables(exam: &mut Exam) -> CheckOutcome {
    let store = match exam.store() {
        Ok(store) => store,
        Err(outcome) => return outcome,
    };
    let seen = match store.tables_seen().await {
        Ok(seen) => seen,
        Err(error) => return CheckOutcome::failed(&error, &how_to_create("")),
    };
    let tables =
        seen.tables.iter().map(|(table, columns)| format!("{table}: {}", plural(*columns as u64, "column")));
    let mut outcome = CheckOutcome { status: Status::Ok, evidence: tables.collect(), remedy: None };
    if let Some([found, known]) = seen.version {
        outcome = outcome.and(format!("schema version {found}"));
        if found < known {
            exam.has_old_tables = true;
            let remedy = format!(
                "the next command that reads the map brings it to version {known}: `tabmap sync`, or `tabmap init`"
            );
            return CheckOutcome { status: Status::Warning, ..outcome }.remedied(remedy);
        }
    }
    outcome
}

pub(super) async fn privileges(exam: &mut Exam) -> CheckOutcome {
    let store = match exam.store() {
        Ok(store) => store,
        Err(outcome) => return outcome,
    };
    match store.access().await {
        Ok(access) if access.missing.is_empty() => {
            CheckOutcome { status: Status::Ok, evidence: access.held, remedy: None }
        }
        Ok(access) => {
            let evidence = access.held.into_iter().chain(access.missing).collect();
            let remedy = access.remedy.join("\n");
            CheckOutcome { status: Status::Problem, evidence, remedy: Some(remedy) }
        }
        Err(error) => CheckOutcome::failed(&error, LOOK).with_status(Status::Unknown),
    }
}

pub(super) async fn warehouse(exam: &mut Exam) -> CheckOutcome {
    let store = match exam.store() {
        Ok(store) => store,
        Err(outcome) => return outcome,
    };
    let warehouse = match store.compute().await {
        Ok(Compute::Own) => return CheckOutcome::skipped("the store needs no warehouse"),
        Ok(Compute::Missing) => {
            return CheckOutcome::problem(
                "the session has no warehouse, and nothing can be read or written without one",
                "name a `warehouse` in the connection, or give the user a default one (ALTER USER … SET DEFAULT_WAREHOUSE)",
            );
        }
        Ok(Compute::Hidden(name)) => {
            return CheckOutcome::problem(
                format!("the role may not use the warehouse {name}, or there is none of this name"),
                "grant USAGE on the warehouse to the role of the connection, or name another `warehouse` there",
            );
        }
        Ok(Compute::Warehouse(warehouse)) => warehouse,
        Err(error) => return CheckOutcome::failed(&error, LOOK).with_status(Status::Unknown),
    };
    let Warehouse { name, state, size, auto_suspend, auto_resume } = warehouse;
    let suspend = auto_suspend.map_or_else(
        || "never suspended by itself".to_owned(),
        |seconds| format!("suspended after {}", plural(seconds, "idle second")),
    );
    let resume = if auto_resume { "started by a statement" } else { "not started by a statement" };
    let said = format!("{name}, {size}, {state}; {suspend}, {resume}");
    if !auto_resume {
        let remedy =
            format!("a statement fails while it is suspended: ALTER WAREHOUSE {name} SET AUTO_RESUME = TRUE");
        return match state.as_str() {
            "SUSPENDED" => CheckOutcome::problem(said, remedy),
            _ => CheckOutcome::warning(said, remedy),
        };
    }
    if auto_suspend.is_none_or(|seconds| seconds > LONG_IDLE) {
        let remedy = format!(
            "a sync needs it for some seconds, and the idle time behind it is paid for: ALTER WAREHOUSE {name} SET \
             AUTO_SUSPEND = 60, or give tabmap a warehouse of its own"
        );
        return CheckOutcome::warning(said, remedy);
    }
    CheckOutcome::ok(said)
}

pub(super) async fn token_policy(exam: &mut Exam) -> CheckOutcome {
    let store = match exam.store() {
        Ok(store) => store,
        Err(outcome) => return outcome,
    };
    match store.token_policy().await {
        Ok(TokenPolicy::NoToken(way)) => {
            CheckOutcome::skipped(format!("no programmatic access token is used here, but {way}"))
        }
        Ok(TokenPolicy::Policy(policy)) => {
            CheckOutcome::ok(format!("the user is under the network policy {policy}"))
        }
        Ok(TokenPolicy::Missing { user }) => CheckOutcome::warning(
            format!(
                "the user {user} is under no network policy, and signs in with a programmatic access token"
            ),
            format!(
                "Snowflake takes such tokens of service users, and in time of others, only under a network policy: ALTER USER \
                 {user} SET NETWORK_POLICY = … with one that lets this machine's address in"
            ),
        ),
        Err(error) => CheckOutcome::failed(&error, LOOK).with_status(Status::Unknown),
    }
}

pub(super) async fn map_server(exam: &mut Exam) -> CheckOutcome {
    let ours = exam.given.tableau.as_ref().ok().map(|tableau| tableau.server().identity());
    let groups = match groups(exam).await {
        Ok(groups) => groups,
        Err(outcome) => return outcome,
    };
    let counting = groups.iter().filter(|group| group.status != "abandoned");
    let servers: BTreeSet<_> = counting.map(|group| group.server.as_str()).collect();
    let Some(first) = servers.first() else {
        return CheckOutcome::ok("the map belongs to no server yet: it was never synced");
    };
    let Some(ours) = ours else {
        return CheckOutcome::note(format!(
            "the map belongs to {first}; no server is set to compare it with"
        ));
    };
    match servers.iter().find(|server| **server != ours) {
        Some(other) => {
            let error = StoreError::OtherServer { map: (*other).to_owned(), run: ours };
            CheckOutcome::failed(&error, LOOK)
        }
        None => CheckOutcome::ok(format!("the map belongs to {ours}")),
    }
}

pub(super) async fn unfinished_runs(exam: &mut Exam) -> CheckOutcome {
    let groups = match groups(exam).await {
        Ok(groups) => groups,
        Err(outcome) => return outcome,
    };
    let applying: Vec<_> = groups.iter().filter(|group| group.status == "applying").collect();
    if applying.is_empty() {
        return CheckOutcome::ok("none");
    }
    let now = Timestamp::now();
    let age = |group: &RunGroup| group.started_at.map(|started| now.duration_since(started));
    let say = |group: &&RunGroup| {
        let since =
            age(group).map(|age| format!(", the last begun {} ago", rounded(age))).unwrap_or_default();
        format!("site `{}`: {} `applying`{since}", group.site, plural(group.count, "run"))
    };
    let evidence = applying.iter().map(say).collect();
    if applying.iter().all(|group| group.count == 1 && age(group).is_some_and(|age| age < LONG)) {
        return CheckOutcome { status: Status::Note, evidence, remedy: None }.and("a sync is running");
    }
    let remedy = "the process of such a run died. The map shows all of its changes or none: run `tabmap sync`, which finds out \
                  which and settles it, and see why the process ended";
    CheckOutcome { status: Status::Warning, evidence, remedy: Some(remedy.to_owned()) }
}

pub(super) async fn last_sync(exam: &mut Exam, site: &SiteName) -> CheckOutcome {
    let max_age = exam.given.max_age;
    let groups = match groups(exam).await {
        Ok(groups) => groups,
        Err(outcome) => return outcome,
    };
    let newest = |status: &str| {
        let of_site = groups.iter().filter(|group| group.site.is_same_site(site) && group.status == status);
        of_site.filter_map(|group| group.snapshot_at).max()
    };
    let (complete, incomplete) = (newest("complete"), newest("incomplete"));
    let Some(at) = complete else {
        let said = incomplete.map_or_else(
            || "the site was never synced".to_owned(),
            |at| format!("the site was never synced completely, and incompletely at {at}"),
        );
        return CheckOutcome::warning(said, "run `tabmap sync`, and let a scheduler run it every night");
    };
    let age = Timestamp::now().duration_since(at);
    let mut outcome = CheckOutcome::ok(format!("the last complete sync was {} ago, at {at}", rounded(age)));
    if let Some(since) = incomplete.filter(|since| *since > at) {
        outcome = outcome.and(format!("an incomplete one was at {since}"));
    }
    if age > max_age {
        let remedy = format!(
            "allowed are {} (`max_age` under `[check]`): run `tabmap sync`, and check why its schedule did not run it",
            rounded(max_age)
        );
        return outcome.with_status(Status::Problem).remedied(remedy);
    }
    outcome
}

pub(super) async fn ambiguous_keys(exam: &mut Exam, site: &SiteName) -> CheckOutcome {
    let store = match exam.store_with_tables() {
        Ok(store) => store,
        Err(outcome) => return outcome,
    };
    let mapping = match store.load(site).await {
        Ok(mapping) => mapping,
        Err(error) => return CheckOutcome::failed(&error, LOOK),
    };
    let rows = mapping.rows.len() as u64;
    let resources: Vec<_> = mapping.rows.into_iter().map(|row| Arc::new(row.resource)).collect();
    let ambiguous = ambiguities(&resources);
    let mut outcome = CheckOutcome::ok(format!("{} of the site", plural(rows, "row")));
    if mapping.misspelt_rows > 0 {
        let word = plural(mapping.misspelt_rows, "row");
        outcome = outcome.and(format!("{word} with a RESOURCE_TYPE in other letters, which nothing finds"));
    }
    if ambiguous.is_empty() {
        return outcome;
    }
    for one in ambiguous.iter().take(SHOWN) {
        let places: Vec<_> =
            one.candidates.iter().map(|resource| format!("`{}`", resource.place())).collect();
        let kind = one.candidates.first().map_or("resource", |resource| resource.key.kind.facts().noun);
        outcome = outcome.and(format!("one key, several {kind}s: {}", places.join(", ")));
    }
    if ambiguous.len() > SHOWN {
        outcome = outcome.and(format!("and {} more", ambiguous.len() - SHOWN));
    }
    outcome.with_status(Status::Warning).remedied(
        "project and name do not tell these apart: callers add the path (PROJECT_PATH, `--project A/B`), or one of them gets \
         another name",
    )
}

/// The runs, read once.
async fn groups(exam: &mut Exam) -> Result<&[RunGroup], CheckOutcome> {
    if exam.groups.is_none() {
        let found = exam.store_with_tables()?.run_groups().await;
        exam.groups = Some(found.map_err(|error| CheckOutcome::failed(&error, LOOK))?);
    }
    Ok(exam.groups.as_deref().unwrap_or_default())
}
