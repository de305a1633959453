//! What happened: the changes of the log, all of them or those of one resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::resolve::{Question, ResolveError};
use crate::resource::{Luid, ResourceKind, SiteName};
use crate::store::{ChangeFilter, RecordedChange, Store};

/// Which changes somebody asks for.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The resource; `None` for all.
    pub question: Option<Question>,
    /// Time and run. What it says of resources does not count: `question` does.
    pub filter: ChangeFilter,
    /// The sites; all where none is named.
    pub sites: Vec<SiteName>,
    /// The kind.
    pub kind: Option<ResourceKind>,
}

/// A resource in the log: LUIDs of two sites or kinds have nothing in common.
type Id = (SiteName, ResourceKind, Luid);

impl History {
    /// The changes, oldest first. A resource that neither the map nor the log knows is an error.
    pub async fn changes(&self, store: &dyn Store) -> Result<Vec<RecordedChange>, ResolveError> {
        let filter = ChangeFilter { lookup: None, ..self.filter.clone() };
        let mut changes = match &self.question {
            Some(question) => of_resource(question, store).await?,
            None => store.changes(&filter).await?,
        };
        changes.retain(|change| {
            change.fits(&filter)
                && (self.question.is_some() || change.site.is_among(&self.sites))
                && self.kind.is_none_or(|kind| kind == change.kind)
        });
        Ok(changes)
    }
}

/// All that happened to the resources that fit now or did once, under whatever name and LUID: who asks for a name wants
/// to know what became of it.
async fn of_resource(question: &Question, store: &dyn Store) -> Result<Vec<RecordedChange>, ResolveError> {
    let mut next = fitting(question, store).await?;
    if next.is_empty() {
        // It says what the map has in its place.
        question.resolve(store).await?;
    }
    let mut seen = BTreeSet::new();
    let mut changes = BTreeMap::new();
    while let Some(id) = next.pop_first() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let (site, kind, luid) = &id;
        let of_it = store.changes(&ChangeFilter::of_luid(luid)).await?.into_iter();
        for change in of_it.filter(|change| change.site == *site && change.kind == *kind) {
            next.extend(ids(&change));
            let place = change.resource_after().or_else(|| change.resource_before()).map(|one| one.place());
            let order = (change.changed_at, change.run_id.clone(), place, ids(&change));
            changes.insert(order, change);
        }
    }
    Ok(changes.into_values().collect())
}

/// The resources of the map and of the log that the question asks for.
async fn fitting(question: &Question, store: &dyn Store) -> Result<BTreeSet<Id>, ResolveError> {
    let found = store.find(question.lookup(), question.sites()).await?;
    question.refuse_other_server(found.server.as_deref())?;
    let now = found.rows.into_iter().map(|row| row.resource);
    let filter = ChangeFilter { lookup: Some(question.lookup().clone()), ..ChangeFilter::default() };
    let logged = store.changes(&filter).await?;
    let once = logged.iter().flat_map(|change| [change.resource_before(), change.resource_after()]).flatten();
    let fitting = now.chain(once).filter(|one| question.fits(one) && one.key.site.is_among(question.sites()));
    Ok(fitting.map(|one| (one.key.site, one.key.kind, one.luid)).collect())
}

/// The resource of a change, before and after.
fn ids(change: &RecordedChange) -> Vec<Id> {
    let sides = [&change.before, &change.after].into_iter().flatten();
    sides.map(|side| (change.site.clone(), change.kind, side.luid.clone())).collect()
}
