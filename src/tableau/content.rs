//! Content as REST shows it: listings of resources and projects, and one resource by its LUID.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;

use super::reply::Patience;
use super::shapes::number;
use super::{Session, TableauError};
use crate::browser_url::{self, BrowserUrl};
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
    /// The entries that could not be read: they are there all the same.
    pub unreadable: Vec<Unreadable>,
    /// How many there should be.
    pub announced: Option<usize>,
    /// Whether the listing stood still while it was read and all that it announced was there.
    pub is_complete: bool,
}

/// An entry of a listing that could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Its LUID, where that much can be read.
    pub luid: Option<Luid>,
    /// Where it stands, and why.
    pub reason: String,
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
        match BrowserUrl::parse(self.webpage_url.as_deref()?).ok()?.page {
            browser_url::Page::Resource(_, number) => Some(number),
            browser_url::Page::Named(..) | browser_url::Page::Unmapped | browser_url::Page::Other => None,
        }
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
pub struct Projects {
    by_luid: BTreeMap<Luid, RestProject>,
    /// Whether they were listed, and some may be missing.
    pub is_cut_short: bool,
}

impl Projects {
    /// The path from the root down; `None` where the project or one above it was not listed.
    #[must_use]
    pub fn path(&self, luid: &Luid) -> Option<ProjectPath> {
        let mut names = Vec::new();
        let mut next = Some(luid);
        while let Some(luid) = next {
            let project = self.by_luid.get(luid)?;
            names.push(project.name.clone());
            if names.len() > MAX_DEPTH {
                return None;
            }
            next = project.parent_project_id.as_ref();
        }
        names.reverse();
        ProjectPath::from_root(names)
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
        let is_cut_short = !listing.is_complete || !listing.unreadable.is_empty();
        let projects = listing.entries.into_iter().map(|project| (project.id.clone(), project));
        Ok(Projects { by_luid: projects.collect(), is_cut_short })
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
    let mut before = None;
    for attempt in 1.. {
        let mut listing = list_once::<T>(session, segment, member).await?;
        let luids: BTreeSet<Luid> = listing.entries.iter().map(|entry| entry.luid().clone()).collect();
        let now = Some((listing.announced, luids));
        listing.is_complete |= session.tableau.counts_may_differ && now == before;
        if listing.is_complete || attempt >= LISTING_ATTEMPTS {
            return Ok(listing);
        }
        tracing::info!(listing = segment, "the listing changed while it was read, beginning anew");
        before = now;
    }
    unreachable!("the last attempt returns")
}

async fn list_once<T: Listed>(
    session: &Session,
    segment: &str,
    member: &str,
) -> Result<Listing<T>, TableauError> {
    let doing = format!("list {segment}");
    let mut seen = BTreeSet::new();
    let mut listing =
        Listing { entries: Vec::new(), unreadable: Vec::new(), announced: None, is_complete: true };
    let mut read = 0;
    for number in 1.. {
        let (size, page_number) = (PAGE_SIZE.to_string(), number.to_string());
        let query = [("pageSize", size.as_str()), ("pageNumber", page_number.as_str())];
        let reply = session.get_reply(&doing, segment, &query).await?;
        let page = match session
            .tableau
            .decode_with(&doing, "a page of a listing", &reply, |body| Page::read(body, segment, member))
        {
            // The listing became so short that this page is beyond its end.
            Err(error) if error.has_code("400006") && number > 1 => {
                listing.is_complete = false;
                break;
            }
            other => other?,
        };
        listing.is_complete &= listing.announced.is_none_or(|announced| announced == page.total);
        listing.announced = Some(page.total);
        let before = seen.len() + listing.unreadable.len();
        for (place, entry) in page.entries.into_iter().enumerate() {
            match entry {
                Ok(entry) => {
                    let entry: T = entry;
                    if seen.insert(entry.luid().clone()) {
                        listing.entries.push(entry);
                    }
                }
                Err((luid, error)) => {
                    let reason = format!("entry {} of page {number}: {error}", place + 1);
                    listing.unreadable.push(Unreadable { luid, reason });
                }
            }
        }
        read += page.size;
        // A page that brings nothing new ends the listing too: a server that repeats itself must not hold us forever.
        if read >= page.total || seen.len() + listing.unreadable.len() == before {
            break;
        }
    }
    listing.is_complete &= listing.announced == Some(seen.len() + listing.unreadable.len());
    Ok(listing)
}

/// A page as JSON. An empty list has no member at all.
struct Page<T> {
    total: usize,
    /// How many entries a page has: a server may give less than it was asked for.
    size: usize,
    /// An entry that cannot be read costs itself and no other.
    entries: Vec<Result<T, (Option<Luid>, serde_json::Error)>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    #[serde(deserialize_with = "number")]
    total_available: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    page_size: Option<i64>,
}

/// What is left to know of an entry that cannot be read otherwise.
#[derive(Deserialize)]
struct Identified {
    id: Luid,
}

impl<T: Listed> Page<T> {
    fn read(body: &[u8], segment: &str, member: &str) -> serde_json::Result<Self> {
        type Members<'a> = BTreeMap<String, &'a RawValue>;
        let page: Members<'_> = serde_json::from_slice(body)?;
        let pagination = page.get("pagination").map_or("{}", |raw| raw.get());
        let Pagination { total_available, page_size } = serde_json::from_str(pagination)?;
        let total = total_available.and_then(|total| usize::try_from(total).ok());
        let total = total.ok_or_else(|| serde_json::Error::custom("`totalAvailable` is not a number"))?;
        let size = page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
        let list = page.get(segment).map_or("{}", |raw| raw.get());
        let list: Option<Members<'_>> = serde_json::from_str(list)?;
        let entries = match list.as_ref().and_then(|list| list.get(member)) {
            Some(entries) => serde_json::from_str::<Vec<&RawValue>>(entries.get())?,
            None => Vec::new(),
        };
        let read = |raw: &RawValue| {
            let luid = || serde_json::from_str(raw.get()).ok().map(|Identified { id }| id);
            serde_json::from_str(raw.get()).map_err(|error| (luid(), error))
        };
        let entries = entries.into_iter().map(read).collect();
        Ok(Self { total, size: size.unwrap_or(PAGE_SIZE), entries })
    }
}
