//! A site as its server lists it.

use super::SiteName;

/// A site of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSite {
    /// Its content URL.
    pub name: SiteName,
    /// Whether it can be used.
    pub state: SiteState,
}

/// Whether a site can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteState {
    /// It can.
    Active,
    /// It cannot: `suspended`, `locked`, or what else its server calls it.
    Inactive(String),
}

impl SiteState {
    /// The state that a server's word stands for.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let word = word.trim().to_lowercase();
        if word == "active" { Self::Active } else { Self::Inactive(word) }
    }
}
