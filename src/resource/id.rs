//! What Tableau calls a resource.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Serialize};

use super::kind::ResourceKind;
use super::site::SiteName;
use crate::text::on_one_line;

/// Tableau's locally unique identifier. Opaque to us and never empty; real ones are UUIDs.
///
/// "A LUID is unique for each content type within a site" (help.tableau.com, `rest_api_concepts_luid`), so it
/// says nothing without its [`ResourceKind`] and [`SiteName`].
#[derive(Clone)]
pub struct Luid(Form);

/// How long a UUID with hyphens is.
const UUID_LENGTH: usize = 36;

/// A site has some hundred thousand of them, in several places: those that are as long as a UUID take no allocation.
#[derive(Clone)]
enum Form {
    /// ASCII.
    Short([u8; UUID_LENGTH]),
    Other(Box<str>),
}

impl Luid {
    /// `None` when the text is empty: the Metadata API knows resources that have no LUID.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let short = text.as_bytes().try_into().ok().filter(|bytes: &[u8; UUID_LENGTH]| bytes.is_ascii());
        Some(Self(short.map_or_else(|| Form::Other(text.into()), Form::Short)))
    }

    /// Whether it has the form of a LUID: a UUID with hyphens. Rows of other tools may hold anything.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        matches!(&self.0, Form::Short(text) if uuid::Uuid::try_parse_ascii(text).is_ok())
    }

    /// The identifier as Tableau's APIs take it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Short(text) => str::from_utf8(text).unwrap_or_default(),
            Form::Other(text) => text,
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Short(text) => text,
            Form::Other(text) => text.as_bytes(),
        }
    }
}

impl PartialEq for Luid {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Luid {}

impl PartialOrd for Luid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Luid {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl Hash for Luid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl fmt::Debug for Luid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Luid").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Luid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&on_one_line(self.as_str()))
    }
}

impl Serialize for Luid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Luid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reader)
    }
}

/// Takes the text as it stands in what is read, which costs no copy of it.
struct Reader;

impl Visitor<'_> for Reader {
    type Value = Luid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a LUID")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Luid, E> {
        Luid::new(text).ok_or_else(|| E::custom("a LUID is never empty"))
    }
}

/// What Tableau assigns to a resource. It changes when the resource is deleted and republished.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// The site it is on.
    pub site: SiteName,
    /// Workbook or data source.
    pub kind: ResourceKind,
    /// Unique within the two above.
    pub luid: Luid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_luid_is_its_text_however_long_it_is() {
        let uuid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
        let same_length = "not a UUID, and as long as one: 1234";
        let umlauts = "ä".repeat(18);
        for (text, is_well_formed) in
            [(uuid, true), (same_length, false), (&umlauts, false), ("1", false), (&uuid[..35], false)]
        {
            let luid = Luid::new(&format!(" {text}\n")).expect("a LUID");
            assert_eq!((luid.as_str(), luid.to_string()), (text, text.to_owned()));
            assert_eq!(luid.is_well_formed(), is_well_formed, "{text}");
            assert_eq!(luid, serde_json::from_value(serde_json::json!(text)).expect("a LUID"));
            assert_eq!(serde_json::to_value(&luid).expect("JSON"), text);
        }
        assert_eq!(Luid::new(" "), None);
        assert!(serde_json::from_str::<Luid>("\"\"").is_err() && serde_json::from_str::<Luid>("1").is_err());
    }

    #[test]
    fn luids_are_ordered_as_their_texts() {
        let mut texts =
            ["b", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "a", "3f", "3f2504e0-4f89-11d3-9a0c-0305e82c33010"];
        let mut luids = texts.map(|text| Luid::new(text).expect("a LUID"));
        texts.sort_unstable();
        luids.sort_unstable();
        assert_eq!(luids.each_ref().map(Luid::as_str), texts);
    }
}
