//! The words of a command line, with their places: as a shell splits them, or as a list of quoted texts.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::check::lines::boundary;
use crate::check::reference::Spanned;

/// A word of a command line; `None` as its value where only the shell can tell it.
pub type Word = Spanned<Option<String>>;

/// How many words of one command are looked at.
const MOST_WORDS: usize = 200;
/// How long a word may be.
const LONGEST_WORD: usize = 4096;
/// How far before a program is looked for the quote that it stands in.
const LOOK_BACK: usize = 1024;

/// Words before the name of a program that no shell and no other program begins it with.
const PROSE: [&str; 26] = [
    "a", "an", "by", "e.g.", "example:", "from", "into", "is", "like", "of", "please", "see", "that", "the",
    "then,", "this", "through", "to", "try", "usage:", "use", "uses", "using", "via", "with", "your",
];

/// A variable or an argument of cmd.exe. A percent sign also begins an escape of two digits in an address.
static CMD_VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    let name = "[A-Za-z_][A-Za-z0-9_]{2,}|[G-Zg-z_][A-Za-z0-9_]?|[A-Fa-f][G-Zg-z_]?";
    Regex::new(&format!(r"(?-u)%(?:{name})%|^%%?(?:~[a-z]*)?[A-Za-z0-9*]$|^!(?:{name})!$"))
        .expect("a valid pattern")
});

/// The next of several texts of another language that stand side by side or are added up.
static CONTINUED: LazyLock<Regex> = LazyLock::new(|| {
    // A quote right behind a quote is an escape of other languages.
    let end = r"\\?\r?\n[ \t]+";
    let between = format!(r"(?:[ \t]+|[ \t]*{end}|[ \t]*\+[ \t]*)(?:{end})?(?:\+[ \t]*(?:{end})?)?");
    Regex::new(&format!(r#"^{between}[fFrRbBuU]{{0,2}}["']"#)).expect("a valid pattern")
});
/// Something else that is added.
static ADDED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[ \t]*\+\s*[A-Za-z_(\[]").expect("a valid pattern"));

/// The words behind the name of a program.
#[must_use]
pub fn words(text: &str, name: Range<usize>) -> Vec<Word> {
    let Some(quote) = open_quote(text, name.start) else { return of_line(text, name.end, None) };
    let rest = text[name.end..].trim_start_matches('\\');
    let Some(after) = rest.strip_prefix(quote) else {
        // The whole line stands in quotes of another language.
        return of_line(text, name.end, Some(quote));
    };
    let at = text.len() - after.len();
    match after.chars().next() {
        Some(' ' | '\t') if !after.trim_start().starts_with(',') => of_line(text, at, None),
        _ => of_list(text, at),
    }
}

/// Whether a place is in the midst of a sentence, such as `use tabmap refresh workbook NAME`.
#[must_use]
pub fn is_in_sentence(text: &str, at: usize) -> bool {
    let near = &text[boundary(text, at.saturating_sub(LOOK_BACK))..at];
    let line = near.rsplit('\n').next().unwrap_or(near);
    let quote = open_quote(text, at);
    let before = quote.and_then(|quote| line.rsplit(quote).next()).unwrap_or(line);
    let mut words = before.split([' ', '\t']).rev();
    // Right before the program, and so after a blank.
    if words.next() != Some("") {
        return false;
    }
    let is_of_prose = |word: &str| PROSE.iter().any(|known| known.eq_ignore_ascii_case(word));
    match words.next() {
        // `poetry run` starts a program.
        Some("run" | "Run") => words.next().is_none_or(|word| word.is_empty() || is_of_prose(word)),
        // `"not the same as: tabcmd"`; without the quotes it may be a key of YAML.
        Some(word) => is_of_prose(word) || quote.is_some() && word.ends_with(':'),
        None => false,
    }
}

/// The quote that is open at a place, as its line shows.
fn open_quote(text: &str, at: usize) -> Option<char> {
    let near = &text[boundary(text, at.saturating_sub(LOOK_BACK))..at];
    let Some(line) = near.rsplit_once('\n').map(|(_, line)| line).or((near.len() == at).then_some(near))
    else {
        // Which of the quotes of a long line is open, nobody knows; one right before the program is.
        return near.chars().next_back().filter(|letter| is_quote(*letter));
    };
    let (mut open, mut is_escaped) = (None, false);
    for letter in line.chars() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if open == Some(letter) => open = None,
            _ if open.is_none() && is_quote(letter) => open = Some(letter),
            _ => {}
        }
    }
    open
}

fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '\'')
}

/// `"tabcmd", "refreshextracts", "--workbook", name]`, or the words behind the program in a list of their own.
fn of_list(text: &str, start: usize) -> Vec<Word> {
    let Some(rest) = text[start..].trim_start().strip_prefix(',').map(str::trim_start) else {
        return Vec::new();
    };
    let rest = rest.strip_prefix('[').unwrap_or(rest);
    let is_end = |rest: &str| {
        let rest = past_comments(rest);
        rest.is_empty() || rest.starts_with([',', ']', ')'])
    };
    members(text, text.len() - rest.len(), is_end)
}

/// The members of a list from its first one on; `is_end` says whether one ends where the rest of the text begins.
pub(super) fn members(text: &str, start: usize, is_end: impl Fn(&str) -> bool) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = start;
    while words.len() < MOST_WORDS {
        let rest = past_comments(&text[at..]);
        let next = if words.is_empty() { Some(rest) } else { rest.strip_prefix(',') };
        let Some(rest) = next.map(past_comments) else { break };
        at = text.len() - rest.len();
        let Some(quote) = rest.chars().next().filter(|letter| is_quote(*letter)) else {
            // A variable, or a call.
            let length = rest.find([',', ']', ')', '\n']).unwrap_or(rest.len());
            if length == 0 {
                break;
            }
            words.push(Word { value: None, span: at..at + length });
            at += length;
            continue;
        };
        let inside = at + 1;
        let Some(length) = end_of_quote(&text[inside..], quote) else { break };
        let written = &text[inside..inside + length];
        // What goes on behind it is put together.
        let value = (is_end(&text[inside + length + 1..]) && !is_computed(written))
            .then(|| written.replace("\\\"", "\"").replace("\\\\", "\\"));
        words.push(Word { value, span: inside..inside + length });
        at = inside + length + 1;
    }
    words
}

/// Past blanks and comments between the members of a list.
fn past_comments(mut rest: &str) -> &str {
    loop {
        rest = rest.trim_start();
        if !rest.starts_with(['#', '/']) {
            return rest;
        }
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
}

/// Where the quote that is open closes.
pub(super) fn end_of_quote(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().take(LONGEST_WORD) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' => return None,
            _ if letter == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// Whether a shell, a template or a program puts something in the place of a part of it.
pub(super) fn is_computed(text: &str) -> bool {
    text.contains(['$', '`', '{']) || is_filled_in(text)
}

/// `%NAME%` of cmd.exe, `%s` of other languages.
fn is_filled_in(text: &str) -> bool {
    text.contains(['%', '!']) && (CMD_VARIABLE.is_match(text) || text.contains("%("))
}

/// To the end of the statement; `around` is the quote that the whole line stands in.
pub(super) fn of_line(text: &str, start: usize, around: Option<char>) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut at, mut around) = (start, around);
    while words.len() < MOST_WORDS {
        let Some(mut next) = skip_blanks(text, at) else { break };
        if around.is_some_and(|quote| text[next..].starts_with(quote)) {
            let ahead = &text[next + 1..boundary(text, next + LONGEST_WORD)];
            if ADDED.is_match(ahead) {
                // Whatever is added may be an option that changes what the others mean.
                return Vec::new();
            }
            let Some(goes_on) = CONTINUED.find(ahead) else { break };
            next += 1 + goes_on.end();
            around = goes_on.as_str().chars().next_back();
            at = next;
            continue;
        }
        let Some((word, end)) = word(text, next, around) else { break };
        at = end;
        words.push(word);
    }
    words
}

/// Past blanks, and past line ends that are escaped: `\` of a shell, `^` of cmd.exe, a backtick of PowerShell.
fn skip_blanks(text: &str, at: usize) -> Option<usize> {
    let mut rest = &text[at..];
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let Some(escaped) = rest.strip_prefix(['\\', '^', '`']) else { break };
        // A line of a text of another language ends in two of them.
        let escaped = escaped.strip_prefix('\\').unwrap_or(escaped);
        let Some(next) = escaped.strip_prefix("\r\n").or_else(|| escaped.strip_prefix('\n')) else { break };
        rest = next;
    }
    (!rest.is_empty() && !rest.starts_with(['\n', '\r'])).then_some(text.len() - rest.len())
}

/// One word and where it ends; `None` where the statement does.
fn word(text: &str, start: usize, around: Option<char>) -> Option<(Word, usize)> {
    let mut value = String::new();
    // Where the letters of the value stand, from the first to the last.
    let mut span: Option<Range<usize>> = None;
    let mut open: Option<char> = None;
    let mut at = start;
    let mut is_known = true;
    // A comment ends the statement.
    if text[start..].starts_with('#') {
        return None;
    }
    while let Some(letter) = text[at..].chars().next() {
        if at - start > LONGEST_WORD {
            return None;
        }
        // Within a text of another language its own quote is escaped; PowerShell does so with a backtick.
        let escaped = text[at..].strip_prefix(['\\', '`']).and_then(|rest| rest.chars().next());
        let (letter, length) = match escaped {
            Some(quote) if around == Some(quote) => (quote, 1 + quote.len_utf8()),
            // An escaped line end in a text of another language.
            Some('n' | 'r') if around.is_some() && letter == '\\' => break,
            _ if around == Some(letter) => break,
            _ => (letter, letter.len_utf8()),
        };
        match (letter, open) {
            (quote, Some(opened)) if quote == opened => open = None,
            ('"' | '\'', None) => {
                open = Some(letter);
                span.get_or_insert(at + length..at + length);
            }
            ('\n', _) | (' ' | '\t' | '\r' | ';' | '|' | '&' | '<' | '>' | ')', None) => break,
            _ => {
                is_known &= open == Some('\'') && around.is_none() || !matches!(letter, '$' | '`');
                let (letter, length) = match (letter, open, text[at + length..].chars().next()) {
                    ('\\', None | Some('"'), Some(next)) if "\"' \\".contains(next) => {
                        (next, length + next.len_utf8())
                    }
                    _ => (letter, length),
                };
                let place = span.get_or_insert(at..at);
                place.end = at + length;
                value.push(letter);
                at += length;
                continue;
            }
        }
        at += length;
    }
    // A quote that nothing closes is that of the text around, or a mistake.
    if open.is_some() {
        return None;
    }
    let span = span?;
    let is_known = is_known && !value.contains('{') && !is_filled_in(&value);
    Some((Word { value: is_known.then_some(value), span }, at))
}

/// The options and the other words of a command.
#[derive(Debug, Default)]
pub struct Sorted {
    /// What stands without an option.
    pub plain: Vec<Word>,
    /// The options that have a value, without their hyphens, in the order of the line.
    pub options: Vec<(String, Word)>,
    /// The options that have none.
    pub flags: Vec<String>,
}

impl Sorted {
    /// The last value of an option, by any of its names.
    #[must_use]
    pub fn option(&self, names: &[&str]) -> Option<&Word> {
        self.options.iter().rev().find(|(name, _)| names.contains(&name.as_str())).map(|(_, word)| word)
    }

    /// Whether a flag is given, by any of its names.
    #[must_use]
    pub fn has(&self, names: &[&str]) -> bool {
        self.flags.iter().any(|flag| names.contains(&flag.as_str()))
    }
}

/// Sorts words by whether an option takes the word after it; `flags` are those that do not.
#[must_use]
pub fn sort(words: Vec<Word>, flags: &[&str]) -> Sorted {
    let mut sorted = Sorted::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let Some(option) = word.value.as_deref().filter(|text| text.starts_with('-') && text.len() > 1)
        else {
            sorted.plain.push(word);
            continue;
        };
        let name = option.trim_start_matches('-');
        if let Some((name, value)) = name.split_once('=') {
            let start = word.span.end.saturating_sub(value.len()).max(word.span.start);
            let span = start..word.span.end;
            sorted.options.push((name.to_owned(), Word { value: Some(value.to_owned()), span }));
        } else if flags.contains(&name) {
            sorted.flags.push(name.to_owned());
        } else if let Some(value) = words.next() {
            sorted.options.push((name.to_owned(), value));
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let start = text.find("tabcmd").unwrap();
        let words = words(text, start..start + "tabcmd".len());
        for word in &words {
            assert!(text.get(word.span.clone()).is_some(), "{text}: {word:?}");
        }
        words.into_iter().map(|word| word.value.unwrap_or_else(|| "?".to_owned())).collect()
    }

    #[test]
    fn a_command_line_is_split_as_a_shell_splits_it() {
        for (line, words) in [
            (r#"tabcmd get "/views/A B/C.png" -f x"#, vec!["get", "/views/A B/C.png", "-f", "x"]),
            (r"tabcmd delete 'it''s' && rm x", vec!["delete", "its"]),
            (r"tabcmd delete Weekly\ Sales; true", vec!["delete", "Weekly Sales"]),
            ("tabcmd delete A \\\n  -r B\nnext", vec!["delete", "A", "-r", "B"]),
            ("tabcmd delete A ^\r\n  -r B", vec!["delete", "A", "-r", "B"]),
            ("tabcmd delete A `\n  -r B", vec!["delete", "A", "-r", "B"]),
            (r#"tabcmd delete "$NAME" '$NAME' %NAME%"#, vec!["delete", "?", "$NAME", "?"]),
            ("tabcmd get W%C3%A4/%20x%20", vec!["get", "W%C3%A4/%20x%20"]),
            ("tabcmd delete {{ name }} ${{ x }}", vec!["delete", "?", "name", "}}", "?", "x", "}}"]),
            (r#"run("tabcmd delete 'A B'", shell=True)"#, vec!["delete", "A B"]),
            (r#"run("tabcmd delete \"A B\" -r C")"#, vec!["delete", "A B", "-r", "C"]),
            (r#"run("cd /x && tabcmd delete 'A B'")"#, vec!["delete", "A B"]),
            (r#"["tabcmd", "delete", 'A "B"', name, "-r", "C"]"#, vec!["delete", "A \"B\"", "?", "-r", "C"]),
            (r#"& "C:\Tools\tabcmd" delete "A""#, vec!["delete", "A"]),
            (r#"x = ["tabcmd"]"#, vec![]),
            ("tabcmd delete 'open", vec!["delete"]),
            ("(tabcmd delete A)", vec!["delete", "A"]),
        ] {
            assert_eq!(said(line), words, "{line}");
        }
    }

    #[test]
    fn options_have_values_unless_they_are_flags() {
        let line = "tabcmd delete A -r P --site=S --dry B -w W";
        let words = words(line, 0.."tabcmd".len());
        let sorted = sort(words, &["dry"]);
        let plain: Vec<_> = sorted.plain.iter().filter_map(|word| word.value.as_deref()).collect();
        assert_eq!(plain, ["delete", "A", "B"]);
        let value = |names: &[&str]| sorted.option(names).and_then(|word| word.value.as_deref());
        assert_eq!((value(&["project", "r"]), value(&["site", "t"])), (Some("P"), Some("S")));
        let site = sorted.option(&["site"]).unwrap();
        assert_eq!(&line[site.span.clone()], "S");
        assert_eq!((value(&["w"]), value(&["x"])), (Some("W"), None));
        assert!(sorted.has(&["dry"]) && !sorted.has(&["wet"]));
    }
}
