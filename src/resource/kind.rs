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

impl ResourceKind {
    /// Both kinds, in the order of reports.
    pub const ALL: [Self; 2] = [Self::Workbook, Self::Datasource];

    /// The word of the `RESOURCE_TYPE` column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workbook => "workbook",
            Self::Datasource => "datasource",
        }
    }

    /// The kind that a `RESOURCE_TYPE` column names; `None` for rows that are not ours.
    #[must_use]
    pub fn from_column(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The plural that browser links and REST paths use.
    #[must_use]
    pub const fn path_segment(self) -> &'static str {
        match self {
            Self::Workbook => "workbooks",
            Self::Datasource => "datasources",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
