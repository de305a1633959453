//! Content as REST shows it: listings of resources and projects, and one resource by its LUID.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::reply::Patience;
use super::{Session, TableauError};
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};

/// The most that Tableau gives at once.
const PAGE_SIZE: usize = 1000;
/// How often a listing that changed while it was read is begun anew.
const LISTING_ATTEMPTS: u32 = 3;
/// Nesting deeper than this is a circle of parents.
const MAX_DEPTH: usize = 100;

/// One listing.
#[derive(Debug)]
pub struct Listing<T> {
    /// Everything that was listed, each LUID once.
    pub entries: Vec<T>,
    /// Whether the listing stood still while it was read and all that it announced was there.
    pub is_complete: bool,
}

/// A workbook or data source as REST lists it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestResource {
    /// The LUID.
    pub id: Luid,
    /// The name; never withheld: REST lists only what the user may see.
    pub name: String,
    /// The page in the web client, which ends in the number that the Metadata API calls `vizportalUrlId`.
    webpage_url: Option<String>,
    /// The name in addresses of views.
    content_url: Option<String>,
    /// Absent for content in a Personal Space.
    pub project: Option<RestProjectReference>,
}

impl RestResource {
    /// The resource, where it stands among `projects`; `None` in a Personal Space, which is not mapped.
    #[must_use]
    pub fn into_resource(self, site: &SiteName, kind: ResourceKind, projects: &Projects) -> Option<Resource> {
        let vizportal_url_id = self.vizportal_url_id();
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

    /// The number in the browser URL.
    fn vizportal_url_id(&self) -> Option<String> {
        let number = self.webpage_url.as_deref()?.rsplit('/').next()?;
        (!number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())).then(|| number.to_owned())
    }
}

/// The project of a resource.
#[derive(Debug, Clone, Deserialize)]
pub struct RestProjectReference {
    /// The project's LUID.
    pub id: Option<Luid>,
    /// The project's own name.
    pub name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RestProject {
    id: Luid,
    name: String,
    parent_project_id: Option<Luid>,
}

/// The projects of a site by LUID.
#[derive(Debug, Default)]
pub struct Projects(BTreeMap<Luid, RestProject>);

impl Projects {
    /// The path from the root down; `None` where the project or one above it was not listed.
    #[must_use]
    pub fn path(&self, luid: &Luid) -> Option<ProjectPath> {
        let mut names = Vec::new();
        let mut next = Some(luid);
        while let Some(luid) = next {
            let project = self.0.get(luid)?;
            names.push(project.name.clone());
            if names.len() > MAX_DEPTH {
                return None;
            }
            next = project.parent_project_id.as_ref();
        }
        names.reverse();
        ProjectPath::from_root(names)
    }
}

trait Listed: DeserializeOwned {
    fn luid(&self) -> &Luid;
}

impl Listed for RestResource {
    fn luid(&self) -> &Luid {
        &self.id
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
        list(self, kind.path_segment(), kind.as_str()).await
    }

    /// Lists the projects.
    pub async fn list_projects(&self) -> Result<Projects, TableauError> {
        let listing = list::<RestProject>(self, "projects", "project").await?;
        let projects = listing.entries.into_iter().map(|project| (project.id.clone(), project));
        Ok(Projects(projects.collect()))
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
        let reply = self.call(&doing, Patience::USUAL, |http| http.get(url.clone())).await?;
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

/// Lists until a listing stood still from its first page to its last: pages are cut by position, so a deletion
/// on an earlier page makes a later one skip a resource.
async fn list<T: Listed>(session: &Session, segment: &str, member: &str) -> Result<Listing<T>, TableauError> {
    for attempt in 1.. {
        let listing = list_once(session, segment, member).await?;
        if listing.is_complete || attempt >= LISTING_ATTEMPTS {
            return Ok(listing);
        }
        tracing::info!(listing = segment, "the listing changed while it was read, beginning anew");
    }
    unreachable!("the last attempt returns")
}

async fn list_once<T: Listed>(
    session: &Session,
    segment: &str,
    member: &str,
) -> Result<Listing<T>, TableauError> {
    let doing = format!("list {segment}");
    let mut entries: Vec<T> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut announced: Option<usize> = None;
    let mut is_complete = true;
    for number in 1.. {
        let (size, page_number) = (PAGE_SIZE.to_string(), number.to_string());
        let query = [("pageSize", size.as_str()), ("pageNumber", page_number.as_str())];
        let page: Page = match session.get(&doing, "a page of a listing", segment, &query).await {
            // The listing became so short that this page is beyond its end.
            Err(error) if error.has_code("400006") && number > 1 => {
                is_complete = false;
                break;
            }
            other => other?,
        };
        let total = page.total_available(&doing)?;
        is_complete &= announced.is_none_or(|announced| announced == total);
        announced = Some(total);
        let before = entries.len();
        for entry in page.entries::<T>(&doing, segment, member)? {
            if seen.insert(entry.luid().clone()) {
                entries.push(entry);
            }
        }
        // A page that brings nothing new ends the listing too: a server that repeats itself must not hold us forever.
        if number * PAGE_SIZE >= total || entries.len() == before {
            break;
        }
    }
    is_complete &= announced == Some(entries.len());
    Ok(Listing { entries, is_complete })
}

/// A page as JSON; scalars are strings there (`"totalAvailable":"2"`), and an empty list has no member at all.
#[derive(Debug, Deserialize)]
struct Page {
    pagination: Pagination,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    total_available: String,
}

impl Page {
    fn total_available(&self, doing: &str) -> Result<usize, TableauError> {
        let text = &self.pagination.total_available;
        text.parse().map_err(|_| TableauError::Decoding {
            doing: doing.to_owned(),
            expected: "a page of a listing",
            body: format!("totalAvailable `{text}`"),
            source: serde::de::Error::custom("not a number"),
        })
    }

    fn entries<T: Listed>(
        mut self,
        doing: &str,
        segment: &str,
        member: &str,
    ) -> Result<Vec<T>, TableauError> {
        let list =
            self.rest.get_mut(segment).and_then(|list| list.get_mut(member)).map(serde_json::Value::take);
        let Some(list) = list else { return Ok(Vec::new()) };
        let body: String = list.to_string().chars().take(200).collect();
        serde_json::from_value(list).map_err(|source| TableauError::Decoding {
            doing: doing.to_owned(),
            expected: "a page of a listing",
            body,
            source,
        })
    }
}
