//! Sites, users, projects, workbooks and data sources.

use super::auth;
use super::fields::chosen;
use super::listing::{Field, page};
use super::{Answer, Call, RestError, Result, authorize};
use crate::answer::Element;
use crate::state::State;
use crate::world::{Kind, Project, Resource, Site, SiteState, User, Visibility};

pub(super) const READ: Option<&str> = Some("tableau:content:read");

/// Of every workbook and data source, in megabytes.
const SIZE: &str = "1";

pub(super) fn sites(state: &mut State, call: &Call<'_>) -> Result {
    if call.options.cloud {
        auth::signed_in(state, call, None)?;
        return Err(RestError::new(403_069));
    }
    auth::signed_in(state, call, Some("tableau:sites:read"))?;
    if !call.options.administrator {
        return Err(RestError::new(403_004));
    }
    let fields: [Field<'_, &Site>; 2] =
        [("name", &|site| Some(site.name.clone())), ("contentUrl", &|site| Some(site.content_url.clone()))];
    let sites = state.world.sites.iter().filter(|site| site.state != SiteState::Deleted);
    let (pagination, sites) = page(call, sites.collect(), &fields)?;
    let sites = sites.into_iter().map(site_element).collect();
    Ok(Answer::ok(vec![pagination, Element::new("sites").many("site", sites)]))
}

pub(super) fn site(state: &mut State, call: &Call<'_>, asked: &str) -> Result {
    // `?key=contentUrl` and `?key=name` say what the path holds.
    let key = call.query.iter().find(|(name, _)| name == "key").map(|(_, key)| key.as_str());
    let found = state.world.sites.iter().find(|site| match key {
        Some("contentUrl") => site.content_url.eq_ignore_ascii_case(asked),
        Some("name") => site.name == asked,
        _ => site.luid == asked,
    });
    let luid = found.map(|site| site.luid.clone()).unwrap_or_default();
    let site = authorize(state, call, &luid, None)?;
    Ok(Answer::ok(vec![site_element(site)]))
}

fn site_element(site: &Site) -> Element {
    Element::new("site")
        .with("id", &site.luid)
        .with("name", &site.name)
        .with("contentUrl", &site.content_url)
        .with("adminMode", "ContentAndUsers")
        .with("state", site.state.word())
}

pub(super) fn user(state: &mut State, call: &Call<'_>, site: &str, luid: &str) -> Result {
    let site = authorize(state, call, site, None)?;
    if site.user.luid == luid {
        Ok(Answer::ok(vec![auth::user(site, call)]))
    } else {
        Err(RestError::new(404_002))
    }
}

pub(super) fn projects(state: &mut State, call: &Call<'_>, site: &str) -> Result {
    let site = authorize(state, call, site, READ)?;
    let fields: [Field<'_, &Project>; 8] = [
        ("name", &|project| Some(project.name.clone())),
        ("parentProjectId", &|project| project.parent.clone()),
        ("topLevelProject", &|project| Some(project.parent.is_none().to_string())),
        ("ownerName", &|_| Some(site.user.name.clone())),
        ("ownerEmail", &|_| None),
        ("ownerDomain", &|_| Some(User::DOMAIN.to_owned())),
        ("createdAt", &|project| Some(project.created_at.clone())),
        ("updatedAt", &|project| Some(project.updated_at.clone())),
    ];
    let (pagination, projects) = page(call, site.projects.iter().collect(), &fields)?;
    let projects = projects.into_iter().map(|project| project_element(site, project, call)).collect();
    let projects = chosen(call, "project", projects);
    Ok(Answer::ok(vec![pagination, Element::new("projects").many("project", projects)]))
}

fn project_element(site: &Site, project: &Project, call: &Call<'_>) -> Element {
    Element::new("project")
        .with("id", &project.luid)
        .with("name", &project.name)
        .with("description", "")
        .with("createdAt", &project.created_at)
        .with("updatedAt", &project.updated_at)
        .with("contentPermissions", "ManagedByOwner")
        .with_some("parentProjectId", project.parent.as_ref())
        .child(owner(site, call))
}

pub(super) fn resources(state: &mut State, call: &Call<'_>, site: &str, kind: Kind) -> Result {
    let site = authorize(state, call, site, READ)?;
    let common: [Field<'_, &Resource>; 12] = [
        ("name", &|it| Some(it.name.clone())),
        ("contentUrl", &|it| Some(it.content_url.clone())),
        ("projectName", &|it| project_of(site, it).map(|project| project.name.clone())),
        ("ownerName", &|_| Some(site.user.name.clone())),
        ("ownerEmail", &|_| None),
        ("ownerDomain", &|_| Some(User::DOMAIN.to_owned())),
        ("createdAt", &|it| Some(it.created_at.clone())),
        ("updatedAt", &|it| Some(it.updated_at.clone())),
        ("size", &|_| Some(SIZE.to_owned())),
        ("hasExtracts", &|it| Some(it.has_extract.to_string())),
        ("hasAlerts", &|_| Some("false".to_owned())),
        ("tags", &|_| None),
    ];
    let own: &[Field<'_, &Resource>] = match kind {
        Kind::Workbook => &[("sheetCount", &|_| Some("1".to_owned()))],
        Kind::Datasource => {
            &[("type", &|_| Some("hyper".to_owned())), ("isCertified", &|_| Some("false".to_owned()))]
        }
    };
    let (pagination, found) = page(call, site.listed(kind).collect(), &[&common, own].concat())?;
    let elements = found.into_iter().map(|resource| resource_element(site, resource, call)).collect();
    let elements = chosen(call, kind.word(), elements);
    Ok(Answer::ok(vec![pagination, Element::new(kind.plural()).many(kind.word(), elements)]))
}

pub(super) fn resource(state: &mut State, call: &Call<'_>, site: &str, kind: Kind, luid: &str) -> Result {
    let site = authorize(state, call, site, READ)?;
    let resource = find(site, kind, luid)?;
    Ok(Answer::ok(vec![resource_element(site, resource, call)]))
}

/// The resource, when it is there and the user may see it.
pub(super) fn find<'a>(
    site: &'a Site,
    kind: Kind,
    luid: &str,
) -> std::result::Result<&'a Resource, RestError> {
    let missing = match kind {
        Kind::Workbook => RestError::with_detail(404_006, format!("Workbook '{luid}' could not be found.")),
        Kind::Datasource => {
            RestError::with_detail(404_004, format!("Datasource '{luid}' could not be found."))
        }
    };
    let resource = site.resource(kind, luid).ok_or(missing)?;
    if resource.visibility == Visibility::Hidden { Err(RestError::new(403_004)) } else { Ok(resource) }
}

fn resource_element(site: &Site, resource: &Resource, call: &Call<'_>) -> Element {
    let element = Element::new(resource.kind.word())
        .with("id", &resource.luid)
        .with("name", &resource.name)
        .with("description", "")
        .with("contentUrl", &resource.content_url)
        .with("webpageUrl", site.webpage_url(call.base, resource.kind, resource.number))
        .with("size", SIZE)
        .with("createdAt", &resource.created_at)
        .with("updatedAt", &resource.updated_at)
        .with("encryptExtracts", "false");
    let element = match resource.kind {
        Kind::Workbook => {
            element.with("showTabs", "true").with("defaultViewId", super::views::default_view(resource))
        }
        Kind::Datasource => element
            .with("type", "hyper")
            .with("hasExtracts", resource.has_extract.to_string())
            .with("isCertified", "false")
            .with("useRemoteQueryAgent", "false"),
    };
    let project = project_of(site, resource);
    let location = match project {
        Some(project) => Element::new("location")
            .with("id", &project.luid)
            .with("type", "Project")
            .with("name", &project.name),
        None => Element::new("location")
            .with("id", &site.user.luid)
            .with("type", "PersonalSpace")
            .with("name", "Personal Space"),
    };
    element
        .child_some(
            project
                .map(|project| Element::new("project").with("id", &project.luid).with("name", &project.name)),
        )
        .child_some((resource.kind == Kind::Workbook).then_some(location))
        .child(owner(site, call))
        .child(Element::new("tags"))
}

pub(super) fn project_of<'a>(site: &'a Site, resource: &Resource) -> Option<&'a Project> {
    resource.project.as_deref().and_then(|luid| site.project(luid))
}

pub(super) fn owner(site: &Site, call: &Call<'_>) -> Element {
    Element::new("owner").with("id", call.options.owner.as_ref().unwrap_or(&site.user.luid))
}
