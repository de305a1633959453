//! How a site is spelt: people write `mysite`, rows carry what sign-in answered, and other tools wrote what they liked.

use crate::mapping::Mapping;
use crate::resource::SiteName;
use crate::snapshot::{Header, Snapshot};
use crate::store::{Store, StoreError};

/// The mapping of `site` as the rows of the map spell it.
pub(super) async fn in_the_map(store: &dyn Store, site: &SiteName) -> Result<Mapping, StoreError> {
    let mapping = store.load(site).await?;
    if mapping.sites.contains(site) {
        return Ok(mapping);
    }
    match mapping.sites.iter().find(|known| known.is_same_site(site)) {
        Some(known) => store.load(known).await,
        None => Ok(mapping),
    }
}

/// The mapping of the site as sign-in spelt it.
pub(super) async fn as_signed_in(
    store: &dyn Store,
    mapping: Mapping,
    snapshot: &Snapshot,
) -> Result<Mapping, StoreError> {
    if mapping.site == snapshot.header.site { Ok(mapping) } else { store.load(&snapshot.header.site).await }
}

/// Names what no sync keeps up to date, and callers would meet beside our rows: those with another spelling of the site,
/// and those with another of their kind.
pub(super) fn warn_of_others(mapping: &Mapping, header: &mut Header) {
    for other in mapping.sites.iter().filter(|other| is_other_spelling(other, &header.site)) {
        header.notes.warnings.push(format!(
            "rows with SITE_ID '{}' are not kept up to date: Tableau spells the site '{}'; update or delete them",
            other.as_str(),
            header.site.as_str()
        ));
    }
    if mapping.misspelt_rows > 0 {
        header.notes.warnings.push(format!(
            "{} rows are not kept up to date, because their RESOURCE_TYPE is not written `workbook` or `datasource`: \
             update or delete them",
            mapping.misspelt_rows
        ));
    }
}

pub(super) fn is_other_spelling(other: &SiteName, site: &SiteName) -> bool {
    let is_default_in_words = site.as_str().is_empty() && other.as_str().eq_ignore_ascii_case("default");
    is_default_in_words || other.is_same_site(site) && other != site
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_other_spellings_by_case_and_the_default_site_by_its_word() {
        for (other, site, expected) in [
            ("mysite", "MySite", true),
            ("MySite", "MySite", false),
            ("Other", "MySite", false),
            ("Default", "", true),
            ("default", "", true),
            ("", "", false),
            ("Default", "MySite", false),
            ("", "Default", false),
        ] {
            let [other, name] = [other, site].map(SiteName::from_content_url);
            assert_eq!(is_other_spelling(&other, &name), expected, "{other:?} beside {site:?}");
        }
    }
}
