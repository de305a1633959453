//! Shapes that one value has in several answers: JSON that was made from XML writes numbers as text, and what may be absent
//! may be `null` as well.

use serde::{Deserialize, Deserializer};

/// A number, or a text of one.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Shape {
        Number(i64),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Shape>::deserialize(deserializer)? {
        Some(Shape::Number(number)) => Some(number),
        Some(Shape::Text(text)) => text.trim().parse().ok(),
        Some(Shape::Other(_)) | None => None,
    })
}

/// The value, or what stands for one that is absent.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What `read` makes of a body, or of the same with its control characters escaped.
pub(crate) fn read_mended<T>(
    body: &[u8],
    read: impl Fn(&[u8]) -> serde_json::Result<T>,
) -> serde_json::Result<T> {
    let first = read(body);
    let mended = first.as_ref().err().and_then(|_| with_escaped_controls(body));
    mended.map_or(first, |mended| read(&mended))
}

/// JSON whose texts hold control characters as they are, as a name that was stored with one does: with their escapes, which
/// JSON asks for (RFC 8259, 7). `None` where there is nothing to mend.
fn with_escaped_controls(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(json.len() + 16);
    let (mut is_text, mut is_escaped) = (false, false);
    for &byte in json {
        if is_text && byte < 0x20 {
            mended.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            mended.push(byte);
        }
        match byte {
            b'"' if !is_escaped => is_text = !is_text,
            _ => {}
        }
        is_escaped = is_text && byte == b'\\' && !is_escaped;
    }
    (mended.len() != json.len()).then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_within_texts_are_escaped_and_nothing_else_is() {
        for (json, expected) in [
            ("{\n\t\"a\": \"b\"\r\n}", None),
            ("{\"a\": \"b\u{1}\nc\"}", Some("{\"a\": \"b\\u0001\\u000ac\"}")),
            ("[\"\\\"\u{2}\", \"\\\\\"\n]", Some("[\"\\\"\\u0002\", \"\\\\\"\n]")),
        ] {
            let mended =
                with_escaped_controls(json.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(mended.as_deref(), expected, "{json:?}");
        }
    }
}
