//! The sites of a server, which Tableau Server tells its administrators and Tableau Cloud tells nobody.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::client::Tableau;
use super::connected_app::SITES_SCOPE;
use super::error::TableauError;
use super::reply::RetryRules;
use super::session::Session;
use super::shapes::{number, or_default};
use crate::resource::{ListedSite, SiteName, SiteState};

/// The most that Tableau gives at once.
const PAGE_SIZE: &str = "1000";

/// How often the list is read, when it changes while it is read.
const ATTEMPTS: u32 = 3;

#[derive(Deserialize)]
struct SitesPage {
    /// Users who are no administrators get no pages: a list of the sites that they may use.
    pagination: Option<Pagination>,
    #[serde(default, deserialize_with = "or_default")]
    sites: Sites,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    #[serde(deserialize_with = "number")]
    total_available: Option<i64>,
}

#[derive(Default, Deserialize)]
struct Sites {
    #[serde(default, deserialize_with = "or_default")]
    site: Vec<Site>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Site {
    content_url: String,
    state: String,
}

impl Tableau {
    /// The sites of the server, sorted by their names; for that, signs in to the site `at` and out again.
    pub async fn list_sites(&self, at: &SiteName) -> Result<Vec<ListedSite>, TableauError> {
        let tableau = self.to_list_sites();
        let session = tableau.sign_in(at).await?;
        let mut listed = Ok(None);
        for _ in 0..ATTEMPTS {
            listed = session.list_sites_once().await;
            if !matches!(listed, Ok(None)) {
                break;
            }
        }
        tableau.sign_out().await;
        listed.map_err(|error| no_list(at, error))?.ok_or(TableauError::UnsettledSites)
    }
}

fn no_list(at: &SiteName, error: TableauError) -> TableauError {
    match error {
        TableauError::Refused { code, .. } if code == "403069" => TableauError::CloudListsNoSites,
        TableauError::Refused { code, .. } if code.starts_with("403") => {
            TableauError::NoAdministrator { at: at.clone() }
        }
        // What Tableau answers to a token without the scope.
        TableauError::SessionRefused { doing, .. } => TableauError::OutOfScope { doing, scope: SITES_SCOPE },
        other => other,
    }
}

impl Session {
    /// `None` where the list was not the same from its first page to its last.
    async fn list_sites_once(&self) -> Result<Option<Vec<ListedSite>>, TableauError> {
        let doing = "list the sites of the server";
        let (mut sites, mut announced) = (BTreeMap::new(), None);
        for number in 1.. {
            let reply = self.call(doing, RetryRules::USUAL, |http| http.get(self.page(number))).await;
            let page: SitesPage = match self.tableau.decode(doing, "a page of the sites", &reply?) {
                // The list became so short that this page is beyond its end.
                Err(error) if error.has_code("400006") && number > 1 => return Ok(None),
                page => page?,
            };
            let before = sites.len();
            for Site { content_url, state } in page.sites.site {
                let name = SiteName::from_content_url(&content_url);
                sites.insert(name.folded(), ListedSite { name, state: SiteState::of(&state) });
            }
            let Some(Pagination { total_available }) = page.pagination else {
                return Err(TableauError::NoAdministrator { at: self.site().clone() });
            };
            let total = usize::try_from(total_available.unwrap_or_default()).unwrap_or_default();
            if announced.is_some_and(|announced| announced != total) {
                return Ok(None);
            }
            announced = Some(total);
            if sites.len() >= total || sites.len() == before {
                let is_whole = sites.len() == total;
                return Ok(is_whole.then(|| sites.into_values().collect()));
            }
        }
        unreachable!("the last page returns")
    }

    fn page(&self, number: u32) -> Url {
        let mut url = self.tableau.server.join(&format!("/api/{}/sites", self.version));
        let query = [("pageSize", PAGE_SIZE), ("pageNumber", &number.to_string())];
        url.query_pairs_mut().extend_pairs(query);
        url
    }
}
