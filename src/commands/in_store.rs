//! Work with the store, which Ctrl-C and SIGTERM end in good order.

use super::error::CommandError;
use super::open::open_store;
use crate::config::Config;
use crate::resolve::unknown_site;
use crate::source::Source;
use crate::store::Store;

/// Does `work` with the store, and with a source if there is one, and ends their sessions whatever comes of it:
/// success, failure or Ctrl-C.
pub(super) async fn with_store<T>(
    config: &Config,
    source: Option<&dyn Source>,
    work: impl AsyncFnOnce(&dyn Store) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let store = open_store(config)?;
    let result = tokio::select! {
        result = work(store.as_ref()) => result,
        () = interrupted() => {
            store.abort().await;
            if let Some(source) = source {
                source.abort().await;
            }
            Err(CommandError::Interrupted)
        }
    };
    // What was done is done; a session that cannot be closed ends by itself.
    if let Err(error) = store.close().await {
        tracing::debug!(reason = %error, "could not close the store's session");
    }
    result
}

/// Fails where the map knows nothing of a site that `--site` names; settings may name one that is yet to be synced.
pub(super) async fn refuse_unknown_site(config: &Config, store: &dyn Store) -> Result<(), CommandError> {
    match unknown_site(store, &config.sites).await? {
        Some(unknown) if config.is_site_asked => Err(unknown.into()),
        Some(unknown) => {
            tracing::warn!("{unknown}");
            Ok(())
        }
        None => Ok(()),
    }
}

/// Completes when the process is asked to stop.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
