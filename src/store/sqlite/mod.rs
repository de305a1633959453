//! The map in one SQLite file: the default store, with nothing to configure.
//!
//! `file` opens it, `migrate` creates the tables or adopts another tool's, `load` reads, `apply` writes. Every plan is
//! one transaction, so a run is never seen `applying` here.

mod apply;
mod error;
mod file;
mod inspect;
mod load;
mod migrate;

use std::sync::atomic::Ordering;

use async_trait::async_trait;

pub use self::error::SqliteError;
pub use self::file::{RESOURCES, SqliteStore};
use super::{Applied, ChangeFilter, Found, Lookup, Migration, Past, RecordedChange, Run, Store, StoreError};
use crate::mapping::Mapping;
use crate::plan::Plan;
use crate::resource::SiteName;

#[async_trait]
impl Store for SqliteStore {
    fn name(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    fn schema_sql(&self) -> String {
        migrate::SCHEMA.tables.clone().into_owned()
    }

    async fn migrate(&self) -> Result<Migration, StoreError> {
        self.run(Self::migrate_now).await
    }

    async fn rename_server(&self, old: &str, new: &str) -> Result<u64, StoreError> {
        let (old, new) = (old.to_owned(), new.to_owned());
        self.run(move |store| store.rename_server_now(&old, &new)).await
    }

    async fn sites(&self) -> Result<Vec<SiteName>, StoreError> {
        self.run(Self::sites_now).await
    }

    async fn load(&self, site: &SiteName) -> Result<Mapping, StoreError> {
        let site = site.clone();
        self.run(move |store| store.load_now(&site)).await
    }

    async fn find(&self, lookup: &Lookup, sites: &[SiteName]) -> Result<Found, StoreError> {
        let (lookup, sites) = (lookup.clone(), sites.to_vec());
        self.run(move |store| store.find_now(&lookup, &sites)).await
    }

    async fn apply(&self, run: &Run, plan: &Plan) -> Result<Applied, StoreError> {
        let (run, plan) = (run.clone(), plan.clone());
        let _turn = self.writer.lock().await;
        self.run(move |store| store.apply_now(&run, &plan)).await
    }

    async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<RecordedChange>, StoreError> {
        let filter = filter.clone();
        self.run(move |store| store.changes_now(&filter)).await
    }

    async fn past(&self) -> Result<Past, StoreError> {
        self.run(Self::past_now).await
    }

    async fn abort(&self) {
        self.is_aborted.store(true, Ordering::Relaxed);
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
