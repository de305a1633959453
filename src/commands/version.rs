//! What `--version` says: all that a report of a fault needs. `-V` says the first line alone.

use std::sync::LazyLock;

use crate::store::columns::SCHEMA_VERSION;
use crate::tableau::TESTED_API;

static LONG: LazyLock<String> = LazyLock::new(|| {
    let [oldest, newest] = TESTED_API;
    format!(
        "{}\n\
         commit: {}\n\
         target: {}\n\
         compiler: {}\n\
         Tableau REST API: the newest version that the server offers; tested with {oldest} to {newest}\n\
         map schema version: {SCHEMA_VERSION}",
        env!("CARGO_PKG_VERSION"),
        env!("TABMAP_COMMIT"),
        env!("TABMAP_TARGET"),
        env!("TABMAP_RUSTC"),
    )
});

/// The lines, without the name of the program.
pub(super) fn long() -> &'static str {
    &LONG
}
