//! Second looks: before a listing takes a resource away or, without a witness, brings one, REST is asked for that one.
//!
//! REST cuts its pages by position, so a resource may slip through between two of them when another is deleted
//! meanwhile; the Metadata API lists ghosts. A resource is gone when REST answers 404 for its LUID.

use std::collections::{BTreeMap, BTreeSet};

use super::SourceError;
use super::reconcile::Listed;
use super::rest::{self, RestResource, Witness};
use crate::mapping::Mapping;
use crate::resource::{Luid, ResourceKind};
use crate::tableau::Session;

/// More than this are not asked for one by one: a listing is read again in their place.
const MOST_LOOKED_UP: usize = 100;

/// What REST said of single resources.
#[derive(Debug, Default)]
pub struct Lookups {
    /// Those that exist.
    pub found: BTreeMap<ResourceKind, Vec<RestResource>>,
    /// Those that do not.
    pub gone: BTreeSet<(ResourceKind, Luid)>,
    /// Kinds of which REST did not answer for all.
    pub unanswered: BTreeSet<ResourceKind>,
}

/// Asks for what the map knows and REST did not list; and, where REST could not list a kind, for all that the map and
/// the Metadata API know of it, if that is not too much.
pub async fn look_up(
    session: &Session,
    listed: &BTreeMap<ResourceKind, Listed>,
    witness: &mut Witness,
    known: &Mapping,
) -> Result<Lookups, SourceError> {
    let mut lookups = Lookups::default();
    for kind in ResourceKind::ALL {
        let mapped: BTreeSet<Luid> = known
            .rows
            .iter()
            .map(|row| &row.resource)
            .filter(|resource| resource.key.kind == kind)
            .map(|resource| resource.luid.clone())
            .collect();
        let nodes: BTreeSet<Luid> = listed
            .get(&kind)
            .into_iter()
            .flat_map(|listed| &listed.nodes)
            .filter_map(|node| node.luid.clone())
            .collect();
        let doubtful: BTreeSet<Luid> = match witness.listings.get_mut(&kind) {
            Some(listing) => {
                let missing = |entries: &[RestResource]| {
                    let seen: BTreeSet<&Luid> = entries.iter().map(|entry| &entry.id).collect();
                    mapped.iter().filter(|luid| !seen.contains(luid)).cloned().collect::<BTreeSet<Luid>>()
                };
                let mut gone = missing(&listing.entries);
                if gone.len() > MOST_LOOKED_UP {
                    let again = rest::list_kind(session, kind).await?;
                    listing.is_complete &= again.is_complete;
                    listing
                        .entries
                        .extend(again.entries.into_iter().filter(|entry| gone.contains(&entry.id)));
                    gone = BTreeSet::new();
                }
                gone
            }
            // The Metadata API may lag behind in all that it lists.
            None => mapped.union(&nodes).cloned().collect(),
        };
        if doubtful.len() <= MOST_LOOKED_UP {
            lookups.ask(session, kind, doubtful).await?;
        }
    }
    Ok(lookups)
}

impl Lookups {
    async fn ask(
        &mut self,
        session: &Session,
        kind: ResourceKind,
        luids: BTreeSet<Luid>,
    ) -> Result<(), SourceError> {
        for luid in luids {
            match rest::find(session, kind, &luid).await {
                Ok(Some(resource)) => self.found.entry(kind).or_default().push(resource),
                Ok(None) => drop(self.gone.insert((kind, luid))),
                Err(error) if error.concerns_the_run() => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%kind, %luid, reason = %error, "REST could not be asked for one resource");
                    self.unanswered.insert(kind);
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
