//! What Tableau calls a resource.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::kind::ResourceKind;
use super::site::SiteName;
use crate::text::on_one_line;

/// Tableau's locally unique identifier. Opaque to us and never empty; real ones are UUIDs.
///
/// "A LUID is unique for each content type within a site" (help.tableau.com, `rest_api_concepts_luid`), so it
/// says nothing without its [`ResourceKind`] and [`SiteName`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Luid(String);

impl Luid {
    /// `None` when the text is empty: the Metadata API knows resources that have no LUID.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.trim().to_owned()))
    }

    /// Whether it has the form of a LUID: a UUID with hyphens. Rows of other tools may hold anything.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.0.len() == 36 && uuid::Uuid::try_parse(&self.0).is_ok()
    }

    /// The identifier as Tableau's APIs take it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Luid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&on_one_line(&self.0))
    }
}

impl<'de> Deserialize<'de> for Luid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| serde::de::Error::custom("a LUID is never empty"))
    }
}

/// What Tableau assigns to a resource. It changes when the resource is deleted and published again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// The site it is on.
    pub site: SiteName,
    /// Workbook or data source.
    pub kind: ResourceKind,
    /// Unique within the two above.
    pub luid: Luid,
}
