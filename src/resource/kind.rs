//! The kinds of resources, and all that differs between them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What can be refreshed and is therefore mapped.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// A published data source.
    Datasource,
    /// A workbook.
    Workbook,
}

/// All that differs between kinds in what Tableau and people write.
#[derive(Debug)]
pub struct KindFacts {
    /// The word of the `RESOURCE_TYPE` column, and of one resource in a REST answer.
    pub word: &'static str,
    /// The plural in browser addresses, REST paths and listings, and the column of runs that counts them, in lower case.
    pub plural: &'static str,
    /// One of it in a sentence that counts.
    pub noun: &'static str,
    /// What is being done while the Metadata API lists them.
    pub listing: &'static str,
    /// Tableau's code for "there is none with that LUID".
    pub not_found: &'static str,
    /// Whether views have its name in their addresses.
    pub names_views: bool,
}

const WORKBOOK: KindFacts = KindFacts {
    word: "workbook",
    plural: "workbooks",
    noun: "workbook",
    listing: "list the workbooks by the Metadata API",
    not_found: "404006",
    names_views: true,
};

const DATASOURCE: KindFacts = KindFacts {
    word: "datasource",
    plural: "datasources",
    noun: "data source",
    listing: "list the published data sources by the Metadata API",
    not_found: "404004",
    names_views: false,
};

impl ResourceKind {
    /// All kinds, in the order of reports.
    pub const ALL: [Self; 2] = [Self::Workbook, Self::Datasource];

    /// What differs between this kind and the others.
    #[must_use]
    pub const fn facts(self) -> &'static KindFacts {
        match self {
            Self::Workbook => &WORKBOOK,
            Self::Datasource => &DATASOURCE,
        }
    }

    /// The word of the `RESOURCE_TYPE` column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.facts().word
    }

    /// The kind that a `RESOURCE_TYPE` column names; `None` for rows that are not ours.
    #[must_use]
    pub fn from_column(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The kind that somebody names, in whatever case.
    #[must_use]
    pub fn from_word(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }

    /// The plural that browser links and REST paths use.
    #[must_use]
    pub const fn path_segment(self) -> &'static str {
        self.facts().plural
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A value for each kind, in the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerKind<T>(pub [T; ResourceKind::ALL.len()]);

impl<T> PerKind<T> {
    /// Asks for the value of each kind.
    pub fn of(value: impl FnMut(ResourceKind) -> T) -> Self {
        Self(ResourceKind::ALL.map(value))
    }

    /// Each kind with its value.
    pub fn iter(&self) -> impl Iterator<Item = (ResourceKind, &T)> {
        ResourceKind::ALL.into_iter().zip(&self.0)
    }
}

/// A member for each kind, called by its plural.
impl<T: Serialize> Serialize for PerKind<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(kind, value)| (kind.path_segment(), value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_stored_as_the_word_that_is_read_back() {
        for kind in ResourceKind::ALL {
            assert_eq!(ResourceKind::from_column(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn a_value_for_each_kind_is_written_under_its_plural() {
        let counts = PerKind::of(|kind| kind.facts().not_found);
        let expected = serde_json::json!({"workbooks": "404006", "datasources": "404004"});
        assert_eq!(serde_json::to_value(counts).unwrap(), expected);
    }
}
