//! Pages, filters and sorting, the same for every listing.

use std::cmp::{Ordering, Reverse};

use super::{Call, RestError};
use crate::answer::Element;

/// A field that a listing can be filtered and sorted by.
pub(super) type Field<'a, T> = (&'static str, ValueOf<'a, T>);

/// The value of a field in a row; `None` where the row has none.
type ValueOf<'a, T> = &'a dyn Fn(&T) -> Option<String>;

/// Filters, sorts and cuts out the page that was asked for; answers the `pagination` element with it.
pub(super) fn page<T>(
    call: &Call<'_>,
    mut rows: Vec<T>,
    fields: &[Field<'_, T>],
) -> Result<(Element, Vec<T>), RestError> {
    let (number, size) = (page_number(call)?, page_size(call)?);
    filter(call, &mut rows, fields)?;
    sort(call, &mut rows, fields)?;

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

pub(super) fn parameter<'a>(call: &Call<'a>, name: &str) -> Option<&'a str> {
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
        Ok(size @ 1..=1000) => Ok(size.min(call.options.largest_page)),
        Ok(1001..) => Err(RestError::new(403_014)),
        _ => Err(RestError::with_detail(
            400_007,
            format!("The page size '{size}' is not a whole number of at least 1."),
        )),
    }
}

/// The field of this name, which is known or not whether there are rows or not.
fn find<'a, T>(fields: &[Field<'a, T>], name: &str, what: &str) -> Result<ValueOf<'a, T>, RestError> {
    let field = fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    field.ok_or_else(|| RestError::with_detail(400_000, format!("Unknown {what} field '{name}'.")))
}

fn filter<T>(call: &Call<'_>, rows: &mut Vec<T>, fields: &[Field<'_, T>]) -> Result<(), RestError> {
    // Clients send an empty one for no filter at all.
    let Some(expression) = parameter(call, "filter").filter(|expression| !expression.is_empty()) else {
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
    for (field, operator, wanted) in conditions {
        if !["eq", "in", "gt", "gte", "lt", "lte", "has"].contains(&operator) {
            return Err(RestError::with_detail(400_000, format!("Unknown filter operator '{operator}'.")));
        }
        let value = find(fields, field, "filter")?;
        rows.retain(|row| value(row).is_some_and(|actual| holds(&actual, operator, wanted)));
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
        "gt" => compare(actual, value).is_gt(),
        "gte" => compare(actual, value).is_ge(),
        "lt" => compare(actual, value).is_lt(),
        "lte" => compare(actual, value).is_le(),
        _ => false,
    }
}

/// Numbers by what they count, all else as text, which suits times as they are all of one form.
fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<i64>(), b.parse::<i64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

fn list(value: &str) -> &str {
    value.strip_prefix('[').and_then(|value| value.strip_suffix(']')).unwrap_or(value)
}

/// Filters mind the case of names, but for the project `default`, which every client may also call `Default`.
fn equal(actual: &str, value: &str) -> bool {
    actual == value || (actual == "default" && value == "Default")
}

fn sort<T>(call: &Call<'_>, rows: &mut [T], fields: &[Field<'_, T>]) -> Result<(), RestError> {
    let Some(expression) = parameter(call, "sort") else {
        return Ok(());
    };
    // Each sorting keeps the order of equals, so the first key, which comes last, outweighs the others.
    for key in expression.split(',').rev() {
        let (field, direction) = key.split_once(':').unwrap_or((key, "asc"));
        let value = find(fields, field, "sort")?;
        if !["asc", "desc"].contains(&direction) {
            return Err(RestError::with_detail(400_000, format!("Unknown sort direction '{direction}'.")));
        }
        // Among texts, those that look like numbers have no place of their own.
        let are_numbers = rows.iter().filter_map(value).all(|value| value.parse::<i64>().is_ok());
        let key = |row: &T| {
            let text = value(row);
            let number = text.as_deref().filter(|_| are_numbers).and_then(|text| text.parse::<i64>().ok());
            (number, text)
        };
        // Each row is asked once: the progress of a job may change meanwhile.
        if direction == "desc" {
            rows.sort_by_cached_key(|row| Reverse(key(row)));
        } else {
            rows.sort_by_cached_key(key);
        }
    }
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
