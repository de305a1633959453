//! How bad a finding is, as the configuration says.

use std::collections::BTreeMap;
use std::path::Path;

use ignore::gitignore::Gitignore;

use super::finding::{Code, Severity};

/// How bad findings are: in general, and in files that patterns name.
#[derive(Debug, Clone, Default)]
pub struct Severities {
    general: BTreeMap<Code, Severity>,
    overrides: Vec<(Gitignore, BTreeMap<Code, Severity>)>,
}

impl Severities {
    /// What the configuration says; of `overrides`, the last one that fits counts.
    #[must_use]
    pub fn new(
        general: BTreeMap<Code, Severity>,
        overrides: Vec<(Gitignore, BTreeMap<Code, Severity>)>,
    ) -> Self {
        Self { general, overrides }
    }

    /// How bad a finding is in a file, or in the map.
    #[must_use]
    pub fn of(&self, code: Code, path: Option<&str>) -> Severity {
        let of_path = path.map(Path::new).filter(|path| path.is_relative()).and_then(|path| {
            let fits = |paths: &Gitignore| paths.matched_path_or_any_parents(path, false).is_ignore();
            let mut levels = self.overrides.iter().rev().filter(|(paths, _)| fits(paths));
            levels.find_map(|(_, severity)| severity.get(&code))
        });
        *of_path.or(self.general.get(&code)).unwrap_or(&code.default_severity())
    }
}
