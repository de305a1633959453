//! What the files are filled with.

use super::secrets::Secrets;
use super::settings::SnowflakeObjects;
use crate::resource::SiteName;
use crate::store::snowflake::TableNames;
use crate::tableau::ServerUrl;

/// What the files are filled with.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The names of the tables.
    pub tables: &'a TableNames,
    /// The names around them.
    pub settings: &'a SnowflakeObjects,
    /// Where Tableau is.
    pub server: &'a ServerUrl,
    /// What the container syncs.
    pub sites: &'a [SiteName],
    /// What goes into the secrets.
    pub secrets: &'a Secrets,
}
