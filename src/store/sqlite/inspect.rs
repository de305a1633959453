//! What `doctor` asks of a file: it is opened for reading alone.

use std::path::Path;

use async_trait::async_trait;
use rusqlite::OpenFlags;

use super::file::{RUNS, SqliteStore};
use super::load::time;
use super::migrate::{SCHEMA, found_columns, tables};
use crate::store::inspect::{Access, Clock, Compute, Inspect, Reached, RunGroup, TablesSeen, TokenPolicy};
use crate::store::{StoreError, rows};

const RUN_GROUPS: &str = include_str!("../../../sql/sqlite/run_groups.sql");

#[async_trait]
impl Inspect for SqliteStore {
    async fn reach(&self) -> Result<Reached, StoreError> {
        self.run(Self::reach_now).await
    }

    async fn tables_seen(&self) -> Result<TablesSeen, StoreError> {
        self.run(Self::tables_now).await
    }

    async fn access(&self) -> Result<Access, StoreError> {
        self.run(|store| Ok(store.access_now())).await
    }

    async fn run_groups(&self) -> Result<Vec<RunGroup>, StoreError> {
        self.run(Self::run_groups_now).await
    }

    async fn compute(&self) -> Result<Compute, StoreError> {
        Ok(Compute::Own)
    }

    async fn token_policy(&self) -> Result<TokenPolicy, StoreError> {
        Ok(TokenPolicy::NoToken("a file".to_owned()))
    }
}

impl SqliteStore {
    fn reach_now(&self) -> Result<Reached, StoreError> {
        self.refuse_missing()?;
        self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let size = self.path.metadata().map_or(0, |metadata| metadata.len());
        let said = format!("the file `{}`, {} KiB", self.path.display(), size.div_ceil(1024));
        Ok(Reached { said: vec![said], clock: Clock::Ours })
    }

    fn tables_now(&self) -> Result<TablesSeen, StoreError> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let found = SCHEMA.version_of(&connection).map_err(self.refused("read"))?;
        let lacking = self.lacking(&connection)?;
        // The next command that may write adds what an older release did not know.
        if found >= SCHEMA.version
            && let Some(error) = lacking
        {
            return Err(error);
        }
        let counted = tables().map(|(table, _)| {
            let columns = found_columns(&connection, table).map_err(self.failed("read"))?;
            Ok((table.to_owned(), columns.len()))
        });
        let tables = counted.into_iter().collect::<Result<_, StoreError>>()?;
        Ok(TablesSeen { tables, version: Some([found, SCHEMA.version]) })
    }

    /// Journals are written beside the file.
    fn access_now(&self) -> Access {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut access = Access::default();
        for (what, path) in [("file", self.path.as_path()), ("folder", folder)] {
            if !may_write(path) {
                let path = path.display();
                access.missing.push(format!("this user may not write to the {what} `{path}`"));
            }
        }
        if access.missing.is_empty() {
            access.held.push("this user may write to the file and its folder".to_owned());
        } else {
            let words = "a sync writes to the file and beside it: let the user who syncs write to both; who only reads the map \
                         may go on as it is";
            access.remedy.push(words.to_owned());
        }
        access
    }

    fn run_groups_now(&self) -> Result<Vec<RunGroup>, StoreError> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let groups = self.texts(&connection, RUN_GROUPS, [])?.into_iter();
        let groups = groups.map(|texts| rows::run_group(texts, time)).collect::<Result<_, _>>();
        groups.map_err(self.unreadable(RUNS))
    }
}

/// Whether this user may write there, as far as the operating system tells without writing.
fn may_write(path: &Path) -> bool {
    #[cfg(unix)]
    return rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    #[cfg(not(unix))]
    return path.metadata().is_ok_and(|metadata| !metadata.permissions().readonly());
}
