//! The truth: sites, projects, workbooks and data sources as they are now. The REST API shows it as it is,
//! the Metadata API shows what the [index](crate::index) made of it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::content::{Content, Phantom, ResourceContent, SiteContent};
use crate::random::Random;
use crate::time;

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A workbook.
    Workbook,
    /// A published data source.
    Datasource,
}

impl Kind {
    /// As it stands in element names and paths: `workbook`, `datasource`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Workbook => "workbook",
            Self::Datasource => "datasource",
        }
    }

    /// `workbooks`, `datasources`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Workbook => "workbooks",
            Self::Datasource => "datasources",
        }
    }
}

/// What the signed-in user may see of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everything.
    #[default]
    Full,
    /// REST shows it; the Metadata API answers null for its name, project and URI.
    Obfuscated,
    /// As `Obfuscated`, and REST does not show it at all, as for a user without the View capability.
    Hidden,
}

/// Whether a site can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteState {
    /// It can.
    #[default]
    Active,
    /// An administrator suspended it.
    Suspended,
    /// It is being exported, say.
    Locked,
    /// It is gone: nothing shows that it ever was.
    Deleted,
}

impl SiteState {
    /// As REST writes it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Suspended => "Suspended",
            Self::Locked => "Locked",
            Self::Deleted => "Deleted",
        }
    }
}

/// One resource as REST shows it, with all that a test wants to compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Workbook or data source.
    pub kind: Kind,
    /// The current LUID.
    pub luid: String,
    /// The name, byte for byte.
    pub name: String,
    /// Project names from the root down; empty in a Personal Space.
    pub project_path: Vec<String>,
    /// The LUID of the project that holds it; none in a Personal Space.
    pub project_luid: Option<String>,
    /// The number in its URL.
    pub vizportal_url_id: String,
    /// Its name in addresses.
    pub content_url: String,
    /// The address that a browser would show.
    pub webpage_url: String,
    /// Whether a refresh is allowed.
    pub has_extract: bool,
    /// What the signed-in user may see of it.
    pub visibility: Visibility,
    /// `YYYY-MM-DDTHH:MM:SSZ`.
    pub created_at: String,
    /// `YYYY-MM-DDTHH:MM:SSZ`.
    pub updated_at: String,
}

/// The user that every sign-in becomes on a site, and the owner of all it holds.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) luid: String,
    pub(crate) number: u64,
    pub(crate) metadata_id: String,
    pub(crate) name: String,
}

impl User {
    pub(crate) const DOMAIN: &str = "local";
}

#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) luid: String,
    pub(crate) number: u64,
    pub(crate) name: String,
    /// LUID of the project above it.
    pub(crate) parent: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// Suffixes of content URLs are times in tenths of a millisecond.
const FIRST_SUFFIX: u64 = 17_078_880_600_000;

#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) kind: Kind,
    pub(crate) luid: String,
    /// The number in the URL.
    pub(crate) number: u64,
    /// What the Metadata API calls it; unrelated to the LUID and the number.
    pub(crate) metadata_id: String,
    pub(crate) name: String,
    /// Its name in addresses, made when it was published.
    pub(crate) content_url: String,
    /// LUID of its project; none in a Personal Space.
    pub(crate) project: Option<String>,
    pub(crate) has_extract: bool,
    pub(crate) visibility: Visibility,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    /// When its extract was last refreshed.
    pub(crate) refreshed_at: String,
}

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) luid: String,
    pub(crate) number: u64,
    pub(crate) metadata_id: String,
    pub(crate) content_url: String,
    pub(crate) name: String,
    pub(crate) state: SiteState,
    pub(crate) created_at: String,
    pub(crate) user: User,
    pub(crate) projects: Vec<Project>,
    /// Ordered by number, as they were published.
    pub(crate) resources: Vec<Resource>,
    /// The content URLs of the resources.
    pub(crate) content_urls: HashSet<(Kind, String)>,
    /// With the metadata id that each got.
    pub(crate) phantoms: Vec<(String, u64, Phantom)>,
}

/// All sites, and the source of new ids.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) sites: Vec<Site>,
    random: Random,
    last_number: u64,
}

impl World {
    /// Builds the content; `user` is the name of the account that owns all of it.
    pub(crate) fn new(content: &Content, user: &str) -> Self {
        let mut world = Self { sites: Vec::new(), random: Random::new(content.seed), last_number: 1000 };
        for site in &content.sites {
            world.add_site(site, user);
        }
        world
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The next number for a URL. Numbers have gaps, as on a real server, so that no test relies on a run.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1 + self.random.next() % 5;
        self.last_number
    }

    /// The site with exactly this content URL.
    pub(crate) fn site(&self, content_url: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.content_url == content_url)
    }

    pub(crate) fn site_by_luid(&self, luid: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.luid == luid)
    }

    /// The site that a sign-in means, if it can be used: content URLs match whatever their case.
    pub(crate) fn site_to_sign_in(&self, content_url: &str) -> Option<&Site> {
        let found = self
            .site(content_url)
            .or_else(|| self.sites.iter().find(|site| site.content_url.eq_ignore_ascii_case(content_url)));
        found.filter(|site| site.state == SiteState::Active)
    }

    fn add_site(&mut self, content: &SiteContent, user: &str) {
        let fallback = if content.content_url.is_empty() { "Default" } else { &content.content_url };
        let name = if content.name.is_empty() { fallback } else { &content.name };
        let site = Site {
            luid: self.random.uuid(),
            number: u64::try_from(self.sites.len()).unwrap_or_default() + 1,
            metadata_id: self.random.uuid(),
            content_url: content.content_url.clone(),
            name: name.to_owned(),
            state: SiteState::Active,
            created_at: time::START.to_owned(),
            user: User {
                luid: self.random.uuid(),
                number: self.next_number(),
                metadata_id: self.random.uuid(),
                name: user.to_owned(),
            },
            projects: Vec::new(),
            resources: Vec::new(),
            content_urls: HashSet::new(),
            phantoms: Vec::new(),
        };
        let at = self.sites.len();
        self.sites.push(site);
        self.add_project(at, &["default".to_owned()], time::START);
        for path in &content.projects {
            self.add_project(at, path, time::START);
        }
        for (kind, resources) in
            [(Kind::Workbook, &content.workbooks), (Kind::Datasource, &content.datasources)]
        {
            for resource in resources {
                self.add_resource(at, kind, resource);
            }
        }
        for phantom in &content.phantoms {
            if !phantom.project.is_empty() {
                self.add_project(at, &phantom.project, time::START);
            }
            let (id, number) = (self.random.uuid(), self.next_number());
            self.sites[at].phantoms.push((id, number, phantom.clone()));
        }
        self.sites[at].resources.sort_by_key(|resource| resource.number);
    }

    /// The LUID of the project at `path`; it and those above it come into being when missing.
    pub(crate) fn add_project(&mut self, site: usize, path: &[String], now: &str) -> String {
        let mut parent: Option<String> = None;
        for name in path {
            let found =
                self.sites[site].child_project(parent.as_deref(), name).map(|project| project.luid.clone());
            parent = Some(found.unwrap_or_else(|| {
                let project = Project {
                    luid: self.random.uuid(),
                    number: self.next_number(),
                    name: name.clone(),
                    parent: parent.clone(),
                    created_at: now.to_owned(),
                    updated_at: now.to_owned(),
                };
                let luid = project.luid.clone();
                self.sites[site].projects.push(project);
                luid
            }));
        }
        parent.unwrap_or_default()
    }

    fn add_resource(&mut self, site: usize, kind: Kind, content: &ResourceContent) {
        let project =
            (!content.project.is_empty()).then(|| self.add_project(site, &content.project, time::START));
        // Drawn even when given, so that giving one id leaves all others as they were.
        let (luid, number) = (self.random.uuid(), self.next_number());
        let number = content.vizportal_url_id.unwrap_or(number);
        let resource = Resource {
            kind,
            luid: content.luid.clone().unwrap_or(luid),
            number,
            metadata_id: self.random.uuid(),
            name: content.name.clone(),
            content_url: self.sites[site].new_content_url(kind, &content.name, number),
            project,
            has_extract: content.extract,
            visibility: content.visibility,
            created_at: time::START.to_owned(),
            updated_at: time::START.to_owned(),
            refreshed_at: time::START.to_owned(),
        };
        self.sites[site].resources.push(resource);
    }
}

impl Site {
    /// As Tableau makes it: the letters and digits of the name. A suffix keeps it apart from others that are there.
    pub(crate) fn new_content_url(&mut self, kind: Kind, name: &str, number: u64) -> String {
        let plain: String = name.chars().filter(|letter| letter.is_alphanumeric()).collect();
        let is_free = self.content_urls.insert((kind, plain.clone()));
        if is_free {
            return plain;
        }
        let apart = format!("{plain}_{}", FIRST_SUFFIX + number);
        self.content_urls.insert((kind, apart.clone()));
        apart
    }

    /// Deletes a resource.
    pub(crate) fn take_out(&mut self, at: usize) -> Resource {
        let old = self.resources.remove(at);
        self.content_urls.remove(&(old.kind, old.content_url.clone()));
        old
    }

    pub(crate) fn project(&self, luid: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.luid == luid)
    }

    fn child_project(&self, parent: Option<&str>, name: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.parent.as_deref() == parent && project.name == name)
    }

    pub(crate) fn project_at(&self, path: &[String]) -> Option<&Project> {
        let mut found: Option<&Project> = None;
        for name in path {
            found = Some(self.child_project(found.map(|project| project.luid.as_str()), name)?);
        }
        found
    }

    /// Names from the root down.
    pub(crate) fn project_path(&self, luid: &str) -> Vec<String> {
        let mut path = Vec::new();
        let mut next = self.project(luid);
        while let Some(project) = next {
            path.push(project.name.clone());
            next = project.parent.as_deref().and_then(|parent| self.project(parent));
        }
        path.reverse();
        path
    }

    /// The resources that REST shows.
    pub(crate) fn listed(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |it| it.kind == kind && it.visibility != Visibility::Hidden)
    }

    pub(crate) fn resource(&self, kind: Kind, luid: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.kind == kind && resource.luid == luid)
    }

    pub(crate) fn webpage_url(&self, base: &str, kind: Kind, number: u64) -> String {
        let kind = kind.plural();
        if self.content_url.is_empty() {
            format!("{base}/#/{kind}/{number}")
        } else {
            format!("{base}/#/site/{}/{kind}/{number}", self.content_url)
        }
    }

    pub(crate) fn item(&self, resource: &Resource, base: &str) -> Item {
        Item {
            kind: resource.kind,
            luid: resource.luid.clone(),
            name: resource.name.clone(),
            project_path: resource.project.as_deref().map(|luid| self.project_path(luid)).unwrap_or_default(),
            project_luid: resource.project.clone(),
            vizportal_url_id: resource.number.to_string(),
            content_url: resource.content_url.clone(),
            webpage_url: self.webpage_url(base, resource.kind, resource.number),
            has_extract: resource.has_extract,
            visibility: resource.visibility,
            created_at: resource.created_at.clone(),
            updated_at: resource.updated_at.clone(),
        }
    }
}
