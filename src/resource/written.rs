//! How people write a resource in files: one grammar and one parser for all of them.
//!
//! ```toml
//! { workbook = "Weekly Sales", project = "Finance/EMEA", site = "MySite" }
//! { datasource = "Orders" }
//! { workbook = "Weekly Sales", project = "/Finance" }   # the whole path, after a slash
//! { type = "workbook", number = 12345 }
//! { luid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301" }
//! { url = "https://tableau.example.com/#/site/MySite/workbooks/12345/views" }
//! ```
//!
//! Each older spelling means the same everywhere: `type` and `name`, and the columns of the map (`resource_type`,
//! `resource_name`, `resource_id`, `project_name`, `project_path`, `site_id`).

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::{ProjectPath, ResourceKind, SiteName};

/// A value and where it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its bytes.
    pub span: Range<usize>,
}

/// Every key that may stand in a reference, with those that say how to refresh it.
pub const KEYS: &[&str] = &[
    "workbook",
    "datasource",
    "type",
    "resource_type",
    "name",
    "resource_name",
    "number",
    "luid",
    "resource_id",
    "url",
    "project",
    "project_name",
    "project_path",
    "site",
    "site_id",
    "incremental",
    "schedule",
];

/// A value as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged, expecting = "expected a text, a number or a truth value")]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A truth value.
    Flag(bool),
}

/// The keys and values of one reference; an unknown key is an error, at its place.
#[derive(Debug, Clone)]
pub struct Fields<V = Scalar>(pub Vec<(&'static str, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Fields<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
            type Value = Fields<V>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table that names a resource")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<V>, A::Error> {
                let mut fields = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    fields.push((key, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

struct Key(&'static str);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let key = KEYS.iter().find(|key| **key == text);
        key.map(|key| Self(key)).ok_or_else(|| D::Error::unknown_field(&text, KEYS))
    }
}

/// What a reference says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The kind; a name and a number always have one.
    pub kind: Option<ResourceKind>,
    /// What names the resource.
    pub what: What,
    /// The project: a tail of its path, or all of it after a slash.
    pub project: Option<Spanned<String>>,
    /// The site.
    pub site: Option<Spanned<SiteName>>,
    /// Whether to fetch new rows alone.
    pub incremental: Option<bool>,
    /// When to refresh it.
    pub schedule: Option<String>,
}

/// What names a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Its name.
    Name(Spanned<String>),
    /// The number in its address.
    Number(Spanned<String>),
    /// Its LUID.
    Luid(Spanned<String>),
    /// The address of its page.
    Url(Spanned<String>),
}

/// A reference that names nothing, or two things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclear {
    /// What is wrong.
    pub message: String,
    /// The value to blame; `None` for all of the reference.
    pub span: Option<Range<usize>>,
}

impl Unclear {
    fn whole(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None }
    }
}

impl Fields {
    /// What they say, in a file where places do not matter.
    pub fn read(self) -> Result<Written, String> {
        let fields = self.0.into_iter().map(|(key, value)| (key, Spanned { value, span: 0..0 }));
        read(fields).map_err(|unclear| unclear.message)
    }
}

/// Reads what `fields` say, whichever way they are spelled. What they leave open stays open.
pub fn read(fields: impl IntoIterator<Item = (&'static str, Spanned<Scalar>)>) -> Result<Written, Unclear> {
    let mut given = Given(BTreeMap::new());
    for (key, value) in fields {
        given.0.insert(key, value);
    }
    let incremental = given.flag("incremental")?;
    let schedule = given.one(&["schedule"])?.map(|one| one.value);
    let project = given.project()?;
    let site = given.site()?;
    let mut kind = given.kind()?;
    let mut whats = Vec::new();
    for of in ResourceKind::ALL {
        if let Some(name) = given.one(&[of.as_str()])? {
            if kind.is_some_and(|kind| kind != of) {
                return Err(Unclear::whole(format!("`{of}` and another kind cannot both be meant")));
            }
            kind = Some(of);
            whats.push(What::Name(name));
        }
    }
    whats.extend(given.one(&["name", "resource_name"])?.map(What::Name));
    whats.extend(given.number()?.map(What::Number));
    whats.extend(given.one(&["luid", "resource_id"])?.map(What::Luid));
    whats.extend(given.one(&["url"])?.map(What::Url));
    match (<[What; 1]>::try_from(whats), kind) {
        (Ok([What::Name(_) | What::Number(_)]), None) => Err(Unclear::whole("the reference has no `type`")),
        (Ok([what]), kind) => Ok(Written { kind, what, project, site, incremental, schedule }),
        (Err(whats), Some(_)) if whats.is_empty() => Err(Unclear::whole("the reference has no `name`")),
        _ => Err(Unclear::whole(
            "name a resource by exactly one of `workbook`, `datasource`, `number`, `luid` and `url`",
        )),
    }
}

struct Given(BTreeMap<&'static str, Spanned<Scalar>>);

impl Given {
    /// The value that has several spellings, of which one may be used.
    fn one(&mut self, spellings: &[&'static str]) -> Result<Option<Spanned<String>>, Unclear> {
        let used: Vec<_> = spellings.iter().filter_map(|key| Some((*key, self.0.remove(key)?))).collect();
        if let [(one, _), (other, _), ..] = used.as_slice() {
            return Err(Unclear::whole(format!("`{one}` and `{other}` say the same: write one of them")));
        }
        let Some((key, Spanned { value, span })) = used.into_iter().next() else { return Ok(None) };
        match value {
            Scalar::Text(value) => Ok(Some(Spanned { value, span })),
            _ => Err(Unclear { message: format!("`{key}` is not a text"), span: Some(span) }),
        }
    }

    fn flag(&mut self, key: &'static str) -> Result<Option<bool>, Unclear> {
        match self.0.remove(key) {
            None => Ok(None),
            Some(Spanned { value: Scalar::Flag(flag), .. }) => Ok(Some(flag)),
            Some(Spanned { span, .. }) => {
                Err(Unclear { message: format!("`{key}` is neither `true` nor `false`"), span: Some(span) })
            }
        }
    }

    fn number(&mut self) -> Result<Option<Spanned<String>>, Unclear> {
        if let Some(Spanned { value: Scalar::Number(number), span }) = self.0.get("number") {
            let number = Spanned { value: number.to_string(), span: span.clone() };
            self.0.remove("number");
            return Ok(Some(number));
        }
        self.one(&["number"])
    }

    fn kind(&mut self) -> Result<Option<ResourceKind>, Unclear> {
        let Some(Spanned { value, span }) = self.one(&["type", "resource_type"])? else { return Ok(None) };
        let kind = ResourceKind::from_word(&value);
        let message = || format!("`{value}` is not a kind of resource");
        kind.map(Some).ok_or_else(|| Unclear { message: message(), span: Some(span) })
    }

    /// The Default site has no name in Tableau's addresses, and none in the map.
    fn site(&mut self) -> Result<Option<Spanned<SiteName>>, Unclear> {
        let Some(Spanned { value, span }) = self.one(&["site", "site_id"])? else { return Ok(None) };
        let site =
            if value.is_empty() { Ok(SiteName::from_content_url("")) } else { value.parse::<SiteName>() };
        match site {
            Ok(value) => Ok(Some(Spanned { value, span })),
            Err(error) => Err(Unclear { message: error.to_string(), span: Some(span) }),
        }
    }

    /// `project_name` is the leaf alone, whatever stands in it; `project_path` is all of the path, and may stand beside.
    fn project(&mut self) -> Result<Option<Spanned<String>>, Unclear> {
        let leaf = self.one(&["project_name"])?;
        let path = self.one(&["project_path"])?;
        match (self.one(&["project"])?, leaf, path) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(Unclear::whole(
                "`project` says what `project_name` and `project_path` say: write one of them",
            )),
            (_, Some(leaf), Some(path)) if ProjectPath::parse(&path.value).leaf() != leaf.value => {
                let message = format!("`project_path` does not end in `{}`, the `project_name`", leaf.value);
                Err(Unclear { message, span: Some(path.span) })
            }
            (_, _, Some(Spanned { value, span })) => {
                Ok(Some(Spanned { value: format!("/{}", value.trim_start_matches('/')), span }))
            }
            (_, Some(Spanned { value, span }), None) => {
                Ok(Some(Spanned { value: ProjectPath::leaf_only(&value).to_string(), span }))
            }
            (project, None, None) => Ok(project),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Written, String> {
        toml::from_str::<Fields>(toml).map_err(|error| error.message().to_owned())?.read()
    }

    #[test]
    fn each_spelling_means_the_canonical_one() {
        for (spelling, canonical) in [
            ("type = 'workbook'\nname = 'A'", "workbook = 'A'"),
            ("type = 'Datasource'\nname = 'A'", "datasource = 'A'"),
            ("resource_type = 'workbook'\nresource_name = 'A'", "workbook = 'A'"),
            ("resource_type = 'workbook'\nname = 'A'\nsite_id = 'S'", "workbook = 'A'\nsite = 'S'"),
            ("workbook = 'A'\nsite_id = ''", "workbook = 'A'\nsite = 'Default'"),
            ("workbook = 'A'\nproject_name = 'P'", "workbook = 'A'\nproject = 'P'"),
            ("workbook = 'A'\nproject_name = 'P/Q'", "workbook = 'A'\nproject = 'P\\/Q'"),
            ("workbook = 'A'\nproject_path = 'P/Q'", "workbook = 'A'\nproject = '/P/Q'"),
            ("workbook = 'A'\nproject_name = 'Q'\nproject_path = 'P/Q'", "workbook = 'A'\nproject = '/P/Q'"),
            ("type = 'workbook'\nnumber = 12", "resource_type = 'workbook'\nnumber = '12'"),
            ("resource_id = 'x'", "luid = 'x'"),
        ] {
            assert_eq!(read(spelling).unwrap(), read(canonical).unwrap(), "{spelling}");
        }
    }

    #[test]
    fn what_names_nothing_or_two_things_is_refused_by_the_name_of_its_key() {
        for (toml, part) in [
            ("workbok = 'A'", "unknown field `workbok`"),
            ("project = 'P'", "exactly one of"),
            ("workbook = 'A'\nluid = 'x'", "exactly one of"),
            ("workbook = 'A'\nname = 'A'", "exactly one of"),
            ("name = 'A'", "no `type`"),
            ("number = 1", "no `type`"),
            ("type = 'workbook'", "no `name`"),
            ("type = 'view'\nname = 'A'", "`view` is not a kind"),
            ("type = 'datasource'\nworkbook = 'A'", "another kind"),
            ("type = 'workbook'\nresource_type = 'workbook'\nname = 'A'", "`type` and `resource_type`"),
            ("workbook = 'A'\nproject = 'P'\nproject_name = 'P'", "`project`"),
            ("workbook = 'A'\nproject_name = 'P'\nproject_path = 'P/Q'", "does not end in `P`"),
            ("workbook = 'A'\nsite = 'a b'", "site"),
            ("workbook = 1", "`workbook` is not a text"),
            ("workbook = 'A'\nincremental = 'yes'", "`incremental` is neither"),
        ] {
            let message = read(toml).unwrap_err();
            assert!(message.contains(part), "{toml}: {message}");
        }
    }

    #[test]
    fn every_kind_can_be_named_by_its_word() {
        for kind in ResourceKind::ALL {
            assert_eq!(read(&format!("{kind} = 'A'")).unwrap().kind, Some(kind));
        }
    }
}
