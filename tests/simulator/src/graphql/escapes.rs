//! Characters that are written in two halves.

/// A query with each pair of surrogate escapes as the character it stands for. Python's `json.dumps` writes such pairs into
/// queries, and graphql-java takes them; the engine here does not.
pub(super) fn joined(query: &str) -> String {
    let mut joined = String::with_capacity(query.len());
    let mut rest = query;
    while let Some(at) = rest.find('\\') {
        joined.push_str(&rest[..at]);
        rest = &rest[at..];
        let pair = half(rest).zip(rest.get(6..).and_then(half));
        let character = pair.and_then(|pair| char::decode_utf16([pair.0, pair.1]).next()?.ok());
        if let Some(character) = character.filter(|character| *character > '\u{ffff}') {
            joined.push(character);
            rest = &rest[12..];
        } else {
            // The character that is escaped may be a backslash itself, so the two go together.
            let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            joined.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    joined + rest
}

/// The number in a `\uD83D`.
fn half(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn pairs_become_characters_and_all_else_stays() {
        let cases = [
            (r#"{a(b:"\ud83d\ude80 \u00e9")}"#, "{a(b:\"🚀 \\u00e9\")}"),
            (r#""\\ud83d\ude80""#, r#""\\ud83d\ude80""#),
            (r#""\u0041\ud83d\ude80""#, "\"\\u0041🚀\""),
            (r#""\ud83d alone \ude80""#, r#""\ud83d alone \ude80""#),
            (r#""\u0041\u0042 \n \""#, r#""\u0041\u0042 \n \""#),
            ("\"ends in \\", "\"ends in \\"),
        ];
        for (query, expected) in cases {
            assert_eq!(joined(query), expected, "{query}");
        }
    }
}
