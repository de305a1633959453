//! Whether a LUID is that of something that is there.

use super::judgement::{Judgement, Problem, bad, described, namesake};
use crate::check::finding::Code;
use crate::check::knowledge::{Fate, Knowledge};
use crate::check::reference::Spanned;
use crate::resource::ResourceKind;

pub(super) fn judge(luid: &Spanned<String>, is_declared: bool, knowledge: &Knowledge) -> Judgement {
    if knowledge.with_luid(&luid.value).next().is_some() {
        return Judgement::Fine;
    }
    let text = &luid.value;
    let fates = knowledge.fates_of_luid(text);
    let may_lack = || ResourceKind::ALL.into_iter().any(|kind| knowledge.may_lack(kind, |_| true));
    match fates.as_slice() {
        [] if is_declared && may_lack() => Judgement::Open,
        [] if is_declared => {
            let mut remedy =
                format!("`tabmap resolve` finds the LUID of a name or an address{}", knowledge.if_new());
            if knowledge.has_map {
                remedy.push_str("; the map does not know LUIDs that were replaced before its first sync");
            }
            bad(Code::UnknownLuid, &luid.span, format!("LUID {text} is not known"), Some(remedy))
        }
        [] => Judgement::Unrelated,
        [Fate::Replaced { departure, by }] => Judgement::Bad(Problem {
            code: Code::ReplacedLuid,
            span: luid.span.clone(),
            message: format!(
                "LUID {text} was replaced: {} was republished, noticed {}",
                described(departure),
                departure.at
            ),
            remedy: Some(format!("the {} now has LUID {}", by.key.kind, by.luid)),
            replacement: Some(by.luid.as_str().to_owned()),
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
