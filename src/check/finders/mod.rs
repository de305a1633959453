//! Stage two: the references in one file, as data.
//!
//! A finder is one file here and one line in [`Finders::new`]. It knows nothing of Tableau: whether a reference is
//! right is for [`super::judge`] to say. Two finders may find the same; `overlap` says which of them is believed.

use std::ops::Range;
use std::path::Path;

use self::calls::Calls;
pub use self::finder::{Finder, Found, TextFile};
use super::finding::Code;
use super::reference::Reference;

pub mod addresses;
pub mod calls;
mod commands;
mod comments;
mod embeds;
mod exposures;
mod finder;
mod luid_fields;
mod luids;
mod manifest;
mod named_fields;
mod overlap;
mod python;
mod refs_file;
mod targets;
mod workbook_files;
mod written;
pub(crate) mod yaml;

/// Why a finder could not read a file: the code, the place and the reason.
pub type Unreadable = (Code, Range<usize>, String);

/// What all finders found in one file.
#[derive(Debug, Default)]
pub struct InFile {
    /// Each reference once, in the order of the file.
    pub references: Vec<Reference>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// All finders.
#[derive(Debug)]
pub struct Finders(Vec<Box<dyn Finder>>);

impl Finders {
    /// The list. Its order decides nothing.
    #[must_use]
    pub fn new(calls: Calls) -> Self {
        Self(vec![
            Box::new(addresses::Addresses),
            Box::new(calls),
            Box::new(commands::CommandLists),
            Box::new(commands::Commands),
            Box::new(embeds::Embeds),
            Box::new(exposures::Exposures),
            Box::new(luid_fields::LuidFields),
            Box::new(luids::Luids),
            Box::new(manifest::Manifests),
            Box::new(named_fields::NamedFields),
            Box::new(python::Python),
            Box::new(refs_file::RefsFile),
            Box::new(targets::Targets),
            Box::new(workbook_files::WorkbookFiles),
        ])
    }

    fn reading(&self, path: &Path, is_generated: bool) -> impl Iterator<Item = &dyn Finder> {
        let all = self.0.iter().map(AsRef::as_ref);
        all.filter(move |one| one.is_generated() == is_generated && one.reads(path))
    }

    /// Whether files of that name may be generated from others.
    #[must_use]
    pub fn may_be_generated(&self, path: &Path) -> bool {
        self.reading(path, true).next().is_some()
    }

    /// The references in a generated file; `None` when it only has the name of one.
    #[must_use]
    pub fn find_generated(&self, file: &TextFile<'_>) -> Option<Vec<Reference>> {
        self.reading(file.path, true).find_map(|finder| match finder.find(file) {
            Found::References(references) => Some(references),
            Found::Unreadable { .. } | Found::NotMine => None,
        })
    }

    /// The references in a file that somebody wrote.
    #[must_use]
    pub fn find(&self, file: &TextFile<'_>) -> InFile {
        let mut all = InFile::default();
        for finder in self.reading(file.path, false) {
            match finder.find(file) {
                Found::References(references) => all.references.extend(references),
                Found::Unreadable { code, span, reason } => all.unreadable.push((code, span, reason)),
                Found::NotMine => {}
            }
        }
        all.references = overlap::without_overlaps(all.references);
        all
    }
}
