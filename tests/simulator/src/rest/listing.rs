//! Pages, filters and sorting, the same for every listing.

use std::cmp::Ordering;

use super::{Call, RestError};
use crate::answer::Element;

/// What a listing can be filtered and sorted by: the outer `None` is a field that does not exist, the inner one
/// a value that is absent.
pub(super) type Facet = Option<Option<String>>;

/// Filters, sorts and cuts out the page that was asked for; answers the `pagination` element with it.
pub(super) fn page<T>(
    call: &Call<'_>,
    mut rows: Vec<T>,
    facet: impl Fn(&T, &str) -> Facet,
) -> Result<(Element, Vec<T>), RestError> {
    let (number, size) = (page_number(call)?, page_size(call)?);
    filter(call, &mut rows, &facet)?;
    sort(call, &mut rows, &facet)?;

    let faults = call.faults;
    let total = faults.total.unwrap_or(rows.len());
    let last = total.max(rows.len()).div_ceil(size).max(1);
    if number > last {
        return Err(RestError::with_detail(
            400_006,
            format!("The page number {number} is beyond the last page, {last}."),
        ));
    }
    rows.truncate(faults.keep.unwrap_or(usize::MAX));
    let start = (number - 1) * size.saturating_sub(faults.repeat);
    let rows = rows.into_iter().skip(start).take(size).collect();
    let pagination = Element::new("pagination")
        .with("pageNumber", number.to_string())
        .with("pageSize", size.to_string())
        .with("totalAvailable", total.to_string());
    Ok((pagination, rows))
}

fn parameter<'a>(call: &Call<'a>, name: &str) -> Option<&'a str> {
    // The last one counts.
    call.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn page_number(call: &Call<'_>) -> Result<usize, RestError> {
    let number = parameter(call, "pageNumber").unwrap_or("1");
    number.parse().ok().filter(|&number| number >= 1).ok_or_else(|| {
        RestError::with_detail(
            400_006,
            format!("The page number '{number}' is not a whole number of at least 1."),
        )
    })
}

fn page_size(call: &Call<'_>) -> Result<usize, RestError> {
    let size = parameter(call, "pageSize").unwrap_or("100");
    match size.parse() {
        Ok(size @ 1..=1000) => Ok(size),
        Ok(1001..) => Err(RestError::new(403_014)),
        _ => Err(RestError::with_detail(
            400_007,
            format!("The page size '{size}' is not a whole number of at least 1."),
        )),
    }
}

fn filter<T>(
    call: &Call<'_>,
    rows: &mut Vec<T>,
    facet: &impl Fn(&T, &str) -> Facet,
) -> Result<(), RestError> {
    let Some(expression) = parameter(call, "filter") else {
        return Ok(());
    };
    let mut conditions: Vec<(&str, &str, &str)> = Vec::new();
    for condition in split(expression) {
        let mut parts = condition.splitn(3, ':');
        let (Some(field), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(RestError::with_detail(400_000, format!("Invalid filter expression '{condition}'.")));
        };
        // The same field twice: the last one wins.
        conditions.retain(|(other, ..)| *other != field);
        conditions.push((field, operator, value));
    }
    for (field, operator, value) in conditions {
        if !["eq", "in", "gt", "gte", "lt", "lte", "has"].contains(&operator) {
            return Err(RestError::with_detail(400_000, format!("Unknown filter operator '{operator}'.")));
        }
        if rows.iter().any(|row| facet(row, field).is_none()) {
            return Err(RestError::with_detail(400_000, format!("Unknown filter field '{field}'.")));
        }
        rows.retain(|row| facet(row, field).flatten().is_some_and(|actual| holds(&actual, operator, value)));
    }
    Ok(())
}

/// The conditions, which commas part. Only the list of `in:[a,b]` has commas of its own: in any other value a
/// bracket is a character like others.
fn split(expression: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(expression);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut parts = text.splitn(3, ':').skip(1);
        let is_list = parts.next() == Some("in") && parts.next().is_some_and(|value| value.starts_with('['));
        let list_end = if is_list { text.find(']').unwrap_or(text.len()) } else { 0 };
        let end = text[list_end..].find(',').map(|at| list_end + at);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

fn holds(actual: &str, operator: &str, value: &str) -> bool {
    match operator {
        "eq" => equal(actual, value),
        "in" => list(value).split(',').any(|value| equal(actual, value)),
        "has" => actual.to_lowercase().contains(&value.to_lowercase()),
        // Times of one form and single digits compare as text.
        "gt" => actual > value,
        "gte" => actual >= value,
        "lt" => actual < value,
        "lte" => actual <= value,
        _ => false,
    }
}

fn list(value: &str) -> &str {
    value.strip_prefix('[').and_then(|value| value.strip_suffix(']')).unwrap_or(value)
}

/// Filters mind the case of names, but for the project `default`, which every client may also call `Default`.
fn equal(actual: &str, value: &str) -> bool {
    actual == value || (actual == "default" && value == "Default")
}

fn sort<T>(call: &Call<'_>, rows: &mut [T], facet: &impl Fn(&T, &str) -> Facet) -> Result<(), RestError> {
    let Some(expression) = parameter(call, "sort") else {
        return Ok(());
    };
    let mut keys = Vec::new();
    for key in expression.split(',') {
        let (field, direction) = key.split_once(':').unwrap_or((key, "asc"));
        if rows.first().is_some_and(|row| facet(row, field).is_none()) {
            return Err(RestError::with_detail(400_000, format!("Unknown sort field '{field}'.")));
        }
        keys.push((field, direction == "desc"));
    }
    rows.sort_by(|a, b| {
        let by = |&(field, descending): &(&str, bool)| {
            let order = facet(a, field).cmp(&facet(b, field));
            if descending { order.reverse() } else { order }
        };
        keys.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_within_brackets_do_not_end_a_condition() {
        let conditions: Vec<_> = split("name:in:[a,b],projectName:eq:p").collect();
        assert_eq!(conditions, ["name:in:[a,b]", "projectName:eq:p"]);
    }

    #[test]
    fn brackets_of_other_values_are_characters_like_others() {
        let conditions: Vec<_> = split("name:eq:x:in:[a,projectName:eq:]p,name:in:[[a,b]").collect();
        assert_eq!(conditions, ["name:eq:x:in:[a", "projectName:eq:]p", "name:in:[[a,b]"]);
    }

    #[test]
    fn only_the_default_project_matches_in_another_case() {
        assert!(holds("default", "eq", "Default"));
        assert!(!holds("revenue", "eq", "Revenue"));
    }
}
