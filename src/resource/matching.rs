//! Whether what somebody wrote fits a resource: the one place where `resolve`, `refresh` and `check` decide it.
//!
//! People write names in either normal form of Unicode, so names and projects compare by NFC, case included. What is
//! compared with a column of the map in SQL has to be the same letter by letter.

use unicode_normalization::UnicodeNormalization as _;

use super::{Luid, ProjectPath, Resource, ResourceKind, SiteName};

/// How many similar names are suggested.
pub const MOST_NEAR_NAMES: usize = 3;
/// How alike a near name must be, from 0 to 1.
const NEAR: f64 = 0.7;
/// What Tableau calls the project that every site has.
const DEFAULT_PROJECT: &str = "Default";

/// What a resource is looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Its LUID, which two kinds may share.
    Luid {
        /// `None` for either.
        kind: Option<ResourceKind>,
        /// The LUID.
        luid: Luid,
    },
    /// The number in its address.
    Number {
        /// Workbook or data source.
        kind: ResourceKind,
        /// The number.
        number: String,
    },
    /// Its name in addresses of views.
    Address {
        /// Workbook or data source.
        kind: ResourceKind,
        /// The name, case included.
        name: String,
    },
    /// Its name as people write it.
    Name {
        /// Workbook or data source.
        kind: ResourceKind,
        /// The name, case included.
        name: String,
    },
}

impl Lookup {
    /// Whether a resource is what is looked for.
    #[must_use]
    pub fn fits(&self, one: &Resource) -> bool {
        match self {
            Self::Luid { kind, luid } => one.luid == *luid && kind.is_none_or(|kind| kind == one.key.kind),
            Self::Number { kind, number } => one.key.kind == *kind && has_number(one, number),
            Self::Address { kind, name } => {
                one.key.kind == *kind && one.details.content_url.as_ref() == Some(name)
            }
            Self::Name { kind, name } => one.key.kind == *kind && is_called(one, name),
        }
    }
}

/// A number names a page; a resource may also be called by a number, and then both fit.
fn is_called(one: &Resource, name: &str) -> bool {
    is_same_name(&one.key.name, name) || has_number(one, name)
}

fn has_number(one: &Resource, number: &str) -> bool {
    one.details.vizportal_url_id.as_deref() == Some(number)
}

/// How a name is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// The `RESOURCE_NAME` column.
    Column(String),
    /// As people write it; the number of the resource does too.
    Loose(String),
}

impl Name {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let (Self::Column(text) | Self::Loose(text)) = self;
        text
    }

    /// Whether it names that resource of its kind.
    #[must_use]
    pub fn fits(&self, one: &Resource) -> bool {
        match self {
            Self::Column(text) => one.key.name == *text,
            Self::Loose(text) => is_called(one, text),
        }
    }

    /// Whether something of that name is meant.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        match self {
            Self::Column(text) => text == name,
            Self::Loose(text) => is_same_name(text, name),
        }
    }
}

/// How a project is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Project {
    /// The `PROJECT_NAME` column.
    Leaf(String),
    /// The `PROJECT_PATH` column.
    Path(String),
    /// As people write it: a tail of the path, or a whole one after a slash.
    Tail(String),
    /// The one called Default, which `tabcmd` takes where none is written.
    Default,
    /// Only a run can tell which.
    Computed,
}

impl Project {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Leaf(text) | Self::Path(text) | Self::Tail(text) => text,
            Self::Default => DEFAULT_PROJECT,
            Self::Computed => "",
        }
    }

    /// Whether that project is meant.
    #[must_use]
    pub fn fits(&self, project: &ProjectPath) -> bool {
        match self {
            Self::Leaf(leaf) => project.leaf() == leaf,
            Self::Path(path) => project.agrees_with(&ProjectPath::parse(path)),
            Self::Tail(text) => match text.strip_prefix('/') {
                Some(from_root) => ProjectPath::parse(&nfc(from_root)) == project.nfc(),
                None => ProjectPath::parse(&nfc(text)).is_tail_of(&project.nfc()),
            },
            // It is `default` in some APIs.
            Self::Default => project.leaf().eq_ignore_ascii_case(DEFAULT_PROJECT),
            Self::Computed => true,
        }
    }

    /// Whether that project may be meant besides: a path is written, and of the project only its name is known.
    #[must_use]
    pub fn may_fit(&self, project: &ProjectPath) -> bool {
        let text = match self {
            Self::Path(text) | Self::Tail(text) => text,
            Self::Leaf(_) | Self::Default => return false,
            Self::Computed => return true,
        };
        let written = ProjectPath::parse(&nfc(text.strip_prefix('/').unwrap_or(text)));
        let has_parents = written.has_parents() || text.starts_with('/');
        has_parents && !project.is_rooted() && written.leaf() == project.nfc().leaf()
    }
}

/// How a site is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Site {
    /// The `SITE_ID` column: case counts, the Default site is empty.
    Column(String),
    /// As people write it.
    Loose(SiteName),
    /// Only a run can tell which, or what the call is made with.
    Computed,
}

impl Site {
    /// Whether that site is meant.
    #[must_use]
    pub fn fits(&self, site: &SiteName) -> bool {
        match self {
            Self::Column(text) => site.as_str() == text,
            Self::Loose(wanted) => site.is_same_site(wanted),
            Self::Computed => true,
        }
    }
}

/// A text in the form by which names are compared.
#[must_use]
pub fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// Whether both are one name, in whatever normal form.
#[must_use]
pub fn is_same_name(one: &str, other: &str) -> bool {
    one == other || !(one.is_ascii() && other.is_ascii()) && one.nfc().eq(other.nfc())
}

/// The resources of a kind whose names are most like `name`.
pub fn near<'a>(
    kind: ResourceKind,
    name: &str,
    resources: impl Iterator<Item = &'a Resource>,
) -> Vec<&'a Resource> {
    let mut of_kind: Vec<_> = resources.filter(|one| one.key.kind == kind).collect();
    of_kind.sort_by(|one, other| one.key.cmp(&other.key));
    near_texts(name, of_kind.into_iter().map(|one| (one.key.name.as_str(), one)))
}

/// What is called most like `name`, the most alike first. Of those that are as alike, the order stays.
pub fn near_texts<'a, T>(name: &str, all: impl Iterator<Item = (&'a str, T)>) -> Vec<T> {
    let wanted = name.to_lowercase();
    let likeness = |text: &str| strsim::normalized_damerau_levenshtein(&wanted, &text.to_lowercase());
    let mut near: Vec<_> =
        all.map(|(text, one)| (likeness(text), one)).filter(|(likeness, _)| *likeness >= NEAR).collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.into_iter().take(MOST_NEAR_NAMES).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Details, ResourceKey};

    const COMPOSED: &str = "Caf\u{e9}";
    const DECOMPOSED: &str = "Cafe\u{301}";

    fn resource(name: &str) -> Resource {
        let key = ResourceKey {
            site: SiteName::from_content_url("Main"),
            kind: ResourceKind::Workbook,
            project: ProjectPath::parse(COMPOSED),
            name: name.to_owned(),
        };
        let luid = Luid::new("luid-1").unwrap();
        let details = Details { vizportal_url_id: Some("7".to_owned()), ..Details::default() };
        Resource { key, luid, details }
    }

    #[test]
    fn a_name_fits_in_either_form_unless_a_column_is_compared() {
        let one = resource(COMPOSED);
        for (text, is_loose, is_column) in [
            (COMPOSED, true, true),
            (DECOMPOSED, true, false),
            ("caf\u{e9}", false, false),
            ("Cafe", false, false),
            ("7", true, false),
            ("8", false, false),
        ] {
            let (loose, column) = (Name::Loose(text.to_owned()), Name::Column(text.to_owned()));
            assert_eq!((loose.fits(&one), column.fits(&one)), (is_loose, is_column), "{text}");
            let lookup = |kind| Lookup::Name { kind, name: text.to_owned() }.fits(&one);
            assert_eq!(lookup(ResourceKind::Workbook), is_loose, "{text}");
            assert!(!lookup(ResourceKind::Datasource), "{text}");
            let was = (loose.is(COMPOSED), column.is(COMPOSED));
            assert_eq!(was, (is_loose && text != "7", is_column), "{text}");
        }
    }

    #[test]
    fn a_project_fits_by_its_leaf_its_path_or_a_tail_of_it() {
        let at = |path: &str| ProjectPath::parse(path);
        for (wanted, project, fits) in [
            (Project::Tail("B".to_owned()), at("A/B"), true),
            (Project::Tail("A/B".to_owned()), at("A/B"), true),
            (Project::Tail("A".to_owned()), at("A/B"), false),
            (Project::Tail("/B".to_owned()), at("A/B"), false),
            (Project::Tail("/A/B".to_owned()), at("A/B"), true),
            (Project::Tail("/B".to_owned()), ProjectPath::leaf_only("B"), false),
            (Project::Tail(r"A\/B".to_owned()), at("A/B"), false),
            (Project::Tail(r"A\/B".to_owned()), ProjectPath::leaf_only("A/B"), true),
            (Project::Tail(DECOMPOSED.to_owned()), at("A/Caf\u{e9}"), true),
            (Project::Tail("/Caf\u{e9}".to_owned()), at(DECOMPOSED), true),
            (Project::Leaf("B".to_owned()), at("A/B"), true),
            (Project::Leaf("A/B".to_owned()), at("A/B"), false),
            (Project::Leaf(DECOMPOSED.to_owned()), at(COMPOSED), false),
            (Project::Path("A/B".to_owned()), at("A/B"), true),
            (Project::Path("B".to_owned()), at("A/B"), false),
            (Project::Path("A/B".to_owned()), ProjectPath::leaf_only("B"), true),
            (Project::Path(DECOMPOSED.to_owned()), at(COMPOSED), false),
        ] {
            assert_eq!(wanted.fits(&project), fits, "{wanted:?} {project}");
        }
    }

    #[test]
    fn a_project_of_which_only_the_name_is_known_may_fit_a_path_that_ends_in_it() {
        let (known, leaf) = (ProjectPath::parse("A/B"), ProjectPath::leaf_only("B"));
        for (wanted, project, may_fit) in [
            (Project::Computed, &known, true),
            (Project::Leaf("B".to_owned()), &leaf, false),
            (Project::Path("A/B".to_owned()), &leaf, true),
            (Project::Path("A/C".to_owned()), &leaf, false),
            (Project::Path("A/B".to_owned()), &known, false),
            (Project::Tail("A/B".to_owned()), &leaf, true),
            (Project::Tail("/B".to_owned()), &leaf, true),
            (Project::Tail("B".to_owned()), &leaf, false),
            (Project::Tail("/C".to_owned()), &leaf, false),
        ] {
            assert_eq!(wanted.may_fit(project), may_fit, "{wanted:?} {project}");
        }
    }

    #[test]
    fn what_is_written_is_shown_as_it_is_written() {
        assert_eq!(Name::Column("a".to_owned()).as_str(), "a");
        assert_eq!(Name::Loose("b".to_owned()).as_str(), "b");
        assert_eq!(Project::Tail("A/B".to_owned()).as_str(), "A/B");
        assert_eq!(Project::Computed.as_str(), "");
    }

    #[test]
    fn a_look_up_by_luid_number_or_address_fits_the_kind_and_the_text() {
        let (workbook, datasource) = (ResourceKind::Workbook, ResourceKind::Datasource);
        let mut one = resource("Sales");
        one.details.content_url = Some("Sales_1".to_owned());
        let luid = |kind, text: &str| Lookup::Luid { kind, luid: Luid::new(text).unwrap() };
        let number = |kind, text: &str| Lookup::Number { kind, number: text.to_owned() };
        let address = |kind, text: &str| Lookup::Address { kind, name: text.to_owned() };
        for (lookup, fits) in [
            (luid(None, "luid-1"), true),
            (luid(Some(workbook), "luid-1"), true),
            (luid(Some(datasource), "luid-1"), false),
            (luid(None, "luid-2"), false),
            (number(workbook, "7"), true),
            (number(datasource, "7"), false),
            (number(workbook, "8"), false),
            (address(workbook, "Sales_1"), true),
            (address(datasource, "Sales_1"), false),
            (address(workbook, "Sales"), false),
        ] {
            assert_eq!(lookup.fits(&one), fits, "{lookup:?}");
        }
    }

    #[test]
    fn a_sign_that_stands_for_a_letter_is_that_letter() {
        assert!(is_same_name("5 K", "5 \u{212a}") && !is_same_name("5 k", "5 \u{212a}"));
    }

    #[test]
    fn a_site_fits_in_any_case_unless_its_column_is_compared() {
        let (main, other) = (SiteName::from_content_url("Main"), SiteName::from_content_url("main"));
        assert!(Site::Loose(other.clone()).fits(&main) && Site::Column("Main".to_owned()).fits(&main));
        assert!(!Site::Column("main".to_owned()).fits(&main) && !Site::Column(String::new()).fits(&main));
        assert!(main.is_among(&[]) && main.is_among(std::slice::from_ref(&other)));
        assert!(!main.is_among(&[SiteName::from_content_url("Second")]));
    }

    #[test]
    fn near_names_are_of_the_kind_the_most_alike_first_and_three_at_most() {
        let all = ["Sales", "Sales 2", "Sale", "Slaes", "Orders"].map(resource);
        let near = |kind, name| -> Vec<_> {
            near(kind, name, all.iter()).into_iter().map(|one| one.key.name.as_str()).collect()
        };
        assert_eq!(near(ResourceKind::Workbook, "sales"), ["Sales", "Sale", "Slaes"]);
        assert_eq!(near(ResourceKind::Workbook, "Nothing").len(), 0);
        assert_eq!(near(ResourceKind::Datasource, "Sales").len(), 0);
    }
}
