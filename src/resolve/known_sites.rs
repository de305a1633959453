//! Whether the map knows the sites that somebody names.

use super::error::ResolveError;
use crate::resource::SiteName;
use crate::resource::matching::near_texts;
use crate::store::{Store, StoreError};

/// How many sites are named to who named none of them.
const MOST_NAMED: usize = 10;

/// The first of `sites` that the map knows nothing of: it has no rows, and no sync of it was ever complete.
pub async fn unknown_site(store: &dyn Store, sites: &[SiteName]) -> Result<Option<ResolveError>, StoreError> {
    let mut known = store.sites().await?;
    let has = |known: &[SiteName], site: &SiteName| known.iter().any(|one| one.is_same_site(site));
    if sites.iter().all(|site| has(&known, site)) {
        return Ok(None);
    }
    // A site may be known and empty.
    known.extend(store.past().await?.complete_at.into_keys());
    known.sort();
    known.dedup();
    let unknown = sites.iter().find(|site| !has(&known, site));
    Ok(unknown.map(|site| ResolveError::UnknownSite { site: site.clone(), help: help(site, &known) }))
}

fn help(site: &SiteName, known: &[SiteName]) -> String {
    if let Some(hint) = site.hint() {
        return hint;
    }
    if known.is_empty() {
        return "the map is empty: `tabmap sync` fills it".to_owned();
    }
    let shown: Vec<_> = known.iter().map(ToString::to_string).collect();
    let near = near_texts(&site.to_string(), shown.iter().map(|name| (name.as_str(), name)));
    let listed =
        |names: &[&String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if !near.is_empty() {
        return format!("did you mean {}?", listed(&near));
    }
    let first: Vec<_> = shown.iter().take(MOST_NAMED).collect();
    let more = if known.len() > MOST_NAMED { " and others" } else { "" };
    format!("it has {}{more}. `tabmap sync --site {site}` adds a new site", listed(&first))
}
