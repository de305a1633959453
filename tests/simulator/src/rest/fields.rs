//! `fields`: what of a listing's elements is answered.

use super::Call;
use crate::answer::Element;

/// The elements with what `fields` asks for alone: `workbook.name` or `name` of a workbook itself, `project.name` of the
/// project in it. Names that nothing has ask for nothing.
pub(super) fn chosen(call: &Call<'_>, word: &str, elements: Vec<Element>) -> Vec<Element> {
    let fields =
        call.query.iter().rev().find(|(name, _)| name == "fields").map(|(_, fields)| fields.as_str());
    let Some(fields) = fields.filter(|fields| !fields.is_empty()) else { return elements };
    let fields: Vec<(&str, &str)> =
        fields.split(',').map(|field| field.split_once('.').unwrap_or((word, field))).collect();
    if fields.iter().any(|(_, field)| matches!(*field, "_all_" | "_default_")) {
        return elements;
    }
    let is_asked = |element: &str, attribute: &str| fields.contains(&(element, attribute));
    elements.into_iter().map(|element| element.only(&is_asked)).collect()
}
