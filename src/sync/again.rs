//! Optimistic concurrency: a plan that was made from a mapping which is not the map any more is made anew.

use super::synced::SyncError;
use crate::mapping::Mapping;
use crate::store::{Store, StoreError};

/// How often a plan is made in all. Each attempt that fails means that another run has finished.
const ATTEMPTS: u32 = 5;

/// Does `attempt` with the map as it is, until no other run gets in between.
pub(super) async fn when_the_map_changed<T>(
    store: &dyn Store,
    mut mapping: Mapping,
    attempt: impl AsyncFn(&Mapping) -> Result<T, SyncError>,
) -> Result<T, SyncError> {
    for _ in 1..ATTEMPTS {
        match attempt(&mapping).await {
            Err(SyncError::Store(StoreError::MappingChanged)) => {
                tracing::info!(site = %mapping.site, "another run changed the map, comparing again");
                mapping = store.load(&mapping.site).await?;
            }
            ended => return ended,
        }
    }
    attempt(&mapping).await
}
