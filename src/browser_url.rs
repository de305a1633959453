//! The address of a page in Tableau's web client, as people copy it from a browser.

use miette::Diagnostic;
use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::Url;

use crate::resource::{Resource, ResourceKind, SiteName};

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserUrl {
    /// Host, and port where it is not the scheme's own.
    pub host: String,
    /// The site; the Default site where the address has no `/site/` part.
    pub site: SiteName,
    /// What the page shows.
    pub page: BrowserPage,
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrowserPage {
    /// A workbook or data source, by the number that the Metadata API calls `vizportalUrlId`.
    Resource(ResourceKind, String),
    /// A workbook or data source, by the name that it has in addresses (`contentUrl` in REST): its own page in the older
    /// form, or a view of it.
    Named(ResourceKind, String),
    /// Content of another kind, which the map has no rows of.
    Unmapped,
    /// Anything else: a site's home, a search.
    Other,
}

/// Pages of content of other kinds, each followed by its number or name.
const UNMAPPED: [&str; 7] =
    ["projects", "flows", "metrics", "collections", "virtualConnections", "lenses", "redirect_to_view"];

/// A text that is no address.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("{0} is not a Tableau address")]
#[diagnostic(help("copy the whole address from the browser: https://HOST/#/site/SITE/workbooks/123/views"))]
pub struct NotAnAddress(String);

impl BrowserUrl {
    /// Reads `https://host/#/site/MySite/workbooks/123/views?:iid=1` and its relatives.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let not_an_address = || {
            // Before an `@` may stand a password.
            NotAnAddress(if text.contains('@') { "the text".to_owned() } else { format!("`{text}`") })
        };
        let url = Url::parse(text.trim()).map_err(|_| not_an_address())?;
        if !url.username().is_empty() || url.password().is_some() || !matches!(url.scheme(), "http" | "https")
        {
            return Err(not_an_address());
        }
        let host = url.host_str().ok_or_else(not_an_address)?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        // The web client keeps its place in the fragment; `/t/SITE/views/...` is the older, plain form, behind which
        // a fragment is a mere counter (`#1`).
        let place = url.fragment().filter(|place| place.starts_with('/')).unwrap_or_else(|| url.path());
        let place = place.split(['?', ';']).next().unwrap_or_default();
        let parts: Vec<&str> = place.split('/').filter(|part| !part.is_empty()).collect();
        // A trusted ticket stands before what it opens ("Display the view with the ticket", help.tableau.com).
        let parts = match parts.as_slice() {
            ["trusted", _ticket, rest @ ..] => rest,
            parts => parts,
        };
        let (site, rest) = match parts {
            ["site" | "t", site, rest @ ..] => (SiteName::from_content_url(site), rest),
            rest => (SiteName::from_content_url(""), rest),
        };
        let page = match rest {
            ["views" | "authoring", workbook, ..] => {
                BrowserPage::Named(ResourceKind::Workbook, decoded(workbook))
            }
            ["askData", datasource, ..] => BrowserPage::Named(ResourceKind::Datasource, decoded(datasource)),
            [segment, _, ..] if UNMAPPED.contains(segment) => BrowserPage::Unmapped,
            [segment, name, ..] => {
                let kind = ResourceKind::ALL.into_iter().find(|kind| kind.path_segment() == *segment);
                let is_number = name.bytes().all(|digit| digit.is_ascii_digit());
                match kind {
                    Some(kind) if is_number => BrowserPage::Resource(kind, (*name).to_owned()),
                    Some(kind) => BrowserPage::Named(kind, decoded(name)),
                    None => BrowserPage::Other,
                }
            }
            _ => BrowserPage::Other,
        };
        Ok(Self { host, site, page })
    }

    /// The number of a workbook or data source by the address of its page, as [`BrowserUrl::parse`] finds it.
    ///
    /// A listing has an address for each of some hundred thousand: where nothing in it needs to be decoded, it is read as
    /// it stands.
    #[must_use]
    pub fn number(text: &str) -> Option<String> {
        if let Some(number) = plain_place(text).and_then(number_in) {
            return Some(number.to_owned());
        }
        match Self::parse(text).ok()?.page {
            BrowserPage::Resource(_, number) => Some(number),
            BrowserPage::Named(..) | BrowserPage::Unmapped | BrowserPage::Other => None,
        }
    }

    /// Whether a person may have meant an address when they wrote `text`.
    #[must_use]
    pub fn looks_like_one(text: &str) -> bool {
        let scheme = text.trim().split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        matches!(scheme.as_deref(), Some("http" | "https"))
    }
}

/// The address of a resource's own page on a server, where its number is known.
#[must_use]
pub fn page_of(server: &Url, resource: &Resource) -> Option<String> {
    let number = resource.details.vizportal_url_id.as_deref()?;
    let site = match resource.key.site.as_str() {
        "" => String::new(),
        site => format!("site/{site}/"),
    };
    Some(format!("{server}#/{site}{}/{number}", resource.key.kind.path_segment()))
}

/// The place in the web client of an address that has no user, no query and no letter with an escape.
fn plain_place(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (host, place) = rest.split_once("/#/")?;
    let is_plain = |text: &str, signs: &[u8]| {
        text.bytes().all(|letter| letter.is_ascii_alphanumeric() || signs.contains(&letter))
    };
    (!host.is_empty() && is_plain(host, b".-:") && is_plain(place, b"/-_.")).then_some(place)
}

/// The number in `site/MySite/workbooks/123/views`.
fn number_in(place: &str) -> Option<&str> {
    let mut parts = place.split('/').filter(|part| !part.is_empty());
    let mut segment = parts.next()?;
    if matches!(segment, "site" | "t") {
        parts.next()?;
        segment = parts.next()?;
    }
    let is_kind = ResourceKind::ALL.into_iter().any(|kind| kind.path_segment() == segment);
    parts.next().filter(|number| is_kind && number.bytes().all(|digit| digit.is_ascii_digit()))
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_page_address_names_its_site_kind_and_number() {
        let view = || BrowserPage::Named(ResourceKind::Workbook, "WB".to_owned());
        let workbook = || BrowserPage::Resource(ResourceKind::Workbook, "123".to_owned());
        for (address, site, page) in [
            ("https://host/#/site/MySite/workbooks/123/views", "MySite", workbook()),
            ("https://host/#/site/MySite/workbooks/123?:iid=1", "MySite", workbook()),
            ("https://host/#/workbooks/123", "Default", workbook()),
            (
                "http://host:8000/#/site/S/datasources/45/connections",
                "S",
                BrowserPage::Resource(ResourceKind::Datasource, "45".to_owned()),
            ),
            ("https://host/#/site/S/views/WB/Sheet", "S", view()),
            ("https://host/t/S/views/WB/Sheet?:iid=2", "S", view()),
            ("https://host/t/S/views/WB/Sheet?:iid=1#1", "S", view()),
            ("https://host/#/site/MySite/home", "MySite", BrowserPage::Other),
            ("https://host/#/site/S/authoring/WB/Sheet?:origin=card_share_link", "S", view()),
            ("https://host/t/S/authoring/WB/Sheet#1", "S", view()),
            ("https://host/#/site/S/views/WB/Sheet/0c1d2e3f-0000-0000-0000-000000000000/Mine", "S", view()),
            ("https://host/views/WB/Sheet?:embed=y", "Default", view()),
            ("https://host/t/S/workbooks/WB", "S", view()),
            (
                "https://host/t/S/workbooks/W%C3%A4",
                "S",
                BrowserPage::Named(ResourceKind::Workbook, "W\u{e4}".to_owned()),
            ),
            ("https://host/trusted/aBc-1_2/t/S/views/WB/Sheet", "S", view()),
            (
                "https://host/t/S/askData/Orders",
                "S",
                BrowserPage::Named(ResourceKind::Datasource, "Orders".to_owned()),
            ),
            ("https://host/#/site/S/projects/7", "S", BrowserPage::Unmapped),
            ("https://host/#/site/S/redirect_to_view/7", "S", BrowserPage::Unmapped),
            ("https://host/", "Default", BrowserPage::Other),
        ] {
            let number = match &page {
                BrowserPage::Resource(_, number) => Some(number.clone()),
                _ => None,
            };
            assert_eq!(BrowserUrl::number(address), number, "{address}");
            let url = BrowserUrl::parse(address).unwrap();
            assert_eq!((url.site.to_string().as_str(), url.page), (site, page), "{address}");
        }
        assert!(BrowserUrl::parse("MySite").is_err());
        for address in
            ["MySite", "https://user:secret@host/#/workbooks/1", "https://host/#/site/workbooks/1", ""]
        {
            assert_eq!(BrowserUrl::number(address), None, "{address}");
        }
    }
}
