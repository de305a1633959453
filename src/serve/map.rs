//! The map as `serve` last loaded it: loading costs, on Snowflake in money too, and what is stale is healed anyway.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::resolve::LoadedMap;
use crate::store::{Store, StoreError};

/// The map, loaded when it is needed.
pub struct CachedMap {
    /// Where it is kept.
    pub store: Arc<dyn Store>,
    loaded: Mutex<Option<(Instant, Arc<LoadedMap>)>>,
}

impl CachedMap {
    /// Loads nothing yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, loaded: Mutex::default() }
    }

    /// The map, not older than `age`.
    pub async fn load(&self, age: Duration) -> Result<Arc<LoadedMap>, StoreError> {
        // Held while loading: others wait for this one.
        let mut loaded = self.loaded.lock().await;
        if let Some((at, map)) = loaded.as_ref().filter(|(at, _)| at.elapsed() <= age) {
            tracing::trace!(age = at.elapsed().as_secs(), "the map is still good");
            return Ok(Arc::clone(map));
        }
        let map = Arc::new(LoadedMap::load(self.store.as_ref(), &[]).await?);
        *loaded = Some((Instant::now(), Arc::clone(&map)));
        Ok(map)
    }
}
