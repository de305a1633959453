//! Why the SQLite file could not be used.

use std::path::PathBuf;

use miette::Diagnostic;
use rusqlite::ErrorCode;
use thiserror::Error;

/// A failure of the SQLite file, with what was being done.
#[derive(Debug, Error)]
#[error("could not {doing} the SQLite file `{}`", path.display())]
pub struct SqliteError {
    pub(super) path: PathBuf,
    pub(super) doing: &'static str,
    pub(super) source: rusqlite::Error,
}

impl Diagnostic for SqliteError {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new("tabmap::sqlite"))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let help = match self.source.sqlite_error_code()? {
            ErrorCode::CannotOpen => "check that the folder exists and that this user may write to it",
            ErrorCode::ReadOnly => "this user may not write to the file or to its folder",
            ErrorCode::NotADatabase => {
                "the file is not a SQLite database: name another one with `--store sqlite:PATH`"
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                "another program has locked the file; if it is not another tabmap, close it and run again"
            }
            ErrorCode::SystemIoFailure => "check the disk: it may be full or failing; the map is unchanged",
            ErrorCode::DiskFull => "free some space on the disk and run again; the map is unchanged",
            ErrorCode::DatabaseCorrupt => {
                "restore the file from a backup, or delete it and run `tabmap backfill`"
            }
            _ => return None,
        };
        Some(Box::new(help))
    }
}
