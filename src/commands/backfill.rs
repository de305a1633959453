//! `tabmap backfill`: one-off; the tables if needed, then every row of every site.

use clap::Args;

use super::sync::{SyncOptions, sync_sites};
use super::{CommandError, Exit, open_store, tableau};
use crate::config::Config;
use crate::report;
use crate::source::metadata::MetadataSource;
use crate::sync::{Mode, Sync};

/// Create the tables if needed, then write every row of every site anew
#[derive(Debug, Args)]
pub struct Backfill {
    #[command(flatten)]
    options: SyncOptions,
}

impl Backfill {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let sites = config.sites()?;
        let source = MetadataSource::new(tableau(config)?).with_progress(report::progress());
        let store = open_store(config)?;
        for step in store.migrate().await?.steps {
            tracing::info!("{step}");
        }
        let sync = Sync {
            source: &source,
            store: store.as_ref(),
            limits: self.options.limits(config),
            mode: Mode::EveryRow,
            is_live: true,
        };
        let (_, exit) = sync_sites(sync, sites, None, self.options.format).await?;
        Ok(exit)
    }
}
