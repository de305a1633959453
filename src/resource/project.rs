//! Projects and how they nest.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization as _;

/// A project and its parents.
///
/// Only REST knows how projects nest. Where it could not be asked, and in rows that another tool wrote, the
/// leaf alone is known. Printed `Finance/EMEA`, with a `/` inside a name as `\/` and a `\` as `\\`. Clones share one path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProjectPath(Arc<Names>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Names {
    names: Vec<String>,
    rooted: bool,
}

impl ProjectPath {
    fn of(names: Vec<String>, rooted: bool) -> Self {
        Self(Arc::new(Names { names, rooted }))
    }

    /// The names from the root down; `None` when there are none.
    #[must_use]
    pub fn from_root(names: Vec<String>) -> Option<Self> {
        (!names.is_empty()).then(|| Self::of(names, true))
    }

    /// A project of which only its own name is known.
    #[must_use]
    pub fn leaf_only(name: &str) -> Self {
        Self::of(vec![name.to_owned()], false)
    }

    /// The printed form, read back. Never fails: every text names some project.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut names = vec![String::new()];
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '/' => names.push(String::new()),
                '\\' => push_last(&mut names, letters.next().unwrap_or('\\')),
                other => push_last(&mut names, other),
            }
        }
        Self::of(names, true)
    }

    /// The project's own name, the `PROJECT_NAME` column.
    #[must_use]
    pub fn leaf(&self) -> &str {
        self.0.names.last().map_or("", String::as_str)
    }

    /// Whether the parents are known too.
    #[must_use]
    pub fn is_rooted(&self) -> bool {
        self.0.rooted
    }

    /// The printed form when the parents are known, the `PROJECT_PATH` column.
    #[must_use]
    pub fn full(&self) -> Option<String> {
        self.0.rooted.then(|| self.to_string())
    }

    /// The same with its names in the form by which they are compared.
    #[must_use]
    pub fn nfc(&self) -> Self {
        Self::of(self.0.names.iter().map(|name| name.nfc().collect()).collect(), self.0.rooted)
    }

    /// Whether it says in which project it is.
    #[must_use]
    pub fn has_parents(&self) -> bool {
        self.0.names.len() > 1
    }

    /// Whether both may be the same project, as far as both are known.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        self == other || !(self.0.rooted && other.0.rooted) && self.leaf() == other.leaf()
    }

    /// Whether a person who wrote `self` (any tail of a path: `EMEA`, `Finance/EMEA`) may mean `project`.
    #[must_use]
    pub fn is_tail_of(&self, project: &Self) -> bool {
        project.0.names.ends_with(&self.0.names)
    }
}

/// By its names from the root down. Those of neighbours in a list are often one and the same.
impl Ord for ProjectPath {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for ProjectPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Paths that were read before: a site has many resources in few projects, which share them.
#[derive(Debug, Default)]
pub struct KnownPaths {
    leaves: HashMap<String, ProjectPath>,
    paths: HashMap<String, ProjectPath>,
}

impl KnownPaths {
    /// As [`ProjectPath::leaf_only`].
    pub fn leaf_only(&mut self, name: &str) -> ProjectPath {
        known(&mut self.leaves, name, ProjectPath::leaf_only)
    }

    /// As [`ProjectPath::parse`].
    pub fn parse(&mut self, text: &str) -> ProjectPath {
        known(&mut self.paths, text, ProjectPath::parse)
    }
}

fn known(
    paths: &mut HashMap<String, ProjectPath>,
    text: &str,
    make: impl Fn(&str) -> ProjectPath,
) -> ProjectPath {
    if let Some(path) = paths.get(text) {
        return path.clone();
    }
    let path = make(text);
    paths.insert(text.to_owned(), path.clone());
    path
}

fn push_last(names: &mut [String], letter: char) {
    if let Some(last) = names.last_mut() {
        last.push(letter);
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            self.0.names.iter().map(|name| name.replace('\\', r"\\").replace('/', r"\/")).collect();
        f.pad(&names.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_path_reads_back_what_it_prints() {
        for names in
            [vec!["A"], vec!["A", "B"], vec!["A/B", "C"], vec![r"A\", "B"], vec![r"\/", r"\\"], vec![""]]
        {
            let path = ProjectPath::from_root(names.iter().map(ToString::to_string).collect()).unwrap();
            assert_eq!(ProjectPath::parse(&path.to_string()), path, "{path}");
        }
    }

    #[test]
    fn a_slash_inside_a_name_is_told_apart_from_a_nested_project() {
        let nested = ProjectPath::from_root(vec!["A".into(), "B".into()]).unwrap();
        let slash = ProjectPath::from_root(vec!["A/B".into()]).unwrap();
        assert_eq!(nested.to_string(), "A/B");
        assert_eq!(slash.to_string(), r"A\/B");
        assert!(!nested.agrees_with(&slash));
    }
}
