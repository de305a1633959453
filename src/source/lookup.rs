//! Second looks: before a listing takes a resource away or, without a witness, brings one, REST is asked for that one.
//!
//! REST cuts its pages by position, so a resource may slip through between two of them when another is deleted
//! meanwhile; the Metadata API lists ghosts. A resource is gone when REST answers 404 for its LUID.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::iter;

use super::SourceError;
use super::reconcile::{Listed, Lookups};
use super::witness::Witness;
use crate::mapping::Mapping;
use crate::resource::{Luid, Resource, ResourceKind};
use crate::tableau::content::{Listing, Presence, RestResource};
use crate::tableau::metadata::Node;
use crate::tableau::{Session, TableauError};

/// More than this are not asked for one by one: a listing is read again in their place.
const MOST_LOOKED_UP: usize = 100;

/// Asks for what the map knows and REST did not list; and, where REST could not list a kind, for all that the map and
/// the Metadata API know of it or, if that is too much, for what they differ in.
pub async fn look_up(
    session: &Session,
    listed: &BTreeMap<ResourceKind, Listed>,
    witness: &mut Witness,
    known: &Mapping,
) -> Result<Lookups, SourceError> {
    let mut lookups = Lookups::default();
    for kind in ResourceKind::ALL {
        let rows: Vec<&Resource> =
            known.rows.iter().map(|row| &row.resource).filter(|resource| resource.key.kind == kind).collect();
        let nodes = listed.get(&kind).map_or(&[][..], |listed| &listed.nodes);
        if let Some(listing) = witness.listings.get_mut(&kind) {
            lookups.beside(listing, session, kind, &rows).await?;
            if !listing.is_complete {
                lookups.behind_an_incomplete_listing(listing, session, kind, &rows, nodes).await?;
            }
        } else {
            lookups.in_place_of_a_listing(session, kind, &rows, nodes).await?;
        }
    }
    Ok(lookups)
}

/// What would turn the map back if the Metadata API lags behind.
#[derive(Default)]
struct Difference {
    /// Rows that it does not list or lists elsewhere, and what it lists in the place of a row.
    disputed: BTreeSet<Luid>,
    /// What else it lists and the map does not hold.
    new: BTreeSet<Luid>,
}

impl Difference {
    fn of(nodes: &[Node], rows: &[&Resource]) -> Self {
        let by_luid: BTreeMap<&Luid, &Node> =
            nodes.iter().filter_map(|node| Some((node.luid.as_ref()?, node))).collect();
        let mapped: BTreeSet<&Luid> = rows.iter().map(|row| &row.luid).collect();
        let places: BTreeSet<(&str, &str)> = rows.iter().map(|row| place_of_row(row)).collect();
        let mut difference = Self::default();
        for row in rows {
            let is_as_mapped = by_luid
                .get(&row.luid)
                .is_some_and(|node| node.name.is_none() || place_of_node(node) == Some(place_of_row(row)));
            if !is_as_mapped {
                difference.disputed.insert(row.luid.clone());
            }
        }
        for (luid, node) in by_luid.into_iter().filter(|(luid, _)| !mapped.contains(luid)) {
            let is_in_a_place = place_of_node(node).is_some_and(|place| places.contains(&place));
            let kind = if is_in_a_place { &mut difference.disputed } else { &mut difference.new };
            kind.insert(luid.clone());
        }
        difference
    }
}

fn place_of_row(row: &Resource) -> (&str, &str) {
    (row.key.project.leaf(), &row.key.name)
}

fn place_of_node(node: &Node) -> Option<(&str, &str)> {
    Some((node.project_name.as_deref()?, node.name.as_deref()?))
}

impl Lookups {
    async fn beside(
        &mut self,
        listing: &mut Listing<RestResource>,
        session: &Session,
        kind: ResourceKind,
        rows: &[&Resource],
    ) -> Result<(), SourceError> {
        let seen: HashSet<&Luid> = listing.entries.iter().map(|entry| &entry.id).collect();
        let mapped = rows.iter().map(|row| &row.luid);
        let missing: BTreeSet<Luid> = mapped.filter(|luid| !seen.contains(luid)).cloned().collect();
        if missing.len() <= MOST_LOOKED_UP {
            let unanswered = self.ask(session, kind, &missing).await?;
            self.open.extend(unanswered.into_iter().map(|luid| (kind, luid)));
        } else {
            let again = session.list_kind(kind).await?;
            listing.is_complete &= again.is_complete;
            listing.entries.extend(again.entries.into_iter().filter(|entry| missing.contains(&entry.id)));
        }
        Ok(())
    }

    /// Asks for what the Metadata API lists and neither the listing nor the map has: it may be what was republished
    /// in the place of a row. Where that is too much, it asks for what stands in the place of a row alone.
    async fn behind_an_incomplete_listing(
        &mut self,
        listing: &Listing<RestResource>,
        session: &Session,
        kind: ResourceKind,
        rows: &[&Resource],
        nodes: &[Node],
    ) -> Result<(), SourceError> {
        let known: BTreeSet<&Luid> =
            listing.entries.iter().map(|entry| &entry.id).chain(rows.iter().map(|row| &row.luid)).collect();
        let is_lacking = |luid: &&Luid| !known.contains(*luid);
        let all: BTreeSet<Luid> =
            nodes.iter().filter_map(|node| node.luid.as_ref()).filter(is_lacking).cloned().collect();
        let disputed: BTreeSet<Luid> =
            Difference::of(nodes, rows).disputed.iter().filter(is_lacking).cloned().collect();
        if let Some(luids) = [&all, &disputed].into_iter().find(|luids| luids.len() <= MOST_LOOKED_UP) {
            self.ask(session, kind, luids).await?;
        }
        Ok(())
    }

    async fn in_place_of_a_listing(
        &mut self,
        session: &Session,
        kind: ResourceKind,
        rows: &[&Resource],
        nodes: &[Node],
    ) -> Result<(), SourceError> {
        let Difference { disputed, new } = Difference::of(nodes, rows);
        let mapped = rows.iter().map(|row| row.luid.clone());
        let all: BTreeSet<Luid> = mapped.chain(nodes.iter().filter_map(|node| node.luid.clone())).collect();
        let differing: BTreeSet<Luid> = disputed.union(&new).cloned().collect();
        let asked = [&all, &differing, &disputed].into_iter().find(|luids| luids.len() <= MOST_LOOKED_UP);
        if let Some(luids) = asked {
            self.ask(session, kind, luids).await?;
        }
        let found = self.found.get(&kind).into_iter().flatten().map(|resource| resource.id.clone());
        let gone = self.gone.iter().filter(|(of, _)| *of == kind).map(|(_, luid)| luid.clone());
        let settled: BTreeSet<Luid> = found.chain(gone).collect();
        self.open.extend(disputed.difference(&settled).map(|luid| (kind, luid.clone())));
        if !rows.is_empty() {
            self.unproven.extend(new.difference(&settled).map(|luid| (kind, luid.clone())));
        }
        Ok(())
    }

    /// Asks for each of `luids`; returns those for which there was no answer.
    ///
    /// A refusal is an answer, though no proof that the resource is gone: this user may not see it, as in the listing.
    async fn ask(
        &mut self,
        session: &Session,
        kind: ResourceKind,
        luids: &BTreeSet<Luid>,
    ) -> Result<Vec<Luid>, SourceError> {
        let mut refused = Vec::new();
        let mut unanswered = Vec::new();
        let mut luids = luids.iter().filter(|luid| luid.is_well_formed());
        while let Some(luid) = luids.next() {
            match session.look(kind, luid).await.map(|seen| seen.presence) {
                Ok(Presence::There(resource)) => self.found.entry(kind).or_default().push(resource),
                Ok(Presence::Gone) => drop(self.gone.insert((kind, luid.clone()))),
                Ok(Presence::Hidden(error)) => refused.push(error),
                Err(error) if error.concerns_the_run() => return Err(error.into()),
                Err(error @ TableauError::Refused { .. }) if !error.may_pass_with_less() => {
                    refused.push(error);
                }
                Err(error) => {
                    self.warnings.push(format!("REST could not be asked for the {kind} {luid}: {error}"));
                    unanswered.extend(iter::once(luid).chain(&mut luids).cloned());
                }
            }
        }
        if let Some(first) = refused.first() {
            let count = refused.len();
            self.warnings.push(format!("REST does not show {count} {kind}(s) by LUID, the first is {first}"));
        }
        Ok(unanswered)
    }
}
