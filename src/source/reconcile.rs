//! What the Metadata API listed and what REST witnessed become the resources of a snapshot. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::witness::Witness;
use crate::index::Index;
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};
use crate::snapshot::Notes;
use crate::tableau::content::{Listing, Projects, RestResource};
use crate::tableau::metadata::Node;

/// What the Metadata API says of its own listing.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Codes that say that something may be missing.
    pub codes: BTreeSet<String>,
    /// `totalCount`.
    pub announced: Option<usize>,
}

/// One listing of the Metadata API.
#[derive(Debug, Default)]
pub struct Listed {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// What speaks against their completeness.
    pub evidence: Evidence,
}

/// What REST said of single resources.
#[derive(Debug, Default)]
pub struct Lookups {
    /// Those that exist.
    pub found: BTreeMap<ResourceKind, Vec<RestResource>>,
    /// Those that do not.
    pub gone: BTreeSet<(ResourceKind, Luid)>,
    /// Those that REST was to confirm and did not: their rows stay as they are.
    pub open: BTreeSet<(ResourceKind, Luid)>,
    /// Those that a map which holds others lacks, and REST did not confirm either.
    pub unproven: BTreeSet<(ResourceKind, Luid)>,
    /// Why REST could not be asked for some.
    pub warnings: Vec<String>,
}

/// What a snapshot is made of.
#[derive(Debug, Default)]
pub struct Found {
    /// The resources of both kinds.
    pub resources: Vec<Resource>,
    /// The kinds of which nothing is missing.
    pub complete: BTreeSet<ResourceKind>,
    /// What surely has no place in the map any more: gone, or, of a complete kind, seen where nothing is mapped.
    pub gone: BTreeSet<(ResourceKind, Luid)>,
    /// Listed by the Metadata API without their names, and not shown by REST.
    pub withheld: BTreeSet<(ResourceKind, Luid)>,
    /// Seen in a Personal Space, where nothing is mapped.
    personal: BTreeSet<(ResourceKind, Luid)>,
    /// What is worth telling.
    pub notes: Notes,
}

/// A Personal Space as the Metadata API may call it in place of a project.
const PERSONAL_SPACE: &str = "Personal Space";

/// Puts together what both listed of `site`, and what single looks brought. A kind that is not in `listed` was not asked of
/// the Metadata API.
#[must_use]
pub fn reconcile(
    site: &SiteName,
    mut listed: BTreeMap<ResourceKind, Listed>,
    mut witness: Witness,
    mut lookups: Lookups,
) -> Found {
    let mut found = Found { gone: lookups.gone, ..Found::default() };
    found.notes.warnings.append(&mut lookups.warnings);
    if witness.projects.is_cut_short {
        found.notes.warnings.push(
            "the REST listing of projects may be incomplete: rows keep the project paths that the map knows, and new ones may \
             have only the name of their project"
                .to_owned(),
        );
    }
    for kind in ResourceKind::ALL {
        let listed = listed.remove(&kind);
        let nodes = listed.iter().flat_map(|listed| &listed.nodes);
        found.notes.skipped += nodes.filter(|node| node.luid.is_none()).count() as u64;
        let reader = Reader { site, kind, projects: &witness.projects, is_listed_twice: listed.is_some() };
        let looked_up = lookups.found.remove(&kind).unwrap_or_default();
        let open: BTreeSet<Luid> =
            lookups.open.iter().filter(|(of, _)| *of == kind).map(|(_, luid)| luid.clone()).collect();
        let unproven = lookups.unproven.iter().filter(|(of, _)| *of == kind).count();
        if let Some(listing) = witness.listings.remove(&kind) {
            let nodes = listed.map(|listed| listed.nodes).unwrap_or_default();
            reader.with_witness(&nodes, listing, looked_up, open.is_empty(), &mut found);
        } else if let Some(listed) = listed {
            reader.alone(listed, looked_up, &Doubts { open, unproven }, &mut found);
        } else {
            reader.unlisted(looked_up, open.len(), &mut found);
        }
    }
    found.personal.retain(|(kind, _)| found.complete.contains(kind));
    found.gone.append(&mut found.personal);
    found
}

/// What the Metadata API says otherwise than the map, and REST did not confirm.
struct Doubts {
    /// Left as the map has them.
    open: BTreeSet<Luid>,
    /// How many new ones there are: taken in, for they are in nobody's place.
    unproven: usize,
}

struct Reader<'a> {
    site: &'a SiteName,
    kind: ResourceKind,
    projects: &'a Projects,
    /// Whether the Metadata API was asked too, so that it can lag behind.
    is_listed_twice: bool,
}

impl Reader<'_> {
    fn with_witness(
        &self,
        nodes: &[Node],
        listing: Listing<RestResource>,
        looked_up: Vec<RestResource>,
        is_answered: bool,
        found: &mut Found,
    ) {
        let by_luid = Index::of(nodes, |node| node.luid.clone());
        let mut is_taken: Vec<_> = nodes.iter().map(|node| node.luid.is_none()).collect();
        for (_, position) in &by_luid.repeated {
            is_taken[*position] = true;
        }
        let mut take = |luid: &Luid| {
            by_luid
                .position(&Some(luid.clone()))
                .filter(|position| !mem::replace(&mut is_taken[*position], true))
        };
        let count = listing.entries.len() + listing.unreadable.len();
        for luid in listing.unreadable.iter().filter_map(|one| one.luid.as_ref()) {
            take(luid);
        }
        for entry in listing.entries.into_iter().chain(looked_up) {
            let node = take(&entry.id).map(|position| &nodes[position]);
            self.witnessed(entry, node, found);
        }
        let nodes = || nodes.iter().zip(&is_taken).filter(|(_, is_taken)| !**is_taken).map(|(node, _)| node);
        let withheld = nodes().filter(|node| node.name.is_none()).filter_map(|node| node.luid.clone());
        found.withheld.extend(withheld.map(|luid| (self.kind, luid)).filter(|id| !found.gone.contains(id)));
        // What an incomplete listing lacks is a ghost only once REST has said so.
        let is_ghost =
            |luid: &&Luid| listing.is_complete || found.gone.contains(&(self.kind, (*luid).clone()));
        found.notes.ghosts += nodes().filter_map(|node| node.luid.as_ref()).filter(is_ghost).count() as u64;
        found.notes.skipped += listing.unreadable.len() as u64;
        if let [first, ..] = listing.unreadable.as_slice() {
            let count = listing.unreadable.len();
            let warning = format!(
                "REST lists {count} {}(s) that cannot be read, the first is {}",
                self.kind, first.reason
            );
            found.notes.warnings.push(warning);
        }
        let counts = listing.announced.filter(|announced| *announced != count).map(|announced| {
            format!("the REST listing of {}s announced {announced} and held {count}", self.kind)
        });
        if listing.is_complete && is_answered {
            found.complete.insert(self.kind);
            found.notes.warnings.extend(counts);
        } else if let Some(counts) = counts.filter(|_| is_answered) {
            found.notes.warnings.push(format!(
                "{counts}: if this does not change, set `counts_may_differ` under [tableau] in tabmap.toml to take the listing for complete"
            ));
        } else {
            let why = if is_answered { "changed while it was read" } else { "could not be checked" };
            found.notes.warnings.push(format!("the REST listing of {}s {why}", self.kind));
        }
    }

    /// Takes in what REST says, and the number in the URL from either side.
    fn witnessed(&self, entry: RestResource, node: Option<&Node>, found: &mut Found) {
        let luid = entry.id.clone();
        let Some(mut resource) = entry.into_resource(self.site, self.kind, self.projects) else {
            found.notes.skipped += 1;
            found.personal.insert((self.kind, luid));
            return;
        };
        let lags = node.is_none_or(|node| {
            let says_otherwise = |said: Option<&String>, is: &str| said.is_some_and(|said| said != is);
            says_otherwise(node.name.as_ref(), &resource.key.name)
                || says_otherwise(node.project_name.as_ref(), resource.key.project.leaf())
        });
        found.notes.lagging += u64::from(self.is_listed_twice && lags);
        if let Some(number) = node.and_then(|node| node.vizportal_url_id.clone()) {
            resource.details.vizportal_url_id = Some(number);
        }
        found.resources.push(resource);
    }

    fn alone(&self, listed: Listed, looked_up: Vec<RestResource>, doubts: &Doubts, found: &mut Found) {
        let Evidence { mut codes, announced } = listed.evidence;
        let unconfirmed = doubts.open.len() + doubts.unproven;
        if unconfirmed > 0 {
            codes.insert(format!("REST could not confirm {unconfirmed} that differ from the map"));
        }
        if announced != Some(listed.nodes.len()) {
            codes.insert(format!(
                "{} of {} listed",
                listed.nodes.len(),
                announced.map_or_else(|| "an unknown number".to_owned(), |count| count.to_string())
            ));
        }
        let mut seen: BTreeMap<Luid, RestResource> =
            looked_up.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
        for node in listed.nodes {
            let Some(luid) = node.luid.clone() else { continue };
            if found.gone.contains(&(self.kind, luid.clone())) {
                found.notes.ghosts += 1;
            } else if let Some(entry) = seen.remove(&luid) {
                self.witnessed(entry, Some(&node), found);
            } else if node.name.is_none() {
                found.notes.skipped += 1;
                // The resource exists; its row must not go because its name is withheld.
                codes.insert("withheld names".to_owned());
            } else if !doubts.open.contains(&luid) {
                self.listed(luid, node, found);
            }
        }
        for entry in seen.into_values() {
            self.witnessed(entry, None, found);
        }
        if codes.is_empty() {
            found.complete.insert(self.kind);
        } else {
            let codes = codes.into_iter().collect::<Vec<_>>().join(", ");
            let warning = format!("the Metadata API's listing of {}s may be incomplete ({codes})", self.kind);
            found.notes.warnings.push(warning);
        }
    }

    /// Takes in what single looks brought of a kind that nobody could list.
    fn unlisted(&self, looked_up: Vec<RestResource>, unanswered: usize, found: &mut Found) {
        for entry in looked_up {
            self.witnessed(entry, None, found);
        }
        if unanswered > 0 {
            found.notes.warnings.push(format!(
                "{unanswered} {}(s) of the map could not be looked up by LUID either: their rows stay as they are",
                self.kind
            ));
        }
    }

    /// Takes in what the Metadata API alone says.
    fn listed(&self, luid: Luid, node: Node, found: &mut Found) {
        let is_personal = node.project_luid.is_none() && node.project_name.as_deref() == Some(PERSONAL_SPACE);
        let (Some(name), Some(project_name)) = (node.name, node.project_name.filter(|_| !is_personal)) else {
            found.notes.skipped += 1;
            return;
        };
        found.resources.push(Resource {
            key: self.key(ProjectPath::leaf_only(&project_name), name),
            luid,
            details: Details {
                project_luid: node.project_luid,
                vizportal_url_id: node.vizportal_url_id,
                ..Details::default()
            },
        });
    }

    fn key(&self, project: ProjectPath, name: String) -> ResourceKey {
        ResourceKey { site: self.site.clone(), kind: self.kind, project, name }
    }
}

#[cfg(test)]
mod tests;
