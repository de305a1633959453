//! Why there is no snapshot.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::repository::error::RepositoryError;
use crate::resource::SiteName;
use crate::tableau::TableauError;

/// Why there is no snapshot.
#[derive(Debug, Error, Diagnostic)]
pub enum SourceError {
    /// The conversation with Tableau failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tableau(#[from] TableauError),
    /// Not every source knows which sites there are.
    #[error("the source `{source_name}` does not list the sites of the server")]
    #[diagnostic(
        code(tabmap::source::no_list_of_sites),
        help("name the sites in TABLEAU_SITE, `--site`, or `sites` under `[tableau]` in tabmap.toml")
    )]
    NoListOfSites {
        /// The source.
        source_name: &'static str,
    },
    /// The repository gave none.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Repository(#[from] RepositoryError),
    /// A recording that cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Recording(#[from] RecordingError),
}

/// A recording that cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum RecordingError {
    /// The file cannot be read or written.
    #[error("could not {doing} the recording `{}`", path.display())]
    #[diagnostic(code(tabmap::recording::io))]
    Io {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No file can be written there.
    #[error("no recording can be written to `{}`", path.display())]
    #[diagnostic(code(tabmap::recording::place), help("name a file in a folder that exists"))]
    Place {
        /// The path.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` is not a recording that this version reads: {reason}", path.display())]
    #[diagnostic(code(tabmap::recording::form), help("make one with `tabmap sync --record FILE`"))]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file holds other sites.
    #[error("the recording `{}` has no site `{site}`", path.display())]
    #[diagnostic(code(tabmap::recording::site))]
    Site {
        /// The file.
        path: PathBuf,
        /// The site that was asked for.
        site: SiteName,
    },
}
