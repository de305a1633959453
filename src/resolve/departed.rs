//! What became of a resource that the map does not hold any more, by the change log.

use std::collections::BTreeSet;

use super::error::ResolveError;
use super::question::Question;
use crate::resource::Luid;
use crate::resource::matching::Lookup;
use crate::store::{ChangeFilter, RecordedChange, Store, StoreError};
use crate::text::on_one_line;

impl Question {
    /// The error that says so; `None` where the log knows nothing of it.
    pub(super) async fn what_became_of_it(
        &self,
        store: &dyn Store,
    ) -> Result<Option<ResolveError>, StoreError> {
        let (kind, luid) = match &self.lookup {
            Lookup::Luid { kind, luid } => (*kind, luid.clone()),
            Lookup::Number { kind, .. } | Lookup::Address { kind, .. } => {
                match self.last_with_it(store).await? {
                    Some(luid) => (Some(*kind), luid),
                    None => return Ok(None),
                }
            }
            Lookup::Name { .. } => return Ok(None),
        };
        let mut current = luid.clone();
        let mut seen = BTreeSet::new();
        let mut last = None;
        // A resource may have been republished more than once: the last of them counts.
        while seen.insert(current.clone()) {
            let fits = |change: &RecordedChange| {
                kind.is_none_or(|kind| kind == change.kind) && change.site.is_among(&self.sites)
            };
            let Some(change) = store.changes(&ChangeFilter::of_luid(&current)).await?.into_iter().rfind(fits)
            else {
                break;
            };
            let after = change.after.as_ref().map(|side| side.luid.clone());
            last = Some(change);
            match after {
                // It is in the map, only not where the question looked.
                Some(after) if after == luid => return Ok(None),
                Some(after) => current = after,
                None => break,
            }
        }
        let Some(last) = last else { return Ok(None) };
        let lookup = Lookup::Luid { kind: None, luid: current.clone() };
        let is_mapped = !store.find(&lookup, &self.sites).await?.rows.is_empty();
        Ok(Some(stale(luid, &last, is_mapped.then_some(&current))))
    }

    /// The resource that had this number or this name in its address last.
    async fn last_with_it(&self, store: &dyn Store) -> Result<Option<Luid>, StoreError> {
        let had_it = |change: &RecordedChange| {
            let before = change.resource_before()?;
            (self.lookup.fits(&before) && change.site.is_among(&self.sites)).then_some(before.luid)
        };
        Ok(store.past().await?.changes.iter().rev().find_map(had_it))
    }
}

/// What became of a LUID: `last` is the last change on its way, `current` the LUID that took its place.
fn stale(luid: Luid, last: &RecordedChange, current: Option<&Luid>) -> ResolveError {
    let side = last.after.as_ref().or(last.before.as_ref());
    let named = side.map(|side| {
        format!(" `{}` in project `{}`", on_one_line(&side.name), on_one_line(&side.project.to_string()))
    });
    let place = format!("{}{} on site `{}`", last.kind, named.unwrap_or_default(), last.site);
    let (what, help) = match current {
        Some(current) => (format!("{place} was republished"), format!("its LUID is {current} now")),
        None => (format!("{place} is gone"), format!("it was removed from the map at {}", last.changed_at)),
    };
    ResolveError::Stale { luid, what, help }
}
