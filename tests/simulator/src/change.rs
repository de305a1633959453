//! What can happen to the content while the server runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::jobs::Job;
use crate::time;
use crate::world::{Kind, Resource, SiteState, Visibility, World};

/// One change of the content, as the library, the control API and faults make it.
///
/// A site is named by its content URL, a project by its path from the root down. An empty path is the Personal
/// Space.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are the words of the module's introduction")]
pub enum Change {
    /// A new resource. The answer is its LUID.
    Publish { site: String, kind: Kind, project: Vec<String>, name: String },
    /// Deleted and republished: same name and project, new LUID and number. The answer is the new LUID.
    Republish { site: String, kind: Kind, luid: String },
    /// A new name, the same LUID.
    Rename { site: String, kind: Kind, luid: String, name: String },
    /// Another project, the same LUID.
    Move { site: String, kind: Kind, luid: String, project: Vec<String> },
    /// Gone from REST at once, from the Metadata API when its index catches up.
    Delete { site: String, kind: Kind, luid: String },
    /// What the signed-in user may see of it.
    Show { site: String, kind: Kind, luid: String, visibility: Visibility },
    /// A project, with those above it that do not exist yet. The answer is its LUID.
    CreateProject { site: String, project: Vec<String> },
    /// The last name of the path becomes `name`; everything below moves along.
    RenameProject { site: String, project: Vec<String>, name: String },
    /// Whether the site can be used. Sessions on it live on.
    SetSite { site: String, state: SiteState },
}

/// A change named a site, project or resource that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFound(pub(crate) String);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotFound {}

/// What a change came to.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// LUID of what was published or created.
    pub(crate) luid: Option<String>,
    /// Entries of the Metadata API that are out of date now.
    pub(crate) stale: Vec<Stale>,
}

/// An entry of the Metadata API that no longer says the truth.
#[derive(Clone, Debug)]
pub(crate) struct Stale {
    /// Position of the site.
    pub(crate) site: usize,
    pub(crate) metadata_id: String,
    pub(crate) kind: Kind,
}

impl World {
    /// Makes the change.
    pub(crate) fn apply(&mut self, change: &Change) -> Result<Done, NotFound> {
        match change {
            Change::CreateProject { project, .. } | Change::RenameProject { project, .. }
                if project.is_empty() =>
            {
                Err(NotFound("the Personal Space is not a project".to_owned()))
            }
            Change::Publish { site, kind, project, name } => {
                let site = self.position(site)?;
                let project = self.project_luid(site, project)?;
                Ok(self.publish(site, *kind, project, name, true, Visibility::Full))
            }
            Change::Republish { site, kind, luid } => {
                let (site, at) = self.find(site, *kind, luid)?;
                let old = self.sites[site].take_out(at);
                let mut done =
                    self.publish(site, *kind, old.project, &old.name, old.has_extract, old.visibility);
                done.stale.push(Stale { site, metadata_id: old.metadata_id, kind: *kind });
                Ok(done)
            }
            Change::Rename { site, kind, luid, name } => {
                self.edit(site, *kind, luid, |resource| resource.name.clone_from(name))
            }
            Change::Move { site, kind, luid, project } => {
                let project = self.project_luid(self.position(site)?, project)?;
                self.edit(site, *kind, luid, |resource| resource.project = project)
            }
            Change::Delete { site, kind, luid } => {
                let (site, at) = self.find(site, *kind, luid)?;
                let old = self.sites[site].take_out(at);
                Ok(Done {
                    luid: None,
                    stale: vec![Stale { site, metadata_id: old.metadata_id, kind: *kind }],
                })
            }
            Change::Show { site, kind, luid, visibility } => {
                self.edit(site, *kind, luid, |resource| resource.visibility = *visibility)
            }
            Change::CreateProject { site, project } => {
                let site = self.position(site)?;
                let luid = self.add_project(site, project, &time::now());
                Ok(Done { luid: Some(luid), stale: Vec::new() })
            }
            Change::RenameProject { site, project, name } => self.rename_project(site, project, name),
            Change::SetSite { site, state } => {
                let site = self.position(site)?;
                self.sites[site].state = *state;
                Ok(Done::default())
            }
        }
    }

    fn publish(
        &mut self,
        site: usize,
        kind: Kind,
        project: Option<String>,
        name: &str,
        has_extract: bool,
        visibility: Visibility,
    ) -> Done {
        let now = time::now();
        let (luid, number) = (self.random().uuid(), self.next_number());
        let resource = Resource {
            kind,
            luid,
            number,
            metadata_id: self.random().uuid(),
            name: name.to_owned(),
            content_url: self.sites[site].new_content_url(kind, name, number),
            project,
            has_extract,
            visibility,
            created_at: now.clone(),
            refreshed_at: now.clone(),
            updated_at: now,
        };
        let stale = vec![Stale { site, metadata_id: resource.metadata_id.clone(), kind }];
        let luid = Some(resource.luid.clone());
        self.sites[site].resources.push(resource);
        Done { luid, stale }
    }

    fn edit(
        &mut self,
        site: &str,
        kind: Kind,
        luid: &str,
        edit: impl FnOnce(&mut Resource),
    ) -> Result<Done, NotFound> {
        let (site, at) = self.find(site, kind, luid)?;
        let resource = &mut self.sites[site].resources[at];
        edit(resource);
        resource.updated_at = time::now();
        Ok(Done { luid: None, stale: vec![Stale { site, metadata_id: resource.metadata_id.clone(), kind }] })
    }

    /// Notes that a job refreshed the extract of a resource; nothing when the resource is gone.
    pub(crate) fn note_refresh(&mut self, job: &Job) -> Vec<Stale> {
        let Some(site) = self.sites.iter().position(|site| site.luid == job.site) else {
            return Vec::new();
        };
        let resources = &mut self.sites[site].resources;
        let refreshed = resources.iter_mut().find(|it| it.kind == job.kind && it.luid == job.resource);
        let note = refreshed.map(|resource| {
            resource.refreshed_at = job.ended_at().unwrap_or_else(time::now);
            Stale { site, metadata_id: resource.metadata_id.clone(), kind: resource.kind }
        });
        note.into_iter().collect()
    }

    fn rename_project(&mut self, site: &str, path: &[String], name: &str) -> Result<Done, NotFound> {
        let at = self.position(site)?;
        let luid = self.project_luid(at, path)?;
        let site = &mut self.sites[at];
        for project in site.projects.iter_mut().filter(|project| Some(&project.luid) == luid.as_ref()) {
            name.clone_into(&mut project.name);
            project.updated_at = time::now();
        }
        // The Metadata API knows the project that holds a resource, not those above it.
        let held = site.resources.iter().filter(|resource| resource.project == luid);
        let stale = held
            .map(|resource| Stale {
                site: at,
                metadata_id: resource.metadata_id.clone(),
                kind: resource.kind,
            })
            .collect();
        Ok(Done { luid: None, stale })
    }

    pub(crate) fn position(&self, content_url: &str) -> Result<usize, NotFound> {
        self.sites
            .iter()
            .position(|site| site.content_url == content_url)
            .ok_or_else(|| NotFound(format!("no site `{content_url}`")))
    }

    fn project_luid(&self, site: usize, path: &[String]) -> Result<Option<String>, NotFound> {
        if path.is_empty() {
            return Ok(None);
        }
        let project = self.sites[site].project_at(path);
        project
            .map(|project| Some(project.luid.clone()))
            .ok_or_else(|| NotFound(format!("no project {path:?}")))
    }

    fn find(&self, site: &str, kind: Kind, luid: &str) -> Result<(usize, usize), NotFound> {
        let site = self.position(site)?;
        let resources = &self.sites[site].resources;
        let at = resources.iter().position(|resource| resource.kind == kind && resource.luid == luid);
        at.map(|at| (site, at)).ok_or_else(|| NotFound(format!("no {} `{luid}`", kind.word())))
    }
}
