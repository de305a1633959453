//! Text for people: on one line, counted, and errors with their causes. Knows nothing of Tableau.

use std::fmt::Write as _;

use miette::Diagnostic;

/// Replaces line ends and control characters by their escapes: a name may hold any, and a report keeps to its
/// lines and must not steer the terminal.
#[must_use]
pub fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

/// `1 row`, `2 rows`.
#[must_use]
pub fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// An error with its causes and its remedy.
#[must_use]
pub fn describe(error: &dyn Diagnostic) -> String {
    let mut text = format!("error: {}\n", sentences_of(error).join("\n  because: "));
    if let Some(help) = error.help() {
        let _ = writeln!(text, "  help: {help}");
    }
    text
}

/// An error and its causes.
#[must_use]
pub fn sentences_of(error: &dyn Diagnostic) -> Vec<String> {
    let mut sentences = vec![error.to_string()];
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Wrapping errors often repeat the words of what they wrap.
        if !said.contains(words.trim_end()) {
            sentences.push(words.trim_end().to_owned());
        }
        said = words;
        cause = error.source();
    }
    sentences
}
