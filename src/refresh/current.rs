//! Whether the map's LUID is still the one: REST knows.

use jiff::Timestamp;

use super::attempt::Attempt;
use super::error::RefreshError;
use crate::resolve::ResolveError;
use crate::resource::Resource;
use crate::tableau::content::{Presence, RestResource};
use crate::text::on_one_line;

impl Attempt<'_> {
    /// Makes sure that `refreshed.luid` is what was asked for, and answers the server's time. Where the LUID is
    /// gone, or its name belongs to another resource now, resolves on Tableau itself, once.
    pub(super) async fn verify(&mut self) -> Result<Timestamp, RefreshError> {
        let seen = self.session().await?.look(self.key().kind, &self.refreshed.luid).await?;
        match &seen.presence {
            Presence::There(resource) if is_as_mapped(resource, &self.wanted.resource) => return Ok(seen.at),
            Presence::There(resource) => {
                self.refreshed.is_stale = true;
                // Whoever gave an address or a LUID means this resource, whatever it is called now.
                if !self.wanted.question.is_by_name() {
                    return Ok(seen.at);
                }
                self.resolve_live(Some(place_of(resource))).await?;
            }
            Presence::Gone => self.resolve_live(None).await?,
            // Not gone: a stale LUID will be answered with 404 when it is posted.
            Presence::Hidden(reason) => {
                tracing::warn!(%reason, "could not check the LUID of the map; continuing with it");
                if let Some(heir) = self.heir_of_hidden().await {
                    self.go_on_with(&heir);
                }
                return Ok(seen.at);
            }
        }
        Ok(seen.at)
    }

    /// Finds what was asked for among what is on the site now. `now_at` is where the resource of the map is; `None` when
    /// Tableau shows nothing with its LUID.
    pub(super) async fn resolve_live(&mut self, now_at: Option<String>) -> Result<(), RefreshError> {
        self.refreshed.is_stale = true;
        let resources = self.refresher.live(self.site()).await?;
        let mapped = &self.wanted.resource;
        let found = match heir(&resources, mapped) {
            Some(heir) => Ok(heir),
            None => self.wanted.question.answer(resources.iter()),
        };
        let (what, luid) = (mapped.key.to_string(), mapped.luid.clone());
        let stale = |error: ResolveError| match (error, now_at) {
            (ResolveError::Unknown { .. }, None) => RefreshError::Gone { what, luid },
            (ResolveError::Unknown { .. }, Some(now)) => RefreshError::Elsewhere { what, luid, now },
            (error, _) => RefreshError::Stale { luid, source: Box::new(error) },
        };
        let found = found.map_err(stale)?.clone();
        self.go_on_with(&found);
        Ok(())
    }

    /// The one that took the name of a resource that may not be looked at and is not listed any more.
    async fn heir_of_hidden(&self) -> Option<Resource> {
        let resources = match self.refresher.live(self.site()).await {
            Ok(resources) => resources,
            Err(error) => {
                tracing::warn!(reason = %error, "could not list the site either");
                return None;
            }
        };
        let is_listed = resources.iter().any(|one| one.luid == self.refreshed.luid);
        let heir = heir(&resources, &self.wanted.resource).filter(|_| !is_listed);
        heir.cloned()
    }

    fn go_on_with(&mut self, found: &Resource) {
        let mapped = &self.wanted.resource;
        tracing::warn!(
            resource = %mapped.key,
            mapped = %mapped.luid,
            current = %found.luid,
            "the map is out of date; continuing with the current LUID"
        );
        self.refreshed.is_stale = true;
        self.refreshed.luid = found.luid.clone();
    }
}

/// Published again: the only other of the same name in the same project.
fn heir<'a>(resources: &'a [Resource], mapped: &Resource) -> Option<&'a Resource> {
    let mut heirs = resources.iter().filter(|one| {
        one.luid != mapped.luid
            && one.key.kind == mapped.key.kind
            && one.key.name == mapped.key.name
            && one.key.project.agrees_with(&mapped.key.project)
    });
    heirs.next().filter(|_| heirs.next().is_none())
}

fn place_of(seen: &RestResource) -> String {
    let project = seen.project.as_ref().and_then(|project| project.name.as_deref()).unwrap_or_default();
    on_one_line(&format!("{project}::{}", seen.name))
}

fn is_as_mapped(seen: &RestResource, mapped: &Resource) -> bool {
    let project = seen.project.as_ref();
    let id = project.and_then(|project| project.id.as_ref());
    let is_same_project = if let (Some(seen), Some(mapped)) = (id, &mapped.details.project_luid) {
        seen == mapped
    } else {
        let leaf = project.and_then(|project| project.name.as_deref());
        leaf.is_none_or(|leaf| leaf == mapped.key.project.leaf())
    };
    seen.name == mapped.key.name && is_same_project
}
