//! Content as REST shows it: listings of resources and projects, and one resource by its LUID.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use reqwest::StatusCode;
use serde::{Deserialize, Deserializer};

pub use super::listing::{Listing, Unreadable};
use super::listing::{What, list};
use super::page::Listed;
use super::reply::RetryRules;
use super::{Session, TableauError};
use crate::browser_url::BrowserUrl;
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};

/// Nesting deeper than this is a circle of parents.
const MAX_DEPTH: usize = 100;

/// A workbook or data source as REST lists it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestResource {
    /// The LUID.
    pub id: Luid,
    /// The name; never withheld: REST lists only what the user may see.
    pub name: String,
    /// The number in the address of its page in the web client, which the Metadata API calls `vizportalUrlId`.
    #[serde(default, rename = "webpageUrl", deserialize_with = "number_of_page")]
    vizportal_url_id: Option<String>,
    /// The name in addresses of views.
    content_url: Option<String>,
    /// Absent for content in a Personal Space.
    pub project: Option<RestProjectReference>,
    owner: Option<RestOwner>,
}

#[derive(Debug, Clone, Deserialize)]
struct RestOwner {
    id: Option<Luid>,
}

impl RestResource {
    /// The user who owns it, where REST says.
    #[must_use]
    pub fn owner(&self) -> Option<&Luid> {
        self.owner.as_ref()?.id.as_ref()
    }

    /// The resource, where it stands among `projects`; `None` in a Personal Space, which is not mapped.
    #[must_use]
    pub fn into_resource(self, site: &SiteName, kind: ResourceKind, projects: &Projects) -> Option<Resource> {
        let vizportal_url_id = self.vizportal_url_id;
        let content_url = self.content_url.filter(|name| !name.is_empty());
        let RestProjectReference { id, name } = self.project?;
        let path = id.as_ref().and_then(|luid| projects.path(luid));
        let project = path.unwrap_or_else(|| ProjectPath::leaf_only(name.as_deref().unwrap_or_default()));
        let key = ResourceKey { site: site.clone(), kind, project, name: self.name };
        Some(Resource {
            key,
            luid: self.id,
            details: Details { project_luid: id, vizportal_url_id, content_url },
        })
    }
}

/// The number in the address of a page.
fn number_of_page<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Address<'a>(#[serde(borrow)] Cow<'a, str>);
    Ok(Option::<Address<'_>>::deserialize(deserializer)?.and_then(|Address(text)| BrowserUrl::number(&text)))
}

/// The project of a resource.
#[derive(Debug, Clone, Deserialize)]
pub struct RestProjectReference {
    /// The project's LUID.
    pub id: Option<Luid>,
    /// The project's own name.
    pub name: Option<String>,
}

/// A project as REST lists it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestProject {
    id: Luid,
    name: String,
    parent_project_id: Option<Luid>,
}

/// The projects of a site by LUID.
#[derive(Debug, Default)]
pub struct Projects {
    by_luid: BTreeMap<Luid, RestProject>,
    /// Of those that are listed with all above them.
    paths: HashMap<Luid, ProjectPath>,
    /// Whether they were listed, and some may be missing.
    pub is_cut_short: bool,
}

impl Projects {
    /// Puts the paths together.
    #[must_use]
    pub fn of(listing: Listing<RestProject>) -> Self {
        let is_cut_short = !listing.is_complete || !listing.unreadable.is_empty();
        let by_luid: BTreeMap<_, _> =
            listing.entries.into_iter().map(|project| (project.id.clone(), project)).collect();
        let paths = by_luid.keys().filter_map(|luid| Some((luid.clone(), path(&by_luid, luid)?))).collect();
        Self { by_luid, paths, is_cut_short }
    }

    /// The path from the root down; `None` where the project or one above it was not listed.
    #[must_use]
    pub fn path(&self, luid: &Luid) -> Option<ProjectPath> {
        self.paths.get(luid).cloned()
    }

    /// How many were listed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_luid.len()
    }

    /// The names of those whose parent was not listed: this user may not see it.
    pub fn without_their_parents(&self) -> impl Iterator<Item = &str> {
        let is_hidden = |parent: &Luid| !self.by_luid.contains_key(parent);
        let orphans =
            self.by_luid.values().filter(move |one| one.parent_project_id.as_ref().is_some_and(is_hidden));
        orphans.map(|one| one.name.as_str())
    }
}

fn path(projects: &BTreeMap<Luid, RestProject>, luid: &Luid) -> Option<ProjectPath> {
    let mut names = Vec::new();
    let mut next = Some(luid);
    while let Some(luid) = next {
        let project = projects.get(luid)?;
        names.push(project.name.clone());
        if names.len() > MAX_DEPTH {
            return None;
        }
        next = project.parent_project_id.as_ref();
    }
    names.reverse();
    ProjectPath::from_root(names)
}

impl Listed for RestResource {
    fn luid(&self) -> &Luid {
        &self.id
    }

    fn is_whole(&self) -> bool {
        let project = self.project.as_ref();
        let is_in_project = project.is_some_and(|project| project.id.is_some() && project.name.is_some());
        is_in_project && self.vizportal_url_id.is_some() && self.content_url.is_some()
    }
}

impl Listed for RestProject {
    fn luid(&self) -> &Luid {
        &self.id
    }
}

/// A resource as REST shows it at one moment.
#[derive(Debug)]
pub struct Seen {
    /// What it shows.
    pub presence: Presence,
    /// When, by the server's clock, in whole seconds; by ours where the server does not say.
    pub at: Timestamp,
}

/// What REST shows of a resource.
#[derive(Debug)]
pub enum Presence {
    /// The resource.
    There(RestResource),
    /// There is no such resource.
    Gone,
    /// This user may not look at it, though perhaps refresh it: its project or first view is closed to them
    /// (tableau/rest-api-samples#95, #100).
    Hidden(TableauError),
}

impl Session {
    /// Lists one kind.
    pub async fn list_kind(&self, kind: ResourceKind) -> Result<Listing<RestResource>, TableauError> {
        let fields = format!(
            "{kind}.id,{kind}.name,{kind}.contentUrl,{kind}.webpageUrl,project.id,project.name,owner.id"
        );
        let (segment, member) = (kind.path_segment(), kind.as_str());
        list(self, &What { segment, member, fields: Some(fields) }).await
    }

    /// Lists the projects. There are few of them, and one whose parent were left out would be at the root.
    pub async fn list_projects(&self) -> Result<Projects, TableauError> {
        let what = What { segment: "projects", member: "project", fields: None };
        Ok(Projects::of(list(self, &what).await?))
    }

    /// One resource by its LUID, and when that was.
    pub async fn look(&self, kind: ResourceKind, luid: &Luid) -> Result<Seen, TableauError> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(alias = "datasource")]
            workbook: RestResource,
        }
        let doing = format!("look {kind} {luid} up");
        let url = self.address(&format!("{}/{luid}", kind.path_segment()));
        let reply = self.call(&doing, RetryRules::USUAL, |http| http.get(url.clone())).await?;
        let at = reply.date().unwrap_or_else(Timestamp::now);
        let presence = match self.tableau.decode::<Answer>(&doing, "one resource", &reply) {
            Ok(answer) => Presence::There(answer.workbook),
            Err(error) if error.is_not_found() => Presence::Gone,
            Err(error @ TableauError::Refused { .. }) if reply.status == StatusCode::FORBIDDEN => {
                Presence::Hidden(error)
            }
            Err(error) => return Err(error),
        };
        Ok(Seen { presence, at })
    }
}
