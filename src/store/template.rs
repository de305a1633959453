//! Statements as templates: `{name}` stands for a value, and `{list|pattern}` for the pattern once for each column of a
//! list of `columns.rs`, in which `%` is its name.

use super::columns;

/// Puts each value in the place of its `{name}`, in one pass: a value that contains `{name}` itself stays as it is.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template.trim_end();
    while let Some(start) = rest.find('{') {
        let (before, from_brace) = rest.split_at(start);
        filled.push_str(before);
        let found = from_brace.find('}').and_then(|end| {
            let value = value(&from_brace[1..end], values)?;
            Some((value, &from_brace[end + 1..]))
        });
        if let Some((value, after)) = found {
            filled.push_str(&value);
            rest = after;
        } else {
            filled.push('{');
            rest = &from_brace[1..];
        }
    }
    filled.push_str(rest);
    filled
}

fn value(name: &str, values: &[(&str, &str)]) -> Option<String> {
    if let Some((list, pattern)) = name.split_once('|') {
        let names = columns::list(list)?;
        return Some(names.iter().map(|name| pattern.replace('%', name)).collect::<Vec<_>>().join(", "));
    }
    values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_a_placeholder_is_not_filled_again() {
        assert_eq!(fill("a {x} b {y} c", &[("x", "{y}"), ("y", "1")]), "a {y} b 1 c");
        assert_eq!(fill("{unknown} {", &[("x", "1")]), "{unknown} {");
    }

    #[test]
    fn a_list_is_spelt_out_by_its_pattern() {
        assert_eq!(fill("({times|S.%})", &[]), "(S.FIRST_SEEN_AT, S.CHANGED_AT)");
        assert_eq!(fill("{nothing|%}", &[]), "{nothing|%}");
    }
}
