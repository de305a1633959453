//! Whether what a reference names is there.

use std::ops::Range;

use super::finding::Code;
use super::knowledge::{Departure, Fate, Knowledge};
use super::named;
use super::reference::{Reference, Spanned, Target};
use crate::resource::{Resource, ResourceKind, SiteName};
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
    /// What belongs in the place of a part, where that is certain.
    pub replacement: Option<(Range<usize>, String)>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It names what is there.
    Fine,
    /// It names the content of another server.
    Foreign,
    /// Only a run can tell, or too little is known.
    Open,
    /// It does not name what is there.
    Bad(Problem),
}

/// Judges a reference by what is known.
#[must_use]
pub fn judge(reference: &Reference, knowledge: &Knowledge) -> Verdict {
    match &reference.target {
        Target::Luid { luid, is_declared } => luid_verdict(luid, *is_declared, knowledge),
        Target::Page { host, site, kind, number } => {
            if is_foreign(host.as_deref(), knowledge) {
                return Verdict::Foreign;
            }
            page(site, *kind, number, knowledge)
        }
        Target::View { host, site, workbook } => {
            if is_foreign(host.as_deref(), knowledge) {
                return Verdict::Foreign;
            }
            view(site, workbook, knowledge)
        }
        Target::Name { kind, name, project, site } => {
            named::verdict(*kind, name, project.as_ref(), site.as_ref(), knowledge)
        }
        Target::Computed => Verdict::Open,
        Target::Invalid { message, remedy, span } => {
            bad(Code::InvalidReference, span, on_one_line(message), Some(remedy.clone()))
        }
    }
}

fn is_foreign(host: Option<&str>, knowledge: &Knowledge) -> bool {
    host.is_some_and(|host| !knowledge.is_our_host(host))
}

pub(super) fn bad(code: Code, span: &Range<usize>, message: String, remedy: Option<String>) -> Verdict {
    Verdict::Bad(Problem { code, span: span.clone(), message, remedy, replacement: None })
}

fn luid_verdict(luid: &Spanned<String>, is_declared: bool, knowledge: &Knowledge) -> Verdict {
    if knowledge.with_luid(&luid.value).next().is_some() {
        return Verdict::Fine;
    }
    let text = &luid.value;
    let fates = knowledge.fates_of_luid(text);
    let may_lack = || ResourceKind::ALL.into_iter().any(|kind| knowledge.may_lack(kind, |_| true));
    match fates.as_slice() {
        [] if is_declared && may_lack() => Verdict::Open,
        [] if is_declared => {
            let remedy = "`tabmap resolve` finds the LUID of a name or an address; what is newer than the last sync \
                          is known after the next one";
            bad(Code::UnknownLuid, &luid.span, format!("LUID {text} is not known"), Some(remedy.to_owned()))
        }
        [] => Verdict::Fine,
        [Fate::Replaced { departure, by }] => Verdict::Bad(Problem {
            code: Code::ReplacedLuid,
            span: luid.span.clone(),
            message: format!(
                "LUID {text} was replaced: {} was published again, noticed {}",
                described(departure),
                departure.at
            ),
            remedy: Some(format!("the {} now has LUID {}", by.key.kind, by.luid)),
            replacement: Some((luid.span.clone(), by.luid.to_string())),
        }),
        [Fate::Gone(departure)] => bad(
            Code::StaleLuid,
            &luid.span,
            format!("LUID {text} is stale: {} is gone, noticed {}", described(departure), departure.at),
            Some(namesake(departure, knowledge)),
        ),
        several => {
            let fates: Vec<String> = several.iter().map(|fate| on_site(fate)).collect();
            let message = format!("LUID {text} is stale on {} sites or of both kinds", several.len());
            bad(Code::StaleLuid, &luid.span, message, Some(fates.join("; ")))
        }
    }
}

fn on_site(fate: &Fate<'_>) -> String {
    match fate {
        Fate::Replaced { departure, by } => {
            format!("on site `{}` the {} now has LUID {}", departure.site, by.key.kind, by.luid)
        }
        Fate::Gone(departure) => format!("on site `{}` the {} is gone", departure.site, departure.kind),
    }
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
fn namesake(departure: &Departure, knowledge: &Knowledge) -> String {
    let fits = |one: &&Resource| {
        one.key.site == departure.site && one.key.project.agrees_with(&departure.before.project)
    };
    let found: Vec<_> = knowledge.with_name(departure.kind, &departure.before.name).filter(fits).collect();
    match found.as_slice() {
        [one] => {
            format!("a {} of that name is there with LUID {}: use it if it is meant", one.key.kind, one.luid)
        }
        _ => "take the reference out, or name what is meant now".to_owned(),
    }
}

/// The known site that an address means.
fn known_site<'a>(site: &SiteName, knowledge: &'a Knowledge) -> Option<&'a SiteName> {
    knowledge.sites().iter().find(|known| known.is_same_site(site))
}

/// The verdict on a site of which nothing is known.
pub(super) fn unknown_site(site: &str, span: &Range<usize>, knowledge: &Knowledge) -> Verdict {
    let known: Vec<String> = knowledge.sites().iter().map(|site| format!("`{site}`")).collect();
    let remedy = if known.is_empty() {
        "the map is empty: run `tabmap sync`".to_owned()
    } else {
        format!("known are {}; to check others, let `tabmap sync` keep them too", known.join(", "))
    };
    let message = format!("nothing is known of site `{}`", on_one_line(site));
    bad(Code::UnknownSite, span, message, Some(remedy))
}

fn page(site: &SiteName, kind: ResourceKind, number: &Spanned<String>, knowledge: &Knowledge) -> Verdict {
    if known_site(site, knowledge).is_none() {
        return unknown_site(&site.to_string(), &number.span, knowledge);
    }
    if knowledge.with_number(kind, &number.value).any(|one| one.key.site.is_same_site(site)) {
        return Verdict::Fine;
    }
    let mut of_kind =
        knowledge.resources().iter().filter(|one| one.key.kind == kind && one.key.site.is_same_site(site));
    let what = format!("{kind} {} on site `{site}`", number.value);
    match knowledge.fates_of_number(site, kind, &number.value).as_slice() {
        [Fate::Replaced { departure, by }] => {
            let new = by.vizportal_url_id.clone();
            Verdict::Bad(Problem {
                code: Code::ReplacedUrl,
                span: number.span.clone(),
                message: format!("{what} was replaced: {} was published again", described(departure)),
                remedy: Some(new.as_ref().map_or_else(
                    || format!("the {kind} now has LUID {}", by.luid),
                    |new| format!("the {kind} now has number {new}"),
                )),
                replacement: new.map(|new| (number.span.clone(), new)),
            })
        }
        [Fate::Gone(departure), ..] => {
            let message = format!("{what} is gone: it was {}", described(departure));
            bad(Code::StaleUrl, &number.span, message, Some(namesake(departure, knowledge)))
        }
        [] if knowledge.may_lack(kind, |known| known.is_same_site(site)) => Verdict::Open,
        // Rows that another tool wrote have no number until the next sync.
        [] if of_kind.any(|one| one.vizportal_url_id.is_none()) => Verdict::Open,
        _ => {
            let remedy =
                "open it in the browser: what is newer than the last sync is known after the next one";
            let message = format!("{what} is not known");
            bad(Code::UnknownResource, &number.span, message, Some(remedy.to_owned()))
        }
    }
}

fn view(site: &SiteName, workbook: &Spanned<String>, knowledge: &Knowledge) -> Verdict {
    if known_site(site, knowledge).is_none() {
        return unknown_site(&site.to_string(), &workbook.span, knowledge);
    }
    let decoded = percent_decoded(&workbook.value);
    if knowledge.has_view(site, &decoded) {
        return Verdict::Fine;
    }
    if knowledge.may_lack(ResourceKind::Workbook, |known| known.is_same_site(site)) {
        return Verdict::Open;
    }
    let message =
        format!("no known workbook on site `{site}` has the name `{}` in addresses", on_one_line(&decoded));
    let remedy =
        "the workbook was deleted, or it was renamed before the map first saw it; open it in the browser";
    bad(Code::UnknownView, &workbook.span, message, Some(remedy.to_owned()))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| *byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
