//! Command lines of `tabcmd`, of Paradime and of this program: in scripts, in steps of CI, in strings and lists of other languages.

use std::borrow::Cow;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::comments::Comments;
use super::finder::{Finder, Found, TextFile, has_extension};
use crate::check::reference::{Reference, Target};

mod folded;
mod lists;
mod named;
mod paradime;
mod powershell;
mod shell;
mod tabcmd;
mod tabmap;

pub use self::lists::CommandLists;
use self::shell::Word;

static PROGRAM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i-u)\b(tabcmd|tabmap|paradime)(?:\.exe|\.bat|\.sh)?\b").expect("a valid pattern")
});
/// Files that people read: a line in them is an example.
const PROSE: [&str; 8] = ["md", "markdown", "rst", "txt", "html", "htm", "adoc", "log"];

/// Finds what command lines name.
#[derive(Debug)]
pub struct Commands;

impl Finder for Commands {
    fn reads(&self, path: &Path) -> bool {
        !has_extension(path, &PROSE)
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let is_yaml = has_extension(file.path, &["yml", "yaml"]);
        let text = &*if is_yaml { folded::on_one_line(file.text) } else { Cow::Borrowed(file.text) };
        let mut references = Vec::new();
        let mut comments = Comments::around_commands(text, file.extension());
        // No line is read twice.
        let mut read = 0;
        for found in PROGRAM.captures_iter(text) {
            let (Some(whole), Some(program)) = (found.get(0), found.get(1)) else { continue };
            if whole.start() < read || is_folder(&text[whole.end()..]) {
                continue;
            }
            let words = powershell::words(text, &whole.range());
            let words = words.unwrap_or_else(|| shell::words(text, whole.range()));
            let Some(end) = words.last().map(|word| word.span.end) else { continue };
            if comments.hold(whole.start()) || shell::is_in_sentence(text, whole.start()) {
                continue;
            }
            read = end;
            let targets = targets(program.as_str(), words).into_iter();
            references.extend(targets.map(|target| Reference::new(whole.start()..end, target)));
        }
        Found::References(references)
    }
}

/// Whether a path goes on behind a name: `/opt/tabcmd/tabcmd`.
fn is_folder(rest: &str) -> bool {
    let part = rest.trim_start_matches('\\');
    rest.starts_with('/') || part.len() < rest.len() && part.starts_with(char::is_alphanumeric)
}

/// The name of the program that the first word of a command line starts, where it is one of these.
fn program_of(word: &str) -> Option<&str> {
    let file = word.rsplit(['/', '\\']).next()?;
    let found = PROGRAM.captures(file).filter(|found| found.get_match().len() == file.len())?;
    found.get(1).map(|name| name.as_str())
}

/// What the words behind the name of a program name.
fn targets(program: &str, words: Vec<Word>) -> Vec<Target> {
    match program.to_ascii_lowercase().as_str() {
        "tabmap" => tabmap::target(words).into_iter().collect(),
        "tabcmd" => tabcmd::target(words).into_iter().collect(),
        _ => paradime::targets(words),
    }
}
