//! Whether the map's LUID is still the one: REST knows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{RefreshError, Refreshed, Refresher, Wanted};
use crate::resolve::ResolveError;
use crate::resource::{ProjectPath, Resource, ResourceKey, SiteName};
use crate::source::rest::{self, RestResource, Witness};

/// How long a listing serves the other refreshes of a run that found the map stale too.
const LISTING_LIFE: Duration = Duration::from_secs(10);

/// A site as REST listed it a moment ago.
#[derive(Debug)]
pub(super) struct Live {
    listed: Instant,
    resources: Arc<Vec<Resource>>,
}

impl Refresher {
    /// Makes sure that `refreshed.luid` is what was asked for, and answers the server's time. Where the LUID is
    /// gone, or its name belongs to another resource now, resolves on Tableau itself, once.
    pub(super) async fn verify(
        &self,
        refreshed: &mut Refreshed,
        wanted: &Wanted,
    ) -> Result<Timestamp, RefreshError> {
        let kind = refreshed.key().kind;
        let seen = self.sessions.on(refreshed.site()).await?.look(kind, &refreshed.luid).await?;
        match &seen.resource {
            Some(resource) if is_as_mapped(resource, &wanted.resource) => return Ok(seen.at),
            Some(_) => {
                refreshed.is_stale = true;
                // Whoever gave an address or a LUID means this resource, whatever it is called now.
                if !wanted.question.is_by_name() {
                    return Ok(seen.at);
                }
            }
            None => {}
        }
        self.resolve_live(refreshed, wanted).await?;
        Ok(seen.at)
    }

    /// Finds what was asked for among what is on the site now.
    pub(super) async fn resolve_live(
        &self,
        refreshed: &mut Refreshed,
        wanted: &Wanted,
    ) -> Result<(), RefreshError> {
        refreshed.is_stale = true;
        let resources = self.live(refreshed.site()).await?;
        let mapped = &wanted.resource;
        // Published again: the same name in the same project.
        let mut heirs = resources.iter().filter(|one| {
            one.luid != mapped.luid
                && one.key.kind == mapped.key.kind
                && one.key.name == mapped.key.name
                && one.key.project.agrees_with(&mapped.key.project)
        });
        let found = match (heirs.next(), heirs.next()) {
            (Some(heir), None) => Ok(heir),
            _ => wanted.question.answer(&resources),
        };
        let stale = |source: ResolveError| RefreshError::Stale {
            luid: mapped.luid.clone(),
            source: Box::new(source),
        };
        let found = found.map_err(stale)?;
        tracing::warn!(
            resource = %mapped.key,
            mapped = %mapped.luid,
            current = %found.luid,
            "the map is stale, going on with the current LUID"
        );
        refreshed.luid = found.luid.clone();
        Ok(())
    }

    async fn live(&self, site: &SiteName) -> Result<Arc<Vec<Resource>>, RefreshError> {
        // Held while listing: others that need it wait for this listing instead of making their own.
        let mut live = self.live.lock().await;
        if let Some(live) = live.get(site).filter(|live| live.listed.elapsed() < LISTING_LIFE) {
            return Ok(Arc::clone(&live.resources));
        }
        let mut witness = rest::witness(&*self.sessions.on(site).await?).await?;
        // What could not be listed might be what was meant.
        if let Some(failure) = witness.failures.pop() {
            return Err(failure.into());
        }
        let resources = Arc::new(resources(site, witness));
        live.insert(site.clone(), Live { listed: Instant::now(), resources: Arc::clone(&resources) });
        Ok(resources)
    }
}

fn is_as_mapped(seen: &RestResource, mapped: &Resource) -> bool {
    let project = seen.project.as_ref();
    let id = project.and_then(|project| project.id.as_ref());
    let is_same_project = if let (Some(seen), Some(mapped)) = (id, &mapped.project_luid) {
        seen == mapped
    } else {
        let leaf = project.and_then(|project| project.name.as_deref());
        leaf.is_none_or(|leaf| leaf == mapped.key.project.leaf())
    };
    seen.name == mapped.key.name && is_same_project
}

fn resources(site: &SiteName, witness: Witness) -> Vec<Resource> {
    let Witness { listings, projects, failures: _ } = witness;
    let mut resources = Vec::new();
    for (kind, listing) in listings {
        for entry in listing.entries {
            // What is in a Personal Space is not in the map either.
            let Some(reference) = &entry.project else { continue };
            let path = reference.id.as_ref().and_then(|luid| projects.path(luid));
            let project =
                path.unwrap_or_else(|| ProjectPath::leaf_only(reference.name.as_deref().unwrap_or_default()));
            resources.push(Resource {
                vizportal_url_id: entry.vizportal_url_id(),
                project_luid: reference.id.clone(),
                key: ResourceKey { site: site.clone(), kind, project, name: entry.name },
                luid: entry.id,
            });
        }
    }
    resources
}
