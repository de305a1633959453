//! The words: a site, a resource on it, what people call it ([`ResourceKey`]) and what Tableau calls it ([`ResourceId`]).

mod details;
mod id;
mod key;
mod kind;
mod listed_site;
pub mod matching;
mod project;
mod site;
pub mod written;

pub use details::Details;
pub use id::{Luid, ResourceId};
pub use key::{PlainKey, ResourceKey};
pub use kind::{KindFacts, PerKind, ResourceKind};
pub use listed_site::{ListedSite, SiteState};
pub use project::{KnownPaths, ProjectPath};
pub use site::{InvalidSiteName, SiteName};

use crate::text::on_one_line;

/// A workbook or published data source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// What people call it.
    pub key: ResourceKey,
    /// What Tableau's APIs call it.
    pub luid: Luid,
    /// What else Tableau tells of it.
    pub details: Details,
}

impl Resource {
    /// What Tableau assigned to it.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId { site: self.key.site.clone(), kind: self.key.kind, luid: self.luid.clone() }
    }

    /// Project and name on one line, for people: `Finance/EMEA::Weekly Sales`.
    #[must_use]
    pub fn place(&self) -> String {
        let project = self.key.project.full().unwrap_or_else(|| self.key.project.leaf().to_owned());
        on_one_line(&format!("{project}::{}", self.key.name))
    }
}

/// Resources in a line each, for tests.
#[cfg(test)]
pub(crate) mod sample {
    use super::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};

    /// The site that they are on.
    pub fn site() -> SiteName {
        SiteName::from_content_url("MySite")
    }

    /// Reads `[datasource ]PROJECT::NAME=LUID[@PROJECT_LUID][#NUMBER][?ADDRESS]`; of a project written `~EMEA` the leaf alone is
    /// known.
    pub fn resource(line: &str) -> Resource {
        let kind = line.split_once(' ').and_then(|(word, _)| ResourceKind::from_column(word));
        let line = kind.map_or(line, |kind| &line[kind.as_str().len() + 1..]);
        let (line, address) = line.split_once('?').map_or((line, None), |(line, name)| (line, Some(name)));
        let (line, number) = line.split_once('#').map_or((line, None), |(line, number)| (line, Some(number)));
        let (line, project_luid) =
            line.split_once('@').map_or((line, None), |(line, luid)| (line, Some(luid)));
        let (place, luid) = line.split_once('=').expect("a LUID");
        let (project, name) = place.split_once("::").expect("a project");
        let project =
            project.strip_prefix('~').map_or_else(|| ProjectPath::parse(project), ProjectPath::leaf_only);
        let kind = kind.unwrap_or(ResourceKind::Workbook);
        Resource {
            key: ResourceKey { site: site(), kind, project, name: name.to_owned() },
            luid: Luid::new(luid).expect("a LUID"),
            details: Details {
                project_luid: project_luid.and_then(Luid::new),
                vizportal_url_id: number.map(ToOwned::to_owned),
                content_url: address.map(ToOwned::to_owned),
            },
        }
    }

    /// The line that [`resource`] reads.
    pub fn line(resource: &Resource) -> String {
        let Resource { key, luid, details } = resource;
        let kind = if key.kind == ResourceKind::Workbook { "" } else { "datasource " };
        let leaf = if key.project.is_rooted() { "" } else { "~" };
        let mut line = format!("{kind}{leaf}{}::{}={luid}", key.project, key.name);
        for (mark, part) in [
            ("@", details.project_luid.as_ref().map(Luid::as_str)),
            ("#", details.vizportal_url_id.as_deref()),
            ("?", details.content_url.as_deref()),
        ] {
            line.extend([mark, part.unwrap_or_default()].iter().filter(|_| part.is_some()).copied());
        }
        line
    }

    #[test]
    fn a_resource_is_read_from_the_line_that_is_printed() {
        for text in ["A/B::x=1@2#3?x", "datasource ~B::x=1", "A::x y=1#3", r"A\/B::x=1@2"] {
            assert_eq!(line(&resource(text)), text);
        }
    }
}
