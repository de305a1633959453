//! What REST knows of a site: what exists now, and how projects nest. The witness beside the Metadata API, and all there is
//! where REST is asked alone.

use std::collections::BTreeMap;

use crate::resource::ResourceKind;
use crate::tableau::content::{Listing, Projects, RestResource};
use crate::tableau::{Session, TableauError};

/// What REST knows of one site.
#[derive(Debug, Default)]
pub struct Witness {
    /// The resources by kind; a kind is missing when it could not be listed.
    pub listings: BTreeMap<ResourceKind, Listing<RestResource>>,
    /// The projects; none when they could not be listed.
    pub projects: Projects,
    /// Why something could not be listed.
    pub failures: Vec<TableauError>,
}

/// Lists resources and projects. Projects come last, so that the project of every listed resource is among them.
///
/// A listing that fails leaves the others as they are; an error is one that ends the session or the run.
pub async fn witness(session: &Session) -> Result<Witness, TableauError> {
    let mut witness = Witness::default();
    for kind in ResourceKind::ALL {
        match session.list_kind(kind).await {
            Ok(listing) => drop(witness.listings.insert(kind, listing)),
            Err(error) if error.concerns_the_run() => return Err(error),
            Err(error) => witness.failures.push(error),
        }
    }
    match session.list_projects().await {
        Ok(projects) => witness.projects = projects,
        Err(error) if error.concerns_the_run() => return Err(error),
        Err(error) => witness.failures.push(error),
    }
    Ok(witness)
}
