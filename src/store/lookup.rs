//! Looking one resource up: only the rows that fit are read.

use std::collections::BTreeSet;

use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization as _;

use crate::mapping::Row;
use crate::resource::matching::Lookup;
use crate::resource::{Luid, SiteName};

/// What a look-up found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The rows that fit.
    pub rows: Vec<Row>,
    /// The server that the map belongs to; `None` before the first run.
    pub server: Option<String>,
}

/// Which changes of the log are read. Without any condition, all of them are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// Changes of the resources that this fits, before or after.
    pub lookup: Option<Lookup>,
    /// Changes by snapshots that were taken then or later.
    pub since: Option<Timestamp>,
    /// Changes of this run.
    pub run_id: Option<String>,
}

impl ChangeFilter {
    /// The changes that touch a LUID, before or after.
    #[must_use]
    pub fn of_luid(luid: &Luid) -> Self {
        Self { lookup: Some(Lookup::Luid { kind: None, luid: luid.clone() }), ..Self::default() }
    }
}

impl Lookup {
    /// Whether a row is what is looked for, on one of `sites` (on any, where that is empty).
    pub(super) fn fits_on(&self, sites: &[SiteName], row: &Row) -> bool {
        row.resource.key.site.is_among(sites) && self.fits(&row.resource)
    }

    /// The columns that may hold it.
    pub(super) fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Luid { .. } => &["RESOURCE_ID"],
            Self::Number { .. } => &["VIZPORTAL_URL_ID"],
            Self::Address { .. } => &["CONTENT_URL"],
            Self::Name { .. } => &["RESOURCE_NAME", "VIZPORTAL_URL_ID"],
        }
    }

    /// The texts that these columns may hold.
    pub(super) fn texts(&self) -> BTreeSet<String> {
        match self {
            Self::Luid { luid, .. } => BTreeSet::from([luid.as_str().to_owned()]),
            Self::Number { number, .. } => BTreeSet::from([number.clone()]),
            Self::Address { name, .. } => BTreeSet::from([name.clone()]),
            Self::Name { name, .. } => {
                BTreeSet::from([name.clone(), name.nfc().collect(), name.nfd().collect()])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind};

    fn row(site: &str, name: &str, number: &str) -> Row {
        let key = ResourceKey {
            site: SiteName::from_content_url(site),
            kind: ResourceKind::Workbook,
            project: ProjectPath::leaf_only("P"),
            name: name.to_owned(),
        };
        let luid = Luid::new("luid-1").unwrap();
        let details = Details { vizportal_url_id: Some(number.to_owned()), ..Details::default() };
        let resource = Resource { key, luid, details };
        Row { resource, first_seen_at: None, changed_at: None }
    }

    #[test]
    fn a_row_fits_by_what_is_looked_for_and_by_its_site() {
        let kind = ResourceKind::Workbook;
        let name = |name: &str| Lookup::Name { kind, name: name.to_owned() };
        let number = |number: &str| Lookup::Number { kind, number: number.to_owned() };
        let luid = |kind, text| Lookup::Luid { kind, luid: Luid::new(text).unwrap() };
        let other = ResourceKind::Datasource;
        for (lookup, sites, fits) in [
            (name("Cafe\u{301}"), vec![], true),
            (name("Caf\u{e9}"), vec![], true),
            (name("caf\u{e9}"), vec![], false),
            (name("7"), vec![], true),
            (Lookup::Name { kind: other, name: "Caf\u{e9}".to_owned() }, vec![], false),
            (number("7"), vec![], true),
            (number("Caf\u{e9}"), vec![], false),
            (Lookup::Number { kind: other, number: "7".to_owned() }, vec![], false),
            (luid(None, "luid-1"), vec![], true),
            (luid(Some(kind), "luid-1"), vec![], true),
            (luid(Some(other), "luid-1"), vec![], false),
            (luid(None, "luid-2"), vec![], false),
            (number("7"), vec!["Other", "main"], true),
            (number("7"), vec!["Other"], false),
        ] {
            let sites: Vec<_> = sites.into_iter().map(SiteName::from_content_url).collect();
            assert_eq!(lookup.fits_on(&sites, &row("Main", "Caf\u{e9}", "7")), fits, "{lookup:?} {sites:?}");
        }
    }

    #[test]
    fn a_name_is_looked_for_in_both_normal_forms_and_as_it_is_written() {
        let of = |name: &str| Lookup::Name { kind: ResourceKind::Workbook, name: name.to_owned() }.texts();
        assert_eq!(of("Sales"), BTreeSet::from(["Sales".to_owned()]));
        let both = BTreeSet::from(["\u{e9}".to_owned(), "e\u{301}".to_owned()]);
        assert_eq!((of("\u{e9}"), of("e\u{301}")), (both.clone(), both));
        assert_eq!(of("\u{e9}e\u{301}").len(), 3);
    }
}
