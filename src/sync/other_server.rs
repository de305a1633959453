//! A source that no sign-in ties to the server: what the map holds tells whether it is the same.

use super::SyncError;
use crate::source::Source;
use crate::store::Store;

/// Refuses a source that knows nothing of what the map holds of any site. Reads no further than the first site of which it
/// knows something, so that a map of the right server costs little.
pub async fn refuse_other_server(store: &dyn Store, source: &dyn Source) -> Result<(), SyncError> {
    if source.other_server(0).is_none() {
        return Ok(());
    }
    let mut rows = 0;
    for site in store.sites().await? {
        let mapping = store.load(&site).await?;
        if mapping.server.as_ref().is_some_and(|map| *map != source.server()) {
            // The settings name another server than the map: the sync of each site says so.
            return Ok(());
        }
        if source.knows_any(&mapping).await? {
            return Ok(());
        }
        rows += mapping.rows.len();
    }
    match source.other_server(rows) {
        Some(error) if rows > 0 => Err(error.into()),
        _ => Ok(()),
    }
}
