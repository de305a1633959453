//! The Metadata API: its queries, their answers, and what its errors mean.

mod backlog;
mod extract_times;
mod pages;
mod verdict;

use graphql_client::{QueryBody, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::backlog::Backlog;
pub use self::pages::{MetadataPage, Node, PageAnswer, PageRequest};
pub use self::verdict::{ErrorVerdict, MetadataError};
use super::error::TableauError;
use super::session::Session;

/// Asks, and parts what came from what was wrong with it.
async fn ask<D: DeserializeOwned + Send + 'static>(
    session: &Session,
    doing: &str,
    query: &QueryBody<impl Serialize + Sync>,
) -> Result<(Option<D>, Vec<MetadataError>), TableauError> {
    Ok(parted(session.metadata(doing, query).await?))
}

fn parted<D>(response: Response<D>) -> (Option<D>, Vec<MetadataError>) {
    let errors = response.errors.unwrap_or_default().into_iter().map(MetadataError::from).collect();
    (response.data, errors)
}
