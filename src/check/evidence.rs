//! What is gathered before anything is judged: the map and its log, and what Tableau lists now.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use miette::Diagnostic;
use thiserror::Error;

use super::finding::Finding;
use super::knowledge::SiteView;
use super::map;
use super::severities::Severities;
use crate::diff::{ChangeSet, diff, with_knowledge_of_map};
use crate::mapping::Mapping;
use crate::resource::{ResourceKind, SiteName};
use crate::snapshot::Snapshot;
use crate::source::{Source, SourceError};
use crate::store::{Past, Store, StoreError};

/// Why there is nothing to judge by.
#[derive(Debug, Error, Diagnostic)]
pub enum EvidenceError {
    /// The map could not be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// A site could not be listed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Source(#[from] SourceError),
    /// A map without a single row.
    #[error("the map in {0} is empty, so nothing can be checked")]
    #[diagnostic(
        code(tabmap::check::empty_map),
        help("fill it with `tabmap sync`, or ask Tableau with `--live`")
    )]
    EmptyMap(String),
    /// Tableau lists nothing at all.
    #[error("this account sees nothing on site `{0}`: there is nothing to check by")]
    #[diagnostic(
        code(tabmap::check::nothing_seen),
        help(
            "a token or user that lost its permissions sees nothing: check what the account sees in Tableau, and that the \
             right site is named (`--site`)"
        )
    )]
    NothingSeen(SiteName),
}

/// The map and its log, and what Tableau lists now: either may be left out.
#[derive(Debug, Default)]
pub struct Evidence {
    mappings: Vec<Mapping>,
    snapshots: Vec<Snapshot>,
    /// How many of a kind this account does not see that may be there: what a listing lacks may be one of them.
    hidden: BTreeMap<(SiteName, ResourceKind), u64>,
    /// What the map remembers.
    pub past: Past,
    /// The server that the map belongs to.
    pub server: Option<String>,
}

impl Evidence {
    /// Loads every site of the map, and those of `sites` that it lacks.
    pub async fn load(&mut self, store: &dyn Store, sites: &[SiteName]) -> Result<(), EvidenceError> {
        let mut all = store.sites().await?;
        for wanted in sites {
            if !all.iter().any(|known| known.is_same_site(wanted)) {
                all.push(wanted.clone());
            }
        }
        for site in all {
            self.mappings.push(store.load(&site).await?);
        }
        if self.mappings.iter().all(|mapping| mapping.rows.is_empty()) {
            return Err(EvidenceError::EmptyMap(store.name()));
        }
        self.past = store.past().await?;
        self.server = self.mappings.iter().find_map(|mapping| mapping.server.clone());
        Ok(())
    }

    /// Lists `sites`, of the server that the map belongs to.
    pub async fn list(&mut self, source: &dyn Source, sites: &[SiteName]) -> Result<(), EvidenceError> {
        let run = source.server();
        if let Some(map) = self.server.clone().filter(|map| *map != run) {
            return Err(StoreError::OtherServer { map, run }.into());
        }
        for site in sites {
            let unknown = Mapping::empty(site);
            let known = self.mapping(site).unwrap_or(&unknown);
            let snapshot = source.snapshot(site, known).await?;
            // The parents of a project may be hidden from us now and known to the map, as a sync would keep them.
            let mut snapshot = with_knowledge_of_map(snapshot, known);
            if self.mapping(site).is_none()
                && snapshot.resources().is_empty()
                && snapshot.header.is_complete()
            {
                return Err(EvidenceError::NothingSeen(snapshot.header.site));
            }
            for (kind, count) in self.not_seen(&snapshot) {
                snapshot.header.complete.remove(&kind);
                self.hidden.insert((snapshot.header.site.clone(), kind), count);
            }
            self.snapshots.push(snapshot);
        }
        Ok(())
    }

    /// What may be there and is not shown to this account, by kind: what the map holds of a kind that is not seen at all any
    /// more; without a map, what Tableau lists without names.
    fn not_seen(&self, snapshot: &Snapshot) -> Vec<(ResourceKind, u64)> {
        if let Some(mapping) = self.mapping(&snapshot.header.site) {
            return diff(snapshot, mapping).emptied().collect();
        }
        let withheld = ResourceKind::ALL.into_iter().map(|kind| (kind, snapshot.withheld(kind)));
        withheld.filter(|(_, count)| *count > 0).collect()
    }

    /// What Tableau did not list completely, or not to this account.
    #[must_use]
    pub fn incomplete(&self, severities: &Severities) -> Vec<Finding> {
        let hidden = |site: &SiteName, kind| self.hidden.get(&(site.clone(), kind)).copied();
        let of = |one: &Snapshot| {
            map::check_listing(&one.header, |kind| hidden(&one.header.site, kind), severities)
        };
        self.snapshots.iter().flat_map(of).collect()
    }

    fn mapping(&self, site: &SiteName) -> Option<&Mapping> {
        self.mappings.iter().find(|mapping| mapping.site.is_same_site(site))
    }

    /// What separates each listed site from the map.
    #[must_use]
    pub fn changes(&self) -> Vec<Option<ChangeSet>> {
        let of = |snapshot: &Snapshot| Some(diff(snapshot, self.mapping(&snapshot.header.site)?));
        self.snapshots.iter().map(of).collect()
    }

    /// Each site once, with [`Evidence::changes`].
    #[must_use]
    pub fn views<'a>(&'a self, changes: &'a [Option<ChangeSet>]) -> Vec<SiteView<'a>> {
        let listed = self.snapshots.iter().zip(changes).map(|(snapshot, changes)| SiteView {
            snapshot: Some(snapshot),
            mapping: self.mapping(&snapshot.header.site),
            changes: changes.as_ref(),
        });
        let is_listed = |mapping: &&Mapping| {
            self.snapshots.iter().any(|snapshot| snapshot.header.site.is_same_site(&mapping.site))
        };
        let others = self.mappings.iter().filter(|mapping| !is_listed(mapping));
        listed
            .chain(others.map(|mapping| SiteView { mapping: Some(mapping), ..SiteView::default() }))
            .collect()
    }

    /// The sites whose last complete sync is too long ago: of those that are asked for, or of all.
    #[must_use]
    pub fn too_old(
        &self,
        asked_for: &[SiteName],
        max_age: SignedDuration,
        now: Timestamp,
        severities: &Severities,
    ) -> Vec<Finding> {
        let sites = self.mappings.iter().map(|mapping| &mapping.site);
        let sites = sites.filter(|site| site.is_among(asked_for));
        let age =
            |site| map::check_age(site, self.past.complete_at.get(site).copied(), now, max_age, severities);
        sites.filter_map(age).collect()
    }
}
