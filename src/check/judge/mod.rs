//! Stage three: whether what a reference names is there. Pure: from a reference and what is known to a judgement.

use self::judgement::bad;
pub use self::judgement::{Judgement, Problem};
use super::finding::Code;
use super::knowledge::Knowledge;
use super::reference::{Reference, Target};
use crate::resource::SiteName;
use crate::text::on_one_line;

mod address;
mod judgement;
mod luid;
mod named;

/// Judges a reference by what is known.
#[must_use]
pub fn judge(reference: &Reference, knowledge: &Knowledge) -> Judgement {
    match &reference.target {
        Target::Luid { luid, is_declared } => luid::judge(luid, *is_declared, knowledge),
        Target::Page { host, site, kind, number } => {
            if is_foreign(host.as_deref(), site, knowledge) {
                return Judgement::Foreign;
            }
            address::page(site, *kind, number, knowledge)
        }
        Target::Address { host, site: Some(site), kind, name } => {
            if is_foreign(host.as_deref(), site, knowledge) {
                return Judgement::Foreign;
            }
            address::name(site, *kind, name, knowledge)
        }
        Target::Address { host, site: None, kind, name } => {
            if knowledge.sites().iter().all(|site| is_foreign(host.as_deref(), site, knowledge)) {
                return Judgement::Foreign;
            }
            address::name_on_some_site(*kind, name, knowledge)
        }
        Target::Name { kind, name, project, site } => {
            named::judge(*kind, name, project.as_ref(), site.as_ref(), knowledge)
        }
        Target::Unmapped { host, site } if is_foreign(host.as_deref(), site, knowledge) => Judgement::Foreign,
        Target::Unmapped { .. } => Judgement::Unmapped,
        Target::Computed => Judgement::Open,
        Target::Disabled { .. } => Judgement::Unrelated,
        Target::Invalid { message, remedy, span } => {
            bad(Code::InvalidReference, span, on_one_line(message), Some(remedy.clone()))
        }
    }
}

fn is_foreign(host: Option<&str>, site: &SiteName, knowledge: &Knowledge) -> bool {
    host.is_some_and(|host| !knowledge.is_ours(host, site))
}
