//! `tabmap sync --remove-site`: takes the rows of a site out of the map that is not there any more.

use super::error::{CommandError, RemoveSiteError};
use super::open::{SourceOption, tableau};
use crate::config::Config;
use crate::plan::{Limits, MaxRemoved};
use crate::resource::matching::near_texts;
use crate::resource::{SiteName, SiteState};
use crate::source::removed::RemovedSites;
use crate::source::{Source, SourceError};
use crate::store::Store;
use crate::sync::{Mode, Sync, Synced, refuse_other_server};
use crate::tableau::TableauError;

/// Removes all rows of `site`, whatever the limits say: the command names it. Its server must not say that it is active.
pub(super) async fn remove_site(
    config: &Config,
    source: &SourceOption,
    store: &dyn Store,
    mode: Mode,
    site: &SiteName,
) -> Result<Synced, CommandError> {
    let known = store.sites().await?;
    if !known.iter().any(|known| known.is_same_site(site)) {
        return Err(RemoveSiteError::Unknown { site: site.clone(), help: near(site, &known) }.into());
    }
    let server = config.server()?.identity();
    let asked = source.open(config, &[])?;
    refuse_other_server(store, asked.as_ref()).await?;
    if is_active(config, asked.as_ref(), site).await? {
        return Err(RemoveSiteError::Active { site: site.clone(), server }.into());
    }
    let limits = Limits { max_removed: MaxRemoved::Count(u64::MAX), is_for_this_run: true };
    let source = RemovedSites { server };
    let sync = Sync { source: &source, store, limits, mode, is_live: true };
    Ok(sync.site(site).await?)
}

fn near(site: &SiteName, known: &[SiteName]) -> String {
    let names: Vec<_> = known.iter().map(ToString::to_string).collect();
    let near = near_texts(&site.to_string(), names.iter().map(|name| (name.as_str(), name)));
    let meant: Vec<_> = near.iter().map(|name| format!("`{name}`")).collect();
    if meant.is_empty() {
        "`tabmap sync --all-sites --dry-run` shows the sites of the map that the server does not list"
            .to_owned()
    } else {
        format!("did you mean {}?", meant.join(", "))
    }
}

/// Whether Tableau says that the site is active: by its list of sites, or else by a sign-in. Without any answer of Tableau
/// this is an error, for silence says nothing about a site.
async fn is_active(config: &Config, source: &dyn Source, site: &SiteName) -> Result<bool, CommandError> {
    let others = config.sites.iter().find(|one| !one.is_same_site(site));
    let at = others.cloned().unwrap_or_else(|| SiteName::from_content_url(""));
    match source.sites(&at).await {
        Ok(listed) => {
            let listed = listed.iter().find(|one| one.name.is_same_site(site));
            return Ok(listed.is_some_and(|one| one.state == SiteState::Active));
        }
        Err(error) if is_unanswered(&error) => return Err(error.into()),
        Err(error) => {
            tracing::info!(reason = %error, "could not list the sites; signing in to the site instead");
        }
    }
    let tableau = tableau(config, &[])?;
    match tableau.sign_in(site).await {
        Ok(_) => {
            tableau.sign_out().await;
            Ok(true)
        }
        Err(TableauError::SignInRefused { code, .. }) => {
            tracing::warn!(%site, code, "Tableau refused to sign in to the site; a wrong secret has the same effect");
            Ok(false)
        }
        Err(TableauError::NoCredentials { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether Tableau did not say that this user may not have its list of sites.
fn is_unanswered(error: &SourceError) -> bool {
    let SourceError::Tableau(error) = error else {
        return !matches!(error, SourceError::NoListOfSites { .. });
    };
    !matches!(
        error,
        TableauError::CloudListsNoSites
            | TableauError::NoAdministrator { .. }
            | TableauError::OutOfScope { .. }
            | TableauError::SignInRefused { .. }
            | TableauError::NoCredentials { .. }
    )
}
