//! The one resource of the map that fits.

use std::collections::BTreeSet;

use super::error::ResolveError;
use super::loaded_map::LoadedMap;
use super::question::Question;
use crate::resource::matching::{Lookup, near};
use crate::resource::{Resource, ResourceKind, SiteName};
use crate::store::Store;

impl Question {
    /// The one resource of the map that fits.
    pub async fn resolve(&self, store: &dyn Store) -> Result<Resource, ResolveError> {
        let found = store.find(&self.lookup, &self.sites).await?;
        self.refuse_other_server(found.server.as_deref())?;
        let rows = found.rows.iter().map(|row| &row.resource);
        if self.is_by_name() && !rows.clone().any(|one| self.fits(one)) {
            // For the near names.
            return self.resolve_in(&LoadedMap::load(store, &self.sites).await?, store).await;
        }
        self.with_history(self.answer(rows), store).await
    }

    /// The one resource that fits in a map that was loaded for several questions.
    pub async fn resolve_in(&self, map: &LoadedMap, store: &dyn Store) -> Result<Resource, ResolveError> {
        self.refuse_map_of_other_server(map)?;
        let rows = map.on(&self.sites).flat_map(|mapping| &mapping.rows).map(|row| &row.resource);
        self.with_history(self.answer(rows), store).await
    }

    /// Fails where what would be searched belongs to another server than the question is for.
    pub fn refuse_map_of_other_server(&self, map: &LoadedMap) -> Result<(), ResolveError> {
        map.on(&self.sites).try_for_each(|mapping| self.refuse_other_server(mapping.server.as_deref()))
    }

    /// The change log may know what became of what the map does not have.
    async fn with_history(
        &self,
        answer: Result<&Resource, ResolveError>,
        store: &dyn Store,
    ) -> Result<Resource, ResolveError> {
        match answer {
            Err(unknown @ ResolveError::Unknown { .. }) => {
                Err(self.what_became_of_it(store).await?.unwrap_or(unknown))
            }
            answer => answer.cloned(),
        }
    }

    /// The one of `resources` that fits.
    pub fn answer<'a>(
        &self,
        resources: impl Iterator<Item = &'a Resource> + Clone,
    ) -> Result<&'a Resource, ResolveError> {
        // A table that another tool wrote may hold a resource twice.
        let mut seen = BTreeSet::new();
        let mut fitting = resources.clone().filter(|one| self.fits(one) && seen.insert(one.id()));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Ok(one),
            (Some(one), Some(other)) => {
                let mut candidates: Vec<_> = [one, other].into_iter().chain(fitting).cloned().collect();
                candidates.sort_by_key(|one| (one.key.site.clone(), one.key.kind, one.place()));
                Err(ResolveError::Ambiguous { what: self.to_string(), candidates })
            }
            (None, _) => {
                let hint = self.sites.iter().find_map(SiteName::hint);
                let help = match &self.lookup {
                    _ if resources.clone().next().is_none() && self.is_by_name() => {
                        let place = if self.sites.is_empty() {
                            "the map is empty"
                        } else {
                            "the map has no rows for that site"
                        };
                        hint.unwrap_or_else(|| format!("{place}: `tabmap sync` fills it"))
                    }
                    Lookup::Name { kind, name } => near_names(*kind, name, resources),
                    Lookup::Number { .. } | Lookup::Address { .. } | Lookup::Luid { .. } => {
                        "if it was created recently, run `tabmap sync` first".to_owned()
                    }
                };
                Err(ResolveError::Unknown { what: self.to_string(), help })
            }
        }
    }
}

fn near_names<'a>(kind: ResourceKind, name: &str, resources: impl Iterator<Item = &'a Resource>) -> String {
    let near = near(kind, name, resources);
    let names: Vec<_> = near.into_iter().map(|one| format!("`{}`", one.place())).collect();
    if names.is_empty() {
        return "names must match exactly, including case; `tabmap list` shows all, `tabmap sync` brings the map up to \
                date"
            .to_owned();
    }
    format!(
        "did you mean {}? Names must match exactly, including case, and so must `--project`",
        names.join(", ")
    )
}
