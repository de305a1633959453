//! `tabmap backfill`: one-off; the tables if needed, then every row of every site.

use clap::Args;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::with_store;
use super::open::SourceOption;
use super::sites::{SyncOptions, sync_sites};
use crate::config::Config;
use crate::sync::{Mode, Sync};

/// Create the tables if needed, then write every row of every site anew
#[derive(Debug, Args)]
pub struct Backfill {
    #[command(flatten)]
    source: SourceOption,
    #[command(flatten)]
    options: SyncOptions,
}

impl Backfill {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let run = self.options.sites(&self.source, config).await?;
        let source = run.open(&self.source, config)?;
        let source = source.as_ref();
        let limits = self.options.limits(config);
        let synced = with_store(config, Some(source), async |store| {
            for step in store.migrate().await?.steps {
                tracing::info!("{step}");
            }
            let sync = Sync { source, store, limits, mode: Mode::EveryRow, is_live: true };
            sync_sites(sync, &run, &self.options, false).await
        });
        let synced = synced.await?;
        synced.print(self.options.format)?;
        Ok(synced.exit)
    }
}
