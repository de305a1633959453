//! Views, and what workbooks and data sources are connected to.

use super::content::{READ, find, owner, project_of};
use super::fields::chosen;
use super::listing::{Field, page, parameter};
use super::{Answer, Call, RestError, Result, authorize};
use crate::answer::Element;
use crate::state::State;
use crate::views::{DASHBOARD, SHEET, ViewKind, below};
use crate::world::{Kind, Resource, Site, User};

/// A view and its workbook.
type View<'a> = (ViewKind, &'a Resource);

fn views_of(workbook: &Resource) -> [View<'_>; 2] {
    [(SHEET, workbook), (DASHBOARD, workbook)]
}

fn content_url((kind, workbook): &View<'_>) -> String {
    format!("{}/sheets/{}", workbook.content_url, kind.in_address)
}

fn luid((kind, workbook): &View<'_>) -> String {
    below(&workbook.luid, kind.tag)
}

/// The view that opens with a workbook.
pub(super) fn default_view(workbook: &Resource) -> String {
    luid(&views_of(workbook)[0])
}

pub(super) fn views(state: &mut State, call: &Call<'_>, site: &str) -> Result {
    let site = authorize(state, call, site, READ)?;
    let fields: [Field<'_, View<'_>>; 9] = [
        ("name", &|(kind, _)| Some(kind.title.to_owned())),
        ("contentUrl", &|view| Some(content_url(view))),
        ("viewUrlName", &|(kind, _)| Some(kind.in_address.to_owned())),
        ("workbookName", &|(_, workbook)| Some(workbook.name.clone())),
        ("projectName", &|(_, workbook)| project_of(site, workbook).map(|project| project.name.clone())),
        ("ownerName", &|_| Some(site.user.name.clone())),
        ("ownerDomain", &|_| Some(User::DOMAIN.to_owned())),
        ("createdAt", &|(_, workbook)| Some(workbook.created_at.clone())),
        ("updatedAt", &|(_, workbook)| Some(workbook.updated_at.clone())),
    ];
    let (pagination, found) = page(call, site.listed(Kind::Workbook).flat_map(views_of).collect(), &fields)?;
    let elements = found.iter().map(|view| whole(call, site, view)).collect();
    let elements = chosen(call, "view", elements);
    Ok(Answer::ok(vec![pagination, Element::new("views").many("view", elements)]))
}

pub(super) fn view(state: &mut State, call: &Call<'_>, site: &str, asked: &str) -> Result {
    let site = authorize(state, call, site, READ)?;
    let found = site.listed(Kind::Workbook).flat_map(views_of).find(|view| luid(view) == asked);
    let found = found.ok_or(RestError::new(404_011))?;
    Ok(Answer::ok(vec![whole(call, site, &found)]))
}

pub(super) fn of_workbook(state: &mut State, call: &Call<'_>, site: &str, workbook: &str) -> Result {
    let site = authorize(state, call, site, READ)?;
    let views = views_of(find(site, Kind::Workbook, workbook)?);
    let elements = views.iter().map(|view| element(call, view).child(Element::new("tags"))).collect();
    Ok(Answer::ok(vec![Element::new("views").many("view", elements)]))
}

/// A view with what is around it.
fn whole(call: &Call<'_>, site: &Site, view: &View<'_>) -> Element {
    let (_, workbook) = view;
    let project = project_of(site, workbook);
    element(call, view)
        .child(Element::new("workbook").with("id", &workbook.luid))
        .child(owner(site, call))
        .child_some(project.map(|project| Element::new("project").with("id", &project.luid)))
        .child(Element::new("tags"))
}

fn element(call: &Call<'_>, view: &View<'_>) -> Element {
    let (kind, workbook) = view;
    let is_counted = parameter(call, "includeUsageStatistics") == Some("true");
    let usage = || Element::new("usage").with("totalViewCount", (workbook.number % 90 + 10).to_string());
    Element::new("view")
        .with("id", luid(view))
        .with("name", kind.title)
        .with("contentUrl", content_url(view))
        .with("createdAt", &workbook.created_at)
        .with("updatedAt", &workbook.updated_at)
        .with("viewUrlName", kind.in_address)
        .child_some(is_counted.then(usage))
}

/// What it reads: a table in a warehouse, and the published data source that a workbook reads besides.
pub(super) fn connections(state: &mut State, call: &Call<'_>, site: &str, kind: Kind, luid: &str) -> Result {
    let site = authorize(state, call, site, READ)?;
    let resource = find(site, kind, luid)?;
    let connection = |tag, kind: &str, address: &str| {
        Element::new("connection")
            .with("id", below(&resource.luid, tag))
            .with("type", kind)
            .with("serverAddress", address)
            .with("serverPort", "443")
            .with("userName", "")
            .with("queryTaggingEnabled", "false")
    };
    let source = |id: String, name: String| Element::new("datasource").with("id", id).with("name", name);
    let own = match kind {
        Kind::Workbook => source(below(&resource.luid, "ed"), format!("{} (data)", resource.name)),
        Kind::Datasource => source(resource.luid.clone(), resource.name.clone()),
    };
    let mut found = vec![connection("c0", "snowflake", "warehouse.example.com").child(own)];
    if let Some(published) = published(site, resource) {
        let source = source(published.luid.clone(), published.name.clone());
        found.push(connection("c1", "sqlproxy", call.base).child(source));
    }
    Ok(Answer::ok(vec![Element::new("connections").many("connection", found)]))
}

/// The published data source that a workbook reads: the first of its project, as the Metadata API has it.
fn published<'a>(site: &'a Site, resource: &Resource) -> Option<&'a Resource> {
    let project = resource.project.as_ref().filter(|_| resource.kind == Kind::Workbook)?;
    site.listed(Kind::Datasource).find(|one| one.project.as_ref() == Some(project))
}
