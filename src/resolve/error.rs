//! Why a question has no answer.

use miette::Diagnostic;
use thiserror::Error;

use crate::browser_url::NotAnAddress;
use crate::resource::{Luid, Resource, SiteName};
use crate::store::StoreError;

/// What was asked has no single answer.
#[derive(Debug, Error, Diagnostic)]
pub enum ResolveError {
    /// The question cannot be read.
    #[error("{what}")]
    #[diagnostic(code(tabmap::resolve::usage))]
    Usage {
        /// What is wrong.
        what: String,
        /// The remedy.
        #[help]
        help: &'static str,
    },
    /// The map could not be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// Not an address.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Address(#[from] NotAnAddress),
    /// The address is of another server than the map.
    #[error("the address is on server `{host}`, and this map belongs to `{server}`")]
    #[diagnostic(code(tabmap::resolve::other_server), help("name the store of that server with `--store`"))]
    OtherServer {
        /// The host of the address.
        host: String,
        /// The server of the map.
        server: String,
    },
    /// Nothing by that name.
    #[error("the map has no {what}")]
    #[diagnostic(code(tabmap::resolve::unknown))]
    Unknown {
        /// What was looked for.
        what: String,
        /// Near names, or where else to look.
        #[help]
        help: String,
    },
    /// Nothing of that site.
    #[error("the map has no rows for site `{site}`")]
    #[diagnostic(code(tabmap::resolve::unknown_site))]
    UnknownSite {
        /// The site.
        site: SiteName,
        /// Near names, or the sites of the map.
        #[help]
        help: String,
    },
    /// Several by that name.
    #[error("{what} is ambiguous: {} resources match", candidates.len())]
    #[diagnostic(
        code(tabmap::resolve::ambiguous),
        help(
            "add `--project` with enough of the path to tell them apart, or `--site`, or resolve the LUID that you \
             mean:\n{}",
            table_of(candidates)
        )
    )]
    Ambiguous {
        /// What was looked for.
        what: String,
        /// All that fit.
        candidates: Vec<Resource>,
    },
    /// A LUID that was current once.
    #[error("LUID {luid} is stale: {what}")]
    #[diagnostic(code(tabmap::resolve::stale))]
    Stale {
        /// The LUID.
        luid: Luid,
        /// What became of it.
        what: String,
        /// What to use instead.
        #[help]
        help: String,
    },
}

fn table_of(candidates: &[Resource]) -> String {
    let lines: Vec<_> = candidates
        .iter()
        .map(|one| format!("{}  site `{}`, {} `{}`", one.luid, one.key.site, one.key.kind, one.place()))
        .collect();
    lines.join("\n")
}
