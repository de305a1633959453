//! Text for people: on one line, counted, and errors with their causes. Knows nothing of Tableau.

use std::fmt::Write as _;

use jiff::{SignedDuration, Span, SpanRound, Unit};
use miette::Diagnostic;

/// Replaces line ends, control characters and those that turn the direction of writing by their escapes: a name may
/// hold any, and a report keeps to its lines, must not steer the terminal, and shows letters in their order.
#[must_use]
pub fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if steers(letter) {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

/// Whether a letter does something to the text around it, besides standing there.
#[must_use]
pub fn steers(letter: char) -> bool {
    letter.is_control() || is_layout(letter)
}

/// Line and paragraph separators, and the marks and isolates of bidirectional text (Unicode, annex 9).
fn is_layout(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `1 row`, `2 rows`.
#[must_use]
pub fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A duration for people: hours and minutes, or seconds where it is short.
#[must_use]
pub fn rounded(age: SignedDuration) -> String {
    let smallest = if age >= SignedDuration::from_mins(1) { Unit::Minute } else { Unit::Second };
    let span = Span::try_from(age).ok();
    let rounded = span.and_then(|span| {
        let options = SpanRound::new().largest(Unit::Hour).smallest(smallest);
        span.round(options).ok()
    });
    rounded.map_or_else(|| format!("{age:#}"), |span| format!("{span:#}"))
}

/// An error with its causes and its remedy, a line each: what a server wrote into one begins no line of its own. Only a
/// remedy may have several lines.
#[must_use]
pub fn describe(error: &dyn Diagnostic) -> String {
    let mut text = format!("error: {}\n", sentences_of(error).join("\n  because: "));
    if let Some(help) = error.help() {
        let help: Vec<_> = help.to_string().lines().map(on_one_line).collect();
        let _ = writeln!(text, "  help: {}", help.join("\n    "));
    }
    text
}

/// An error and its causes, each on one line.
#[must_use]
pub fn sentences_of(error: &dyn Diagnostic) -> Vec<String> {
    let mut sentences = vec![on_one_line(&error.to_string())];
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Wrapping errors often repeat the words of what they wrap.
        if !said.contains(words.trim_end()) {
            sentences.push(on_one_line(words.trim_end()));
        }
        said = words;
        cause = error.source();
    }
    sentences
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[test]
    fn text_from_outside_stays_on_its_line_and_steers_nothing() {
        for (text, expected) in [
            ("Weekly Sales", "Weekly Sales"),
            ("a\n::error::b", r"a\n::error::b"),
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            ("invoice\u{202e}fdp.exe", r"invoice\u{202e}fdp.exe"),
            ("a\u{2028}b\u{2029}c\u{85}d", r"a\u{2028}b\u{2029}c\u{85}d"),
            ("\u{2066}x\u{2069}\u{200f}", r"\u{2066}x\u{2069}\u{200f}"),
            ("Größe 👩\u{200d}💻 日本", "Größe 👩\u{200d}💻 日本"),
        ] {
            assert_eq!(on_one_line(text), expected);
        }
    }

    #[derive(Debug, Error, Diagnostic)]
    #[error("the server said: {0}")]
    #[diagnostic(help("first\nsecond"))]
    struct Said(&'static str, #[source] std::io::Error);

    #[test]
    fn an_error_begins_no_line_with_what_a_server_wrote() {
        let error = Said("no\n::error::injected", std::io::Error::other("broken\r\n\u{1b}]0;x"));
        let expected = "error: the server said: no\\n::error::injected\n  because: broken\\r\\n\\u{1b}]0;x\n  \
                        help: first\n    second\n";
        assert_eq!(describe(&error), expected);
    }
}
