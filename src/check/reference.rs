//! A place in a file that names Tableau content.

use std::ops::Range;

pub use crate::resource::matching::{Name, Project, Site};
pub use crate::resource::written::Spanned;
use crate::resource::{ResourceKind, SiteName};

/// A place in a file that names Tableau content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// All of it: an ignore comment on any of these lines counts.
    pub extent: Range<usize>,
    /// What it names.
    pub target: Target,
    /// In a generated file: what it was generated from.
    pub origin: Option<Origin>,
}

/// Where in the sources of a project something generated comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, relative to the project.
    pub path: String,
    /// What it is called there.
    pub name: String,
}

impl Reference {
    /// A reference that somebody wrote.
    #[must_use]
    pub fn new(extent: Range<usize>, target: Target) -> Self {
        Self { extent, target, origin: None }
    }
}

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A LUID.
    Luid {
        /// As it is written.
        luid: Spanned<String>,
        /// The file says that this is a LUID of Tableau; a UUID that just stands there may be anything.
        is_declared: bool,
    },
    /// The page of a resource, by its number.
    Page {
        /// The server; `None` in an address that begins with `#`.
        host: Option<String>,
        /// The site.
        site: SiteName,
        /// The kind.
        kind: ResourceKind,
        /// The number in the address.
        number: Spanned<String>,
    },
    /// The page of a resource or of one of its views, by its name in addresses.
    Address {
        /// The server.
        host: Option<String>,
        /// The site; `None` where the file does not say.
        site: Option<SiteName>,
        /// The kind.
        kind: ResourceKind,
        /// The name in addresses.
        name: Spanned<String>,
    },
    /// The page of something that the map has no rows of.
    Unmapped {
        /// The server.
        host: Option<String>,
        /// The site.
        site: SiteName,
    },
    /// What people call it.
    Name {
        /// The kind.
        kind: ResourceKind,
        /// The name.
        name: Spanned<Name>,
        /// The project; `None` where the file does not say or computes it.
        project: Option<Spanned<Project>>,
        /// The site; `None` where the file does not say or computes it.
        site: Option<Spanned<Site>>,
    },
    /// Only a run of the code can tell.
    Computed,
    /// All of this place is switched off.
    Disabled {
        /// The place.
        span: Range<usize>,
    },
    /// Nothing on any site can be meant.
    Invalid {
        /// What is wrong.
        message: String,
        /// What to do.
        remedy: String,
        /// The place.
        span: Range<usize>,
    },
}

impl Target {
    /// The place of what names the content, by which two finders know that they found the same.
    #[must_use]
    pub fn span(&self) -> Option<&Range<usize>> {
        match self {
            Self::Luid { luid, .. } => Some(&luid.span),
            Self::Page { number, .. } => Some(&number.span),
            Self::Address { name, .. } => Some(&name.span),
            Self::Name { name, .. } => Some(&name.span),
            Self::Invalid { span, .. } | Self::Disabled { span } => Some(span),
            Self::Unmapped { .. } | Self::Computed => None,
        }
    }

    /// What is named, without the places: the same in a source file and in what dbt makes of it.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        Some(match self {
            Self::Luid { luid, is_declared: true } => format!("luid {}", luid.value.to_lowercase()),
            Self::Page { site, kind, number, .. } => format!("page {site} {kind} {}", number.value),
            Self::Address { site, kind, name, .. } => format!("address {site:?} {kind} {}", name.value),
            Self::Name { kind, name, project, site } => {
                let (project, site) = (project.as_ref().map(|p| &p.value), site.as_ref().map(|s| &s.value));
                format!("name {site:?} {kind} {project:?} {:?}", name.value)
            }
            Self::Invalid { message, .. } => format!("invalid {message}"),
            Self::Luid { is_declared: false, .. }
            | Self::Unmapped { .. }
            | Self::Computed
            | Self::Disabled { .. } => return None,
        })
    }
}
