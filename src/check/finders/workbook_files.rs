//! Workbooks and data sources that are kept as files: what they were published as, and what they hang on.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::finder::{Finder, Found, TextFile, has_extension};
use crate::check::reference::{Reference, Spanned, Target};
use crate::resource::{ResourceKind, SiteName};

static ELEMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<(repository-location|connection)\b([^<>]*)>").expect("a valid pattern"));
static ATTRIBUTE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"\b([a-z-]+)\s*=\s*(?:'([^']*)'|"([^"]*)")"#).expect("a valid pattern"));

/// Finds the published content that a workbook file names. Its `derived-from` is found like any address.
#[derive(Debug)]
pub struct WorkbookFiles;

impl Finder for WorkbookFiles {
    fn reads(&self, path: &Path) -> bool {
        has_extension(path, &["twb", "twbx", "tds", "tdsx"])
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let mut references: Vec<Reference> = Vec::new();
        // The place of a data source stands before the connection to it.
        let mut place: Option<(SiteName, String)> = None;
        for element in ELEMENT.captures_iter(file.text) {
            let (Some(whole), Some(name), Some(attributes)) =
                (element.get(0), element.get(1), element.get(2))
            else {
                continue;
            };
            let attributes = Attributes { text: attributes.as_str(), start: attributes.start() };
            let target = if name.as_str() == "connection" {
                attributes.connection(place.take())
            } else {
                place = attributes.place();
                attributes.location()
            };
            references.extend(target.map(|target| Reference::new(whole.range(), target)));
        }
        Found::References(references)
    }
}

struct Attributes<'a> {
    text: &'a str,
    start: usize,
}

impl Attributes<'_> {
    fn value(&self, name: &str) -> Option<Spanned<String>> {
        let mut all = ATTRIBUTE.captures_iter(self.text);
        let found = all.find(|one| one.get(1).is_some_and(|key| key.as_str() == name))?;
        let value = found.get(2).or_else(|| found.get(3))?;
        let span = self.start + value.start()..self.start + value.end();
        let value = unescaped(value.as_str());
        (!value.is_empty()).then_some(Spanned { value, span })
    }

    /// The site and the name of what an element places.
    fn place(&self) -> Option<(SiteName, String)> {
        let site = self.value("site").map(|site| site.value).unwrap_or_default();
        Some((SiteName::from_content_url(&site), self.value("id")?.value))
    }

    /// What a file was published as, where no address says it: `id='Sales' path='/t/S/workbooks' site='S'`.
    fn location(&self) -> Option<Target> {
        let derived = self.value("derived-from").is_some_and(|from| from.value.contains("://"));
        let path = self.value("path").filter(|_| !derived)?.value;
        let kind = ResourceKind::ALL.into_iter().find(|kind| path.ends_with(kind.path_segment()))?;
        let (site, _) = self.place()?;
        Some(Target::Address { host: None, site: Some(site), kind, name: self.value("id")? })
    }

    /// The published data source of `class='sqlproxy' dbname='Orders'`, unless the place before it named it already.
    fn connection(&self, place: Option<(SiteName, String)>) -> Option<Target> {
        self.value("class").filter(|class| class.value == "sqlproxy")?;
        let name = self.value("dbname")?;
        let (site, placed) = place.unzip();
        if placed.is_some_and(|placed| placed == name.value) {
            return None;
        }
        let host = self.value("server").map(|server| server.value);
        Some(Target::Address { host, site, kind: ResourceKind::Datasource, name })
    }
}

/// The five entities that XML knows by itself; names in addresses hold no other letters that need one.
fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.into_iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}
