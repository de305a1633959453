//! Whether an address leads to what is there.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::judgement::{Judgement, Problem, bad, described, namesake, unknown_site};
use crate::check::finding::Code;
use crate::check::knowledge::{Fate, Knowledge};
use crate::check::reference::Spanned;
use crate::resource::{ResourceKind, SiteName};
use crate::text::on_one_line;

/// The known site that an address means.
fn known_site<'a>(site: &SiteName, knowledge: &'a Knowledge) -> Option<&'a SiteName> {
    knowledge.sites().iter().find(|known| known.is_same_site(site))
}

/// On Tableau Cloud it may well be another company's.
fn of_unknown_site(site: &SiteName, span: &Range<usize>, knowledge: &Knowledge) -> Judgement {
    if knowledge.is_on_cloud() {
        let message = format!("site `{site}` is not among the known sites");
        let remedy = "it may be another customer's: Tableau Cloud has the sites of many on one host";
        return bad(Code::ForeignSite, span, message, Some(remedy.to_owned()));
    }
    unknown_site(&site.to_string(), span, knowledge)
}

pub(super) fn page(
    site: &SiteName,
    kind: ResourceKind,
    number: &Spanned<String>,
    knowledge: &Knowledge,
) -> Judgement {
    if known_site(site, knowledge).is_none() {
        return of_unknown_site(site, &number.span, knowledge);
    }
    if knowledge.with_number(kind, &number.value).any(|one| one.key.site.is_same_site(site)) {
        return Judgement::Fine;
    }
    let mut of_kind =
        knowledge.resources().iter().filter(|one| one.key.kind == kind && one.key.site.is_same_site(site));
    let what = format!("{kind} {} on site `{site}`", number.value);
    match knowledge.fates_of_number(site, kind, &number.value).as_slice() {
        [Fate::Replaced { departure, by }] => {
            let new = by.details.vizportal_url_id.clone();
            Judgement::Bad(Problem {
                code: Code::ReplacedUrl,
                span: number.span.clone(),
                message: format!("{what} was replaced: {} was republished", described(departure)),
                remedy: Some(new.as_ref().map_or_else(
                    || format!("the {kind} now has LUID {}", by.luid),
                    |new| format!("the {kind} now has number {new}"),
                )),
                replacement: new,
            })
        }
        [Fate::Gone(departure), ..] => {
            let message = format!("{what} is gone: it was {}", described(departure));
            bad(Code::StaleUrl, &number.span, message, Some(namesake(departure, knowledge)))
        }
        [] if knowledge.may_lack(kind, |known| known.is_same_site(site)) => Judgement::Open,
        // Rows that another tool wrote have no number until the next sync.
        [] if of_kind.any(|one| one.details.vizportal_url_id.is_none()) => Judgement::Open,
        _ => {
            let remedy = format!("open it in the browser{}", knowledge.if_new());
            bad(Code::UnknownResource, &number.span, format!("{what} is not known"), Some(remedy))
        }
    }
}

/// Whether a name in an address leads to what is there.
pub(super) fn name(
    site: &SiteName,
    kind: ResourceKind,
    name: &Spanned<String>,
    knowledge: &Knowledge,
) -> Judgement {
    if known_site(site, knowledge).is_none() {
        return of_unknown_site(site, &name.span, knowledge);
    }
    let decoded = percent_decode_str(&name.value).decode_utf8_lossy();
    if knowledge.has_address(site, kind, &decoded) {
        return Judgement::Fine;
    }
    if knowledge.may_lack(kind, |known| known.is_same_site(site)) {
        return Judgement::Open;
    }
    let said = on_one_line(&decoded);
    let (code, message, remedy) = match knowledge.fates_of_address(site, kind, &decoded).as_slice() {
        [Fate::Replaced { departure, by }, ..] => (
            Code::StaleUrl,
            format!("the {kind} of address `{said}` was replaced: it was {}", described(departure)),
            format!("the {kind} is now `{}`: copy its address from the browser", by.place()),
        ),
        [Fate::Gone(departure), ..] => (
            Code::StaleUrl,
            format!(
                "the {kind} of address `{said}` is gone: it was {}, noticed {}",
                described(departure),
                departure.at
            ),
            namesake(departure, knowledge),
        ),
        [] if knowledge.has_all_addresses(site, kind) => (
            Code::UnknownView,
            format!("no {kind} on site `{site}` has the name `{said}` in addresses"),
            format!("open it in the browser{}", knowledge.if_new()),
        ),
        // Data sources without a told name were never asked about.
        [] if !kind.facts().names_views => return Judgement::Open,
        [] => (
            Code::UnknownView,
            format!("no known {kind} on site `{site}` seems to have the name `{said}` in addresses"),
            if knowledge.has_map {
                format!(
                    "open it in the browser. The map does not know the addresses of every {kind} yet, so names were compared: \
                     `tabmap sync` reads them"
                )
            } else {
                "open it in the browser".to_owned()
            },
        ),
    };
    bad(code, &name.span, message, Some(remedy))
}

/// The same where nothing says on which site: on any of the known ones.
pub(super) fn name_on_some_site(
    kind: ResourceKind,
    written: &Spanned<String>,
    knowledge: &Knowledge,
) -> Judgement {
    let on = |site| name(site, kind, written, knowledge);
    let mut judgements: Vec<_> = knowledge.sites().iter().map(on).collect();
    if let Some(lenient) = judgements.iter().position(|one| !matches!(one, Judgement::Bad(_))) {
        return judgements.swap_remove(lenient);
    }
    // What is known to be gone says more than what was never known.
    let stale =
        judgements.iter().position(|one| matches!(one, Judgement::Bad(Problem { code: Code::StaleUrl, .. })));
    if let Some(stale) = stale.or_else(|| (judgements.len() == 1).then_some(0)) {
        return judgements.swap_remove(stale);
    }
    let message =
        format!("no {kind} on any known site has the name `{}` in addresses", on_one_line(&written.value));
    bad(
        Code::UnknownView,
        &written.span,
        message,
        Some(format!("open it in the browser{}", knowledge.if_new())),
    )
}
