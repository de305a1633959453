//! Which sites of many a run is for: by patterns, and by shards for those who spread sites over several runs. Pure.

use std::num::NonZeroU64;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::resource::{ListedSite, SiteName};
use crate::sync::spelling::is_other_spelling;

/// A glob over content URLs, in any case; the Default site is called `Default`.
#[derive(Debug, Clone)]
pub struct Pattern(GlobMatcher);

impl FromStr for Pattern {
    type Err = globset::Error;

    fn from_str(text: &str) -> Result<Self, globset::Error> {
        let glob = GlobBuilder::new(text).case_insensitive(true).literal_separator(false).build()?;
        Ok(Self(glob.compile_matcher()))
    }
}

impl Pattern {
    fn fits(&self, site: &SiteName) -> bool {
        self.0.is_match(site.to_string())
    }
}

/// One of several parts of all sites. A site is always in the same one, whatever other sites there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    of: NonZeroU64,
}

/// A text that is no shard.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("write `I/N`: the part I of N, from 1/N to N/N")]
pub struct InvalidShard;

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let (number, of) = text.split_once('/').ok_or(InvalidShard)?;
        let (number, of): (u64, NonZeroU64) =
            (number.parse().map_err(|_| InvalidShard)?, of.parse().map_err(|_| InvalidShard)?);
        if (1..=of.get()).contains(&number) { Ok(Self { number, of }) } else { Err(InvalidShard) }
    }
}

impl Shard {
    /// The first eight bytes of the SHA-256 of the content URL in lower case, as a number, modulo N, plus 1: so that others
    /// can tell too.
    fn holds(self, site: &SiteName) -> bool {
        let hash: [u8; 32] = Sha256::digest(site.folded()).into();
        let first = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        first % self.of + 1 == self.number
    }
}

/// What a run is for.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only sites that one of these fits; all, where there is none.
    pub include: Vec<Pattern>,
    /// No site that one of these fits.
    pub exclude: Vec<Pattern>,
    /// Only the sites of a shard.
    pub shard: Option<Shard>,
}

impl Choice {
    /// Whether the patterns let a site in.
    #[must_use]
    pub fn fits(&self, site: &SiteName) -> bool {
        let is_included = self.include.is_empty() || self.include.iter().any(|one| one.fits(site));
        is_included && !self.exclude.iter().any(|one| one.fits(site))
    }

    /// Whether the run is for a site.
    #[must_use]
    pub fn takes(&self, site: &SiteName) -> bool {
        self.fits(site) && self.shard.is_none_or(|shard| shard.holds(site))
    }
}

/// The sites of the map that the server does not list any more. `Default` in words is another tool's Default site.
#[must_use]
pub fn gone<'a>(known: &'a [SiteName], listed: &[ListedSite]) -> Vec<&'a SiteName> {
    let is_listed = |site: &SiteName| {
        listed.iter().any(|one| one.name.is_same_site(site) || is_other_spelling(site, &one.name))
    };
    known.iter().filter(|site| !is_listed(site)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::SiteState;

    fn site(name: &str) -> SiteName {
        SiteName::from_content_url(name)
    }

    #[test]
    fn patterns_choose_sites_in_any_case_and_the_default_site_by_its_word() {
        let patterns = |texts: &str| texts.split_whitespace().map(|text| text.parse().expect(text)).collect();
        for (include, exclude, taken) in [
            ("", "", "Default Emea EmeaTest Apac"),
            ("emea*", "", "Emea EmeaTest"),
            ("emea* A*", "*test", "Emea Apac"),
            ("", "[AE]*", "Default"),
            ("default", "", "Default"),
            ("", "Default *Test", "Emea Apac"),
            ("{apac,emea}", "", "Emea Apac"),
            ("Nothing", "", ""),
        ] {
            let choice = Choice { include: patterns(include), exclude: patterns(exclude), shard: None };
            let sites = ["", "Emea", "EmeaTest", "Apac"].map(site);
            let names: Vec<_> =
                sites.iter().filter(|one| choice.takes(one)).map(ToString::to_string).collect();
            assert_eq!(names.join(" "), taken, "{include} without {exclude}");
        }
        assert!("[".parse::<Pattern>().is_err());
    }

    #[test]
    fn a_shard_is_written_as_its_number_and_how_many_there_are() {
        for (text, is_valid) in [
            ("1/1", true),
            ("3/8", true),
            ("8/8", true),
            ("0/8", false),
            ("9/8", false),
            ("1/0", false),
            ("1", false),
            ("-1/2", false),
            ("1/2/3", false),
        ] {
            assert_eq!(text.parse::<Shard>().is_ok(), is_valid, "{text}");
        }
    }

    /// Computed with Python: `int.from_bytes(sha256(site.lower().encode()).digest()[:8], "big") % 5 + 1`.
    #[test]
    fn a_site_is_in_one_shard_and_the_same_one_for_ever_however_it_is_spelt() {
        for (name, number) in SHARDS_OF_5 {
            for spelling in [name.to_owned(), name.to_uppercase(), name.to_lowercase()] {
                let holds = |shard: &u64| {
                    format!("{shard}/5").parse::<Shard>().expect("a shard").holds(&site(&spelling))
                };
                assert_eq!((1..=5).filter(holds).collect::<Vec<_>>(), [number], "{spelling}");
            }
        }
    }

    #[test]
    fn sites_of_the_map_are_gone_when_no_spelling_of_them_is_listed() {
        let listed =
            ["", "Main", "Idle"].map(|name| ListedSite { name: site(name), state: SiteState::Active });
        let known = ["", "Default", "MAIN", "idle", "Old"].map(site);
        assert_eq!(gone(&known, &listed), [&site("Old")]);
        assert_eq!(gone(&known[1..2], &listed[1..]), [&site("Default")]);
    }

    const SHARDS_OF_5: [(&str, u64); 6] =
        [("", 3), ("MySite", 3), ("Site2", 3), ("Emea", 4), ("Größe", 5), ("Apac-2024", 3)];
}
