//! Extract refreshes and the jobs that they become.

use super::content::find;
use super::listing::{Field, page};
use super::{Answer, Call, RestError, Result, authorize};
use crate::answer::Element;
use crate::body;
use crate::jobs::Job;
use crate::state::State;
use crate::world::Kind;

pub(super) fn start(state: &mut State, call: &Call<'_>, site: &str, kind: Kind, luid: &str) -> Result {
    let content = authorize(state, call, site, Some("tableau:tasks:run"))?;
    // Older clients send no body at all.
    if !call.body.trim().is_empty() && !body::parse(call.body).is_some_and(|body| body.is_object()) {
        return Err(RestError::new(400_000));
    }
    let resource = find(content, kind, luid)?.clone();
    if !resource.has_extract {
        let (word, name) = (kind.word(), &resource.name);
        return Err(RestError::with_detail(
            409_090,
            format!(
                "Extract operation for the {word} '{name}' is not allowed.. (Extract operation for the {word} is not \
                 allowed.)"
            ),
        ));
    }
    if state.jobs.is_open(site, kind, luid) {
        return Err(RestError::with_detail(
            409_093,
            format!("Job for '{}' is already queued. Not queuing a duplicate.", resource.name),
        ));
    }
    if let Some((limit, period)) = call.options.refresh_limit
        && state.jobs.started_within(site, period) >= limit
    {
        let minutes = period.as_secs().div_ceil(60);
        let detail = format!(
            "Too many requests for 'api.rest.refresh_extracts'. Please retry after {minutes} minutes."
        );
        return Err(RestError::with_detail(429_000, detail));
    }
    let job = state.jobs.start(state.random.uuid(), site, kind, luid, &resource.name);
    let element = Element::new("job")
        .with("id", &job.luid)
        .with("mode", "Asynchronous")
        .with("type", "RefreshExtract")
        .with("createdAt", job.created_at())
        .child(Element::new("extractRefreshJob").child(target(job)));
    Ok(Answer::Elements(202, vec![element]))
}

/// Tableau shows jobs to administrators alone.
fn authorize_jobs(
    state: &mut State,
    call: &Call<'_>,
    site: &str,
    scope: &str,
) -> std::result::Result<(), RestError> {
    authorize(state, call, site, Some(scope))?;
    if call.options.administrator { Ok(()) } else { Err(RestError::new(403_004)) }
}

pub(super) fn job(state: &mut State, call: &Call<'_>, site: &str, luid: &str) -> Result {
    authorize_jobs(state, call, site, "tableau:jobs:read")?;
    let job = state.jobs.find(site, luid).ok_or(RestError::new(404_018))?;
    Ok(Answer::ok(vec![job_element(job)]))
}

pub(super) fn cancel(state: &mut State, call: &Call<'_>, site: &str, luid: &str) -> Result {
    authorize_jobs(state, call, site, "tableau:jobs:update")?;
    let job = state.jobs.find(site, luid).ok_or(RestError::new(404_018))?;
    job.cancel();
    Ok(Answer::ok(vec![job_element(job)]))
}

fn job_element(job: &Job) -> Element {
    let mut refresh = Element::new("extractRefreshJob");
    if let Some(note) = job.note() {
        refresh = refresh.child(Element::new("notes").text(note));
    }
    let element = Element::new("job")
        .with("id", &job.luid)
        .with("mode", "Asynchronous")
        .with("type", "RefreshExtract")
        .with("progress", job.progress().to_string())
        .with("createdAt", job.created_at())
        .with_some("startedAt", job.started_at())
        .with("updatedAt", job.ended_at().or_else(|| job.started_at()).unwrap_or_else(|| job.created_at()))
        .with_some("completedAt", job.ended_at())
        .with_some("finishCode", job.finish_code())
        .child(refresh.child(target(job)));
    match job.note() {
        Some(note) => {
            let note = Element::new("statusNote")
                .with("type", "ExtractRefresh")
                .with("value", note)
                .with("text", note);
            element.child(Element::new("statusNotes").many("statusNote", vec![note]))
        }
        None => element,
    }
}

fn target(job: &Job) -> Element {
    Element::new(job.kind.word()).with("id", &job.resource).with("name", &job.name)
}

pub(super) fn jobs(state: &mut State, call: &Call<'_>, site: &str) -> Result {
    authorize_jobs(state, call, site, "tableau:jobs:read")?;
    let fields: [Field<'_, &Job>; 11] = [
        ("status", &|job| Some(job.status().word().to_owned())),
        ("jobType", &|_| Some("refresh_extracts".to_owned())),
        ("priority", &|_| Some("50".to_owned())),
        ("progress", &|job| Some(job.progress().to_string())),
        ("createdAt", &|job| Some(job.created_at())),
        ("startedAt", &|job| job.started_at()),
        ("completedAt", &|job| job.ended_at()),
        ("title", &|job| Some(job.name.clone())),
        ("subtitle", &|job| Some(subtitle(job).to_owned())),
        ("notes", &|job| job.note().map(ToOwned::to_owned)),
        ("args", &|_| None),
    ];
    let (pagination, jobs) = page(call, state.jobs.on(site).collect(), &fields)?;
    let elements = jobs.into_iter().map(background_job).collect();
    Ok(Answer::ok(vec![pagination, Element::new("backgroundJobs").many("backgroundJob", elements)]))
}

fn background_job(job: &Job) -> Element {
    Element::new("backgroundJob")
        .with("id", &job.luid)
        .with("status", job.status().word())
        .with("createdAt", job.created_at())
        .with_some("startedAt", job.started_at())
        .with_some("endedAt", job.ended_at())
        .with("priority", "50")
        .with("jobType", "refresh_extracts")
        .with("title", &job.name)
        .with("subtitle", subtitle(job))
}

fn subtitle(job: &Job) -> &'static str {
    match job.kind {
        Kind::Workbook => "Workbook",
        Kind::Datasource => "Datasource",
    }
}
