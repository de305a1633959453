//! A store as people name it.

use std::path::PathBuf;
use std::str::FromStr;

/// Where the map is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A connection of the Snowflake CLI's configuration; `None` is its default connection.
    Snowflake(Option<String>),
}

impl FromStr for StoreAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().split_once(':') {
            Some(("sqlite", path)) if path.trim().starts_with(":memory:") => {
                Err("`sqlite::memory:` would be lost at the end of each command".to_owned())
            }
            Some(("sqlite", path)) if !path.trim().is_empty() => Ok(Self::Sqlite(PathBuf::from(path.trim()))),
            Some(("snowflake", name)) if !name.contains(['/', '@']) => {
                Ok(Self::Snowflake(Some(name.trim().to_owned()).filter(|name| !name.is_empty())))
            }
            None if text.trim() == "snowflake" => Ok(Self::Snowflake(None)),
            _ => Err(format!("{} is not a store", shown(text))),
        }
    }
}

/// A text for messages; an address of a database may hold a password.
fn shown(text: &str) -> String {
    if text.contains("//") || text.contains('@') { "an address".to_owned() } else { format!("`{text}`") }
}
