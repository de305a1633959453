//! What the repository's tables hold becomes the resources of a snapshot. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::Mapping;
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};
use crate::snapshot::Notes;

/// A row of the listing.
#[derive(Debug, Clone, Default)]
pub(super) struct ListedRow {
    /// `workbook` or `datasource`.
    pub kind: String,
    /// The LUID.
    pub luid: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The number in the URL.
    pub number: String,
    /// The name in addresses of views.
    pub content_url: Option<String>,
    /// Whether it is in a project, and not in a Personal Space.
    pub is_in_project: bool,
    /// The LUID of the project.
    pub project_luid: Option<String>,
    /// Its own name; none where the project is not there.
    pub project_name: Option<String>,
    /// The names from the root down; none where one above it is not there.
    pub project_path: Option<Vec<String>>,
}

/// What a snapshot is made of.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The resources of both kinds.
    pub resources: Vec<Resource>,
    /// The kinds of which all could be placed.
    pub complete: BTreeSet<ResourceKind>,
    /// What the map knows and the tables do not hold any more, or hold where nothing is mapped.
    pub gone: BTreeSet<(ResourceKind, Luid)>,
    /// What is worth telling.
    pub notes: Notes,
}

/// Reads the rows of `site`.
pub(super) fn found(site: &SiteName, rows: Vec<ListedRow>, known: &Mapping) -> Found {
    let mut found = Found::default();
    let mut misplaced: BTreeMap<ResourceKind, BTreeSet<Luid>> = BTreeMap::new();
    for row in rows {
        let Some(kind) = ResourceKind::from_column(&row.kind) else { continue };
        let luid = row.luid.as_deref().and_then(Luid::new);
        let (Some(luid), Some(name), true) = (luid, row.name, row.is_in_project) else {
            found.notes.skipped += 1;
            continue;
        };
        let Some(project_name) = row.project_name else {
            misplaced.entry(kind).or_default().insert(luid);
            continue;
        };
        let path = row.project_path.and_then(ProjectPath::from_root);
        let project = path.unwrap_or_else(|| ProjectPath::leaf_only(&project_name));
        found.resources.push(Resource {
            key: ResourceKey { site: site.clone(), kind, project, name },
            luid,
            details: Details {
                project_luid: row.project_luid.as_deref().and_then(Luid::new),
                vizportal_url_id: Some(row.number),
                content_url: row.content_url.filter(|name| !name.is_empty()),
            },
        });
    }
    found.complete = ResourceKind::ALL.into_iter().filter(|kind| !misplaced.contains_key(kind)).collect();
    for (kind, luids) in &misplaced {
        found.notes.warnings.push(format!(
            "the repository has {} {kind}(s) in projects that it does not hold: their rows stay as they are",
            luids.len()
        ));
    }
    let seen: BTreeSet<(ResourceKind, &Luid)> = found
        .resources
        .iter()
        .map(|resource| (resource.key.kind, &resource.luid))
        .chain(misplaced.iter().flat_map(|(kind, luids)| luids.iter().map(|luid| (*kind, luid))))
        .collect();
    let mapped = known.rows.iter().map(|row| (row.resource.key.kind, &row.resource.luid));
    found.gone = mapped.filter(|id| !seen.contains(id)).map(|(kind, luid)| (kind, luid.clone())).collect();
    found
}

/// What the map has LUIDs of, the resources first. PostgreSQL writes them in lower case.
pub(super) fn luids_of(known: &Mapping) -> Vec<String> {
    let resources = known.rows.iter().map(|row| &row.resource.luid);
    let projects: BTreeSet<_> =
        known.rows.iter().filter_map(|row| row.resource.details.project_luid.as_ref()).collect();
    resources.chain(projects).map(|luid| luid.as_str().to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::tests::mapping;
    use crate::resource::sample::{line, site};

    fn row(luid: &str, project: Option<&str>, path: Option<&[&str]>) -> ListedRow {
        ListedRow {
            kind: "workbook".to_owned(),
            luid: Some(luid.to_owned()),
            name: Some("x".to_owned()),
            number: "7".to_owned(),
            content_url: Some("X".to_owned()),
            is_in_project: true,
            project_luid: project.map(|_| "p".to_owned()),
            project_name: project.map(ToOwned::to_owned),
            project_path: path.map(|names| names.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn a_row_becomes_a_resource_where_rest_would_show_it() {
        let placed = row("1", Some("B/C"), Some(&["A", "B/C"]));
        let unrooted = row("1", Some("B"), None);
        let no_content_url = ListedRow { content_url: Some(String::new()), ..placed.clone() };
        let personal = ListedRow { is_in_project: false, ..row("1", None, None) };
        let nameless = ListedRow { name: None, ..placed.clone() };
        let without_luid = ListedRow { luid: None, ..placed.clone() };
        for (row, expected, skipped) in [
            (placed, Some(r"A/B\/C::x=1@p#7?X"), 0),
            (unrooted, Some("~B::x=1@p#7?X"), 0),
            (no_content_url, Some(r"A/B\/C::x=1@p#7"), 0),
            (personal, None, 1),
            (nameless, None, 1),
            (without_luid, None, 1),
        ] {
            let found = found(&site(), vec![row.clone()], &mapping(&[]));
            let lines: Vec<_> = found.resources.iter().map(line).collect();
            assert_eq!(
                (lines.first().map(String::as_str), found.notes.skipped),
                (expected, skipped),
                "{row:?}"
            );
            assert_eq!(found.complete.len(), 2);
        }
    }

    #[test]
    fn what_is_in_no_project_that_is_there_keeps_its_row_and_what_is_not_there_loses_it() {
        let known = mapping(&["A::x=1", "A::y=2", "A::z=3", "datasource A::x=1"]);
        let rows = vec![row("1", None, None), row("2", Some("A"), Some(&["A"]))];
        let found = found(&site(), rows, &known);
        assert_eq!(found.complete, [ResourceKind::Datasource].into());
        let gone = |kind, luid| (kind, Luid::new(luid).unwrap());
        let expected = [gone(ResourceKind::Workbook, "3"), gone(ResourceKind::Datasource, "1")];
        assert_eq!(found.gone, expected.into());
        assert_eq!(found.notes.warnings.len(), 1);
    }

    #[test]
    fn luids_of_resources_stand_before_those_of_their_projects() {
        assert_eq!(luids_of(&mapping(&["A::x=B1@p", "A::y=2@p", "A::z=3"])), ["b1", "2", "3", "p"]);
        assert!(luids_of(&mapping(&[])).is_empty());
    }
}
