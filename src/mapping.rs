//! The map's rows of one site, as the store last left them.

use jiff::Timestamp;

use crate::resource::{Resource, SiteName};

/// One row of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The resource as it was when the row last changed. Rows that another tool wrote know the leaf of the
    /// project path alone, and neither project LUID nor number.
    pub resource: Resource,
    /// When this LUID was first seen; unknown for rows that another tool wrote.
    pub first_seen_at: Option<Timestamp>,
    /// The snapshot time of the row's last change; unknown for rows that another tool wrote.
    pub changed_at: Option<Timestamp>,
}

/// How many runs the store has finished for a site: a plan made from one version is not applied to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

/// The rows of one site and what they were loaded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The site.
    pub site: SiteName,
    /// The rows. Several rows may share one LUID in a table that another tool wrote.
    pub rows: Vec<Row>,
    /// The sites that any rows of the map are of, sorted.
    pub sites: Vec<SiteName>,
    /// What [`crate::store::Store::apply`] compares before it writes.
    pub version: Version,
    /// The server that this map belongs to; `None` before the first run.
    pub server: Option<String>,
    /// The time of the newest snapshot applied to this site.
    pub newest_snapshot_at: Option<Timestamp>,
    /// Rows of this site whose `RESOURCE_TYPE` says workbook or data source in other letters: never touched, as are
    /// those of any other type.
    pub misspelt_rows: u64,
}

impl Mapping {
    /// A map that holds nothing of `site`.
    #[must_use]
    pub fn empty(site: &SiteName) -> Self {
        Self {
            site: site.clone(),
            rows: Vec::new(),
            sites: Vec::new(),
            version: Version::default(),
            server: None,
            newest_snapshot_at: None,
            misspelt_rows: 0,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::resource::sample::{resource, site};

    /// A map of the rows, of which nothing but the resources is known.
    pub fn mapping(rows: &[&str]) -> Mapping {
        let row = |line: &&str| Row { resource: resource(line), first_seen_at: None, changed_at: None };
        Mapping { rows: rows.iter().map(row).collect(), ..Mapping::empty(&site()) }
    }

    #[test]
    fn an_empty_map_holds_nothing_and_belongs_to_no_server() {
        let empty = Mapping::empty(&site());
        assert_eq!(empty, mapping(&[]));
        assert_eq!((empty.version, empty.server, empty.newest_snapshot_at), (Version(0), None, None));
    }
}
