//! Names and values inside SQL text: the only place that quotes.

use std::fmt::Write;

use serde::Serialize;

/// A quoted identifier, exactly as written: `"My Table"`.
///
/// "Double-quoted identifiers … are stored and resolved exactly as entered" (docs.snowflake.com, "Identifier requirements").
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text value.
pub(crate) fn text(value: &str) -> String {
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || " _-.:/@+".contains(letter);
    if value.chars().all(harmless) { format!("'{value}'") } else { format!("{}::VARCHAR", json(&value)) }
}

/// A text value as a literal alone, for properties, which take no expression.
///
/// `$` is escaped, so that it can stand inside `$$` too (docs.snowflake.com, "String & binary data types").
pub(crate) fn literal(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\'', "''").replace('$', "\\u0024");
    format!("'{escaped}'")
}

/// A text as a literal of Python, in which nothing is left that could end it or the `$$` around it.
pub(crate) fn python_text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for letter in value.chars() {
        if matches!(letter, ' '..='~') && !"'\\$".contains(letter) {
            escaped.push(letter);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\U{:08x}", u32::from(letter));
        }
    }
    format!("'{escaped}'")
}

/// Any value, as a `VARIANT`: JSON in dollar quotes, in which nothing is left that could end them.
///
/// Text between `$$` is taken literally, backslashes too (docs.snowflake.com, "String & binary data types"), so
/// the JSON needs no second layer of escapes.
pub(crate) fn json(value: &impl Serialize) -> String {
    format!("PARSE_JSON($${}$$)", ascii_json(value))
}

/// ASCII-only JSON without `$`, `'` and NUL. Snowflake's strings cannot hold a NUL for certain, so it is dropped.
pub(crate) fn ascii_json(value: &impl Serialize) -> String {
    // Serialising strings, numbers and options of them cannot fail.
    let plain = serde_json::to_string(value).unwrap_or_default();
    let mut escaped = String::with_capacity(plain.len());
    for letter in plain.chars() {
        if letter.is_ascii() && letter != '$' && letter != '\'' {
            escaped.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    without_nul(&escaped)
}

/// Drops `\u0000`, but not the six characters of a literal `\\u0000`.
fn without_nul(json: &str) -> String {
    let mut kept = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(position) = rest.find('\\') {
        kept.push_str(&rest[..position]);
        rest = &rest[position..];
        if let Some(after) = rest.strip_prefix("\\u0000") {
            rest = after;
        } else {
            // A backslash and what it escapes; JSON is ASCII here, so both are one byte long.
            let (pair, after) = rest.split_at(rest.len().min(2));
            kept.push_str(pair);
            rest = after;
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_quoted_and_its_quotes_doubled() {
        assert_eq!(identifier("API__TABLEAU__RESOURCES"), r#""API__TABLEAU__RESOURCES""#);
        assert_eq!(identifier(r#"a"; DROP TABLE "b"#), r#""a""; DROP TABLE ""b""#);
    }

    #[test]
    fn a_literal_holds_any_text_even_inside_a_body() {
        assert_eq!(literal(r"it's a \ and $$"), r"'it''s a \\ and \u0024\u0024'");
        assert_eq!(
            python_text("\"A\".\"b'\\$\u{1f600}\""),
            r#"'"A"."b\U00000027\U0000005c\U00000024\U0001f600"'"#
        );
    }

    #[test]
    fn harmless_text_stays_readable() {
        assert_eq!(text("https://tableau.example.com"), "'https://tableau.example.com'");
        assert_eq!(text("-- x"), "'-- x'");
        assert_eq!(text(""), "''");
    }

    #[test]
    fn nothing_in_a_value_can_end_the_dollar_quotes() {
        for nasty in ["$$", "'", "$foo", "\\", "\\'", "a\nb", "\u{2028}", "👩\u{200d}💻", "a; b", "/* */"]
        {
            let sql = text(nasty);
            let inner = sql.strip_prefix("PARSE_JSON($$").and_then(|rest| rest.strip_suffix("$$)::VARCHAR"));
            let inner = inner.unwrap_or_else(|| panic!("{nasty:?} became {sql}"));
            assert!(inner.is_ascii() && !inner.contains(['$', '\'']), "{inner}");
            assert_eq!(serde_json::from_str::<String>(inner).unwrap(), nasty);
        }
    }

    #[test]
    fn a_nul_is_dropped_and_a_backslash_before_u0000_is_not() {
        assert_eq!(ascii_json(&"a\0b"), r#""ab""#);
        assert_eq!(ascii_json(&r"a\u0000b"), r#""a\\u0000b""#);
        assert_eq!(ascii_json(&"a\\\0b"), r#""a\\b""#);
    }
}
