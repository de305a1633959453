//! The name of a site.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::on_one_line;

/// A site's content URL as it stands in links (`MySite` in `https://host/#/site/MySite/workbooks`); empty for the Default site.
///
/// Every resource of a site has it, so clones share one text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SiteName(Arc<str>);

/// A text that cannot be a site's content URL.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("`{0}` is not a site's content URL")]
#[diagnostic(help(
    "take the part after `/site/` in the address bar of a browser; for the Default site write `Default`"
))]
pub struct InvalidSiteName(String);

impl SiteName {
    /// A content URL as Tableau gave it or as this tool stored it, taken as it is.
    #[must_use]
    pub fn from_content_url(content_url: &str) -> Self {
        Self(content_url.into())
    }

    /// The content URL; empty for the Default site.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The content URL in lower case, which two spellings of one site share.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// Whether `other` names the same site: Tableau signs in to `mysite` when the site is called `MySite`.
    #[must_use]
    pub fn is_same_site(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }

    /// What somebody probably meant who wrote it and was told that there is no such site.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.0.eq_ignore_ascii_case("default").then(|| {
            format!("write `Default` for the Default site: case matters, and `{self}` is another one")
        })
    }

    /// Whether it is one of those that are `wanted`; without any, every site is.
    #[must_use]
    pub fn is_among(&self, wanted: &[Self]) -> bool {
        wanted.is_empty() || wanted.iter().any(|one| one.is_same_site(self))
    }
}

impl From<String> for SiteName {
    fn from(content_url: String) -> Self {
        Self(content_url.into())
    }
}

impl From<SiteName> for String {
    fn from(site: SiteName) -> Self {
        site.0.as_ref().into()
    }
}

impl FromStr for SiteName {
    type Err = InvalidSiteName;

    fn from_str(text: &str) -> Result<Self, InvalidSiteName> {
        let name = text.trim();
        if name == "Default" {
            return Ok(Self("".into()));
        }
        if name.is_empty()
            || name.contains(|c: char| c.is_whitespace() || c.is_control() || "/\\#?&:,'\"".contains(c))
        {
            return Err(InvalidSiteName(text.to_owned()));
        }
        Ok(Self(name.into()))
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&if self.0.is_empty() { "Default".to_owned() } else { on_one_line(&self.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_site_is_written_default_and_stored_empty() {
        let site: SiteName = "Default".parse().unwrap();
        assert_eq!(site.as_str(), "");
        assert_eq!(site.to_string(), "Default");
        assert!("my site".parse::<SiteName>().is_err());
    }
}
