//! `tabmap backfill`: one-off; the tables if needed, then every row of every site.

use std::sync::Arc;

use clap::Args;

use super::sync::Job;
use super::{CommandError, Exit, open_store, tableau};
use crate::config::Config;
use crate::plan::{Limits, MaxRemoved};
use crate::report::{Format, SyncReport};
use crate::source::metadata::MetadataSource;

/// Create the tables if needed, then write every row of every site anew
#[derive(Debug, Args)]
pub struct Backfill {
    /// The most resources that may be removed from a site: a number or a share of its rows, such as `30%`
    /// [default: 20% of its rows, or 10 of them]
    #[arg(long, value_name = "N|P%")]
    max_removed: Option<MaxRemoved>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Backfill {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        config.server()?;
        let sites = config.sites()?.to_vec();
        let source = Arc::new(MetadataSource::new(tableau(config)?));
        let store = open_store(config)?;
        for step in store.migrate().await?.steps {
            tracing::info!("{step}");
        }
        let job = Job {
            source,
            store,
            sites,
            limits: Limits { max_removed: self.max_removed.unwrap_or(config.limits.max_removed) },
            is_live: true,
            dry_run: false,
            rewrite_all: true,
            record: None,
        };
        let (reports, exit) = job.run().await?;
        SyncReport::new(job.source.server(), false, reports).print(self.format)?;
        Ok(exit)
    }
}
