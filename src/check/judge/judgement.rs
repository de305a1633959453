//! What comes out of judging, and what all judges say alike.

use std::ops::Range;

use crate::check::finding::Code;
use crate::check::knowledge::{Departure, Knowledge};
use crate::resource::Resource;
use crate::text::on_one_line;

/// What is wrong with a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of trouble.
    pub code: Code,
    /// The part of the reference that is to blame.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: Option<String>,
    /// What belongs in the place of that part, where that is certain.
    pub replacement: Option<String>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It names what is there.
    Fine,
    /// It has nothing to do with Tableau.
    Unrelated,
    /// It names the content of another server.
    Foreign,
    /// It names content of a kind that the map has no rows of.
    Unmapped,
    /// Only a run can tell, or too little is known.
    Open,
    /// It does not name what is there.
    Bad(Problem),
}

/// A judgement without a replacement.
pub(super) fn bad(code: Code, span: &Range<usize>, message: String, remedy: Option<String>) -> Judgement {
    Judgement::Bad(Problem { code, span: span.clone(), message, remedy, replacement: None })
}

/// What a departed resource was called.
pub(super) fn described(departure: &Departure) -> String {
    let Departure { kind, before, site, .. } = departure;
    format!(
        "{kind} `{}` in project `{}` on site `{site}`",
        on_one_line(&before.name),
        on_one_line(&before.project.to_string())
    )
}

/// Something of the same name may be there that nothing connects with what is gone.
pub(super) fn namesake(departure: &Departure, knowledge: &Knowledge) -> String {
    let fits = |one: &&Resource| {
        one.key.site == departure.site && one.key.project.agrees_with(&departure.before.project)
    };
    let found: Vec<_> = knowledge.with_name(departure.kind, &departure.before.name).filter(fits).collect();
    match found.as_slice() {
        [one] => {
            format!("a {} of that name is there with LUID {}: use it if it is meant", one.key.kind, one.luid)
        }
        _ => "remove the reference, or name the resource that is meant now".to_owned(),
    }
}

/// The verdict on a site of which nothing is known.
pub(super) fn unknown_site(site: &str, span: &Range<usize>, knowledge: &Knowledge) -> Judgement {
    let known: Vec<String> = knowledge.sites().iter().map(|site| format!("`{site}`")).collect();
    let known = known.join(", ");
    let remedy = match (known.is_empty(), knowledge.has_map) {
        (true, _) => "no site is known: name it with `--site`, or run `tabmap sync`".to_owned(),
        (false, true) => format!("the map has {known}; to check others, sync them too"),
        (false, false) => format!("known sites are {known}; to check others, name them with `--site`"),
    };
    let message = format!("site `{}` is not known", on_one_line(site));
    bad(Code::UnknownSite, span, message, Some(remedy))
}
