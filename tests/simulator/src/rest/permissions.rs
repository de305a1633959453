//! Who may do what with a resource.

use super::content::find;
use super::{Answer, Call, RestError, Result, authorize};
use crate::answer::Element;
use crate::state::State;
use crate::world::Kind;

/// The rules for the account. Those who are neither owner nor administrator are told them where the options say so.
pub(super) fn rules(state: &mut State, call: &Call<'_>, site: &str, kind: Kind, luid: &str) -> Result {
    // No scope of connected apps that this server knows reaches that far.
    let site = authorize(state, call, site, Some("tableau:permissions:read"))?;
    let resource = find(site, kind, luid)?;
    let options = call.options;
    let is_told = options.administrator || options.owner.is_none();
    let rules = options.rules.clone().or_else(|| is_told.then(Vec::new)).ok_or(RestError::new(403_004))?;
    let capabilities = rules
        .into_iter()
        .map(|(name, mode)| Element::new("capability").with("name", name).with("mode", mode))
        .collect();
    let grantee = Element::new("granteeCapabilities")
        .child(Element::new("user").with("id", &site.user.luid))
        .child(Element::new("capabilities").many("capability", capabilities));
    let about = Element::new(kind.word()).with("id", &resource.luid).with("name", &resource.name);
    let permissions = Element::new("permissions").child(about).many("granteeCapabilities", vec![grantee]);
    Ok(Answer::ok(vec![permissions]))
}
