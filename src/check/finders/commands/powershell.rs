//! The words that PowerShell gives to a program: `Start-Process tabcmd -ArgumentList "delete", "-w", "Sales"`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::shell::{Word, end_of_quote, members, of_line};
use crate::check::lines::boundary;

/// What stands between the program and the first of its words.
static BEFORE_WORDS: LazyLock<Regex> = LazyLock::new(|| {
    let blank = r"(?:[ \t]|`\r?\n)+";
    let option = format!(r"(?:{blank}-[a-z]+(?:{blank}[!#-&(-,./0-?A-Z\\a-z$][!-~]*)?)*?");
    Regex::new(&format!(
        r#"^(?i-u:["']?(?:{option}{blank}-arg(?:s|umentlist)[ \t:]+@?\(?|{blank}@\(|({blank}))\s*)["'$]"#
    ))
    .expect("a valid pattern")
});
/// How far behind a program its words may begin.
const LOOK_AHEAD: usize = 512;
/// How far before a program `Start-Process` is looked for.
const LOOK_BACK: usize = 256;

/// The words behind the name of a program, where PowerShell is told to start it with a text or a list of texts.
pub(super) fn words(text: &str, name: &Range<usize>) -> Option<Vec<Word>> {
    let rest = &text[name.end..boundary(text, name.end + LOOK_AHEAD)];
    let found = BEFORE_WORDS.captures(rest)?;
    if found.get(1).is_some() && !is_started(text, name.start) {
        return None;
    }
    let at = name.end + found.get(0)?.end() - 1;
    let quote = text[at..].chars().next()?;
    let end = end_of_quote(&text[at + 1..], quote).map(|length| at + 1 + length + 1);
    let is_list = text[..at].trim_end().ends_with('(')
        || end.is_some_and(|end| text[end..].trim_start_matches([' ', '\t']).starts_with(','));
    if is_list { Some(members(text, at, is_end)) } else { Some(of_line(text, at + 1, Some(quote))) }
}

/// Whether the line starts a program, whose first plain word is a text with all arguments.
fn is_started(text: &str, at: usize) -> bool {
    let near = &text[boundary(text, at.saturating_sub(LOOK_BACK))..at];
    near.rsplit('\n').next().is_some_and(|line| line.to_ascii_lowercase().contains("start-process"))
}

fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t']);
    rest.is_empty() || rest.starts_with([',', ')', '-', ';', '|', '}', '#', '`', '\r', '\n'])
}
