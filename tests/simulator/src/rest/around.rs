//! What stands around the content: people, schedules and what runs by them. One of each, made up: clients list them, and
//! nothing depends on them.

use super::content::{READ, owner};
use super::fields::chosen;
use super::listing::{Field, page};
use super::{Answer, Call, RestError, Result, auth, authorize};
use crate::answer::Element;
use crate::routes::Around;
use crate::state::State;
use crate::time;
use crate::views::below;
use crate::world::{Kind, Project, Resource, Site, User};

/// The group of all users, which every site has.
const EVERYBODY: &str = "All Users";
const NIGHTLY: &str = "Every night";

pub(super) fn list(state: &mut State, call: &Call<'_>, site: &str, what: Around) -> Result {
    let site = authorize(state, call, site, READ)?;
    match what {
        Around::Users => users(call, site),
        Around::Groups => groups(call, site),
        Around::Flows => flows(call, site),
        Around::Tasks => Ok(tasks(site)),
        Around::Subscriptions => subscriptions(call, site),
        Around::Webhooks => Ok(webhooks(call, site)),
    }
}

fn users(call: &Call<'_>, site: &Site) -> Result {
    let fields: [Field<'_, &User>; 2] =
        [("name", &|user| Some(user.name.clone())), ("siteRole", &|_| Some(auth::role(call).to_owned()))];
    let (pagination, found) = page(call, vec![&site.user], &fields)?;
    let users = found.into_iter().map(|_| auth::user(site, call)).collect();
    let users = chosen(call, "user", users);
    Ok(Answer::ok(vec![pagination, Element::new("users").many("user", users)]))
}

fn groups(call: &Call<'_>, site: &Site) -> Result {
    let fields: [Field<'_, &str>; 2] =
        [("name", &|name| Some((*name).to_owned())), ("domainName", &|_| Some(User::DOMAIN.to_owned()))];
    let (pagination, found) = page(call, vec![EVERYBODY], &fields)?;
    let groups = found.into_iter().map(|name| group(site, name)).collect();
    let groups = chosen(call, "group", groups);
    Ok(Answer::ok(vec![pagination, Element::new("groups").many("group", groups)]))
}

fn group(site: &Site, name: &str) -> Element {
    Element::new("group")
        .with("id", below(&site.luid, "a1"))
        .with("name", name)
        .child(Element::new("domain").with("name", User::DOMAIN))
}

/// Who is in a group.
pub(super) fn users_of(state: &mut State, call: &Call<'_>, site: &str, luid: &str) -> Result {
    let site = authorize(state, call, site, READ)?;
    if luid == below(&site.luid, "a1") { users(call, site) } else { Err(RestError::new(404_012)) }
}

/// The groups that a user is in.
pub(super) fn groups_of(state: &mut State, call: &Call<'_>, site: &str, luid: &str) -> Result {
    let site = authorize(state, call, site, READ)?;
    if luid == site.user.luid { groups(call, site) } else { Err(RestError::new(404_002)) }
}

fn flows(call: &Call<'_>, site: &Site) -> Result {
    let fields: [Field<'_, &Project>; 3] = [
        ("name", &|_| Some("Prepare".to_owned())),
        ("projectName", &|project| Some(project.name.clone())),
        ("ownerName", &|_| Some(site.user.name.clone())),
    ];
    // Every site has a project.
    let (pagination, found) = page(call, site.projects.iter().take(1).collect(), &fields)?;
    let flows = found.into_iter().map(|project| {
        Element::new("flow")
            .with("id", below(&project.luid, "f1"))
            .with("name", "Prepare")
            .with("description", "")
            .with("webpageUrl", format!("{}/#/site/{}/flows/1", call.base, site.content_url))
            .with("fileType", "tfl")
            .with("createdAt", &project.created_at)
            .with("updatedAt", &project.updated_at)
            .child(Element::new("project").with("id", &project.luid).with("name", &project.name))
            .child(owner(site, call))
            .child(Element::new("tags"))
    });
    let flows = flows.collect();
    Ok(Answer::ok(vec![pagination, Element::new("flows").many("flow", flows)]))
}

/// The schedules of the whole server.
pub(super) fn schedules(state: &mut State, call: &Call<'_>) -> Result {
    auth::signed_in(state, call, READ)?;
    if call.options.cloud {
        return Err(RestError::with_detail(403_004, "Server schedules are not available in Tableau Cloud."));
    }
    let site = state.world.sites.first().ok_or(RestError::new(404_000))?;
    let fields: [Field<'_, &Site>; 1] = [("name", &|_| Some(NIGHTLY.to_owned()))];
    let (pagination, found) = page(call, vec![site], &fields)?;
    let schedules = found.into_iter().map(|_| schedule(site)).collect();
    Ok(Answer::ok(vec![pagination, Element::new("schedules").many("schedule", schedules)]))
}

fn schedule(first: &Site) -> Element {
    Element::new("schedule")
        .with("id", below(&first.luid, "5c"))
        .with("name", NIGHTLY)
        .with("state", "Active")
        .with("priority", "50")
        .with("createdAt", time::START)
        .with("updatedAt", time::START)
        .with("type", "Extract")
        .with("frequency", "Daily")
        .with("nextRunAt", time::now())
        .with("executionOrder", "Parallel")
}

/// Every extract is refreshed by a task of its own.
fn tasks(site: &Site) -> Answer {
    let kinds = [Kind::Workbook, Kind::Datasource];
    let extracts = kinds.into_iter().flat_map(|kind| site.listed(kind)).filter(|one| one.has_extract);
    let tasks = extracts.map(|resource| {
        let refresh = Element::new("extractRefresh")
            .with("id", below(&resource.luid, "7e"))
            .with("priority", "50")
            .with("consecutiveFailedCount", "0")
            .with("type", "RefreshExtractTask")
            .child(schedule(site))
            .child(Element::new(resource.kind.word()).with("id", &resource.luid));
        Element::new("task").child(refresh)
    });
    Answer::ok(vec![Element::new("tasks").many("task", tasks.collect())])
}

fn subscriptions(call: &Call<'_>, site: &Site) -> Result {
    let fields: [Field<'_, &Resource>; 1] = [("subject", &|workbook| Some(workbook.name.clone()))];
    let (pagination, found) = page(call, site.listed(Kind::Workbook).take(1).collect(), &fields)?;
    let subscriptions = found.into_iter().map(|workbook| {
        let content = Element::new("content")
            .with("id", &workbook.luid)
            .with("type", "Workbook")
            .with("sendIfViewEmpty", "true");
        Element::new("subscription")
            .with("id", below(&workbook.luid, "5b"))
            .with("subject", &workbook.name)
            .with("attachImage", "true")
            .with("attachPdf", "false")
            .with("suspended", "false")
            .child(content)
            .child(schedule(site))
            .child(Element::new("user").with("id", &site.user.luid).with("name", &site.user.name))
    });
    let subscriptions = subscriptions.collect();
    Ok(Answer::ok(vec![pagination, Element::new("subscriptions").many("subscription", subscriptions)]))
}

fn webhooks(call: &Call<'_>, site: &Site) -> Answer {
    let event = Element::new("webhook-source-event-workbook-refresh-succeeded");
    let target = Element::new("webhook-destination-http")
        .with("method", "POST")
        .with("url", "https://hooks.example.com/");
    let webhook = Element::new("webhook")
        .with("id", below(&site.luid, "3b"))
        .with("name", "Refreshed")
        .with("isEnabled", "true")
        .child(Element::new("webhook-source").child(event))
        .child(Element::new("webhook-destination").child(target))
        .child(owner(site, call));
    Answer::ok(vec![Element::new("webhooks").many("webhook", vec![webhook])])
}
