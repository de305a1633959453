//! What is commented out, and so does not run. A text is taken for code when in doubt.

use std::cell::OnceCell;

use crate::check::lines::boundary;

/// How far before a place is looked for what makes a comment of it.
const LOOK_BACK: usize = 1024;

/// The comments of a text, asked about one place after the other.
pub struct Comments<'a> {
    text: &'a str,
    style: Style,
    blocks: [Block; 4],
}

/// What begins a comment, besides blocks and `-- `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    /// `--flag` is a comment too, and `//`.
    Sql,
    /// `//`.
    Slashes,
    /// `#`.
    Hash,
    /// `#`, and blocks of their own.
    PowerShell,
    /// A line that begins with `#`: behind a value it is a part of that.
    HashFirst,
    /// A line that begins with `::` or `REM`.
    Batch,
    /// Sentences, where dashes -- like these -- begin nothing unless a line or statement begins with them.
    Prose,
    /// Nothing else.
    Other,
}

/// What makes a comment of the rest of a line.
#[derive(Debug, Clone, Copy)]
struct Style {
    language: Language,
    /// Whether dashes have to begin a line or statement: elsewhere they stand before the words of another program.
    are_dashes_first: bool,
}

/// Where one form of comment was last seen to open, up to the place that was asked about last.
struct Block {
    open: &'static str,
    close: &'static str,
    /// Where the last of them closes, once that was asked; nowhere for a form that the language does not have.
    last_close: OnceCell<Option<usize>>,
    seen: usize,
    is_open: bool,
}

impl Language {
    fn of(extension: &str) -> Self {
        match extension.to_ascii_lowercase().as_str() {
            "sql" => Self::Sql,
            "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "java" | "scala" | "go" | "cs" | "kt" | "rs"
            | "c" | "cpp" | "swift" | "php" | "dart" | "groovy" | "gradle" | "vue" | "svelte" => {
                Self::Slashes
            }
            "py" | "yml" | "yaml" | "sh" | "bash" | "zsh" | "toml" | "tf" | "r" | "rb" | "env" | "tfvars"
            | "hcl" | "pl" | "fish" | "jl" => Self::Hash,
            "ps1" | "psm1" => Self::PowerShell,
            "cfg" | "conf" | "ini" | "properties" => Self::HashFirst,
            "bat" | "cmd" => Self::Batch,
            "md" | "markdown" | "rst" | "txt" | "html" => Self::Prose,
            _ => Self::Other,
        }
    }

    /// Whether a line is one comment.
    fn is_comment(self, line: &str) -> bool {
        let line = line.trim_start();
        match self {
            Self::Sql | Self::Slashes => line.starts_with("//"),
            Self::Hash | Self::PowerShell | Self::HashFirst => line.starts_with('#'),
            Self::Batch => {
                let word = line.trim_start_matches('@').split([' ', '\t']).next().unwrap_or_default();
                line.starts_with("::") || word.eq_ignore_ascii_case("rem")
            }
            Self::Prose | Self::Other => false,
        }
    }

    /// What makes a comment of the rest of a line, outside of quotes and apart from what is before it.
    fn mark(self) -> Option<&'static str> {
        match self {
            Self::Sql | Self::Slashes => Some("//"),
            Self::Hash | Self::PowerShell => Some("#"),
            Self::HashFirst | Self::Batch | Self::Prose | Self::Other => None,
        }
    }
}

impl<'a> Comments<'a> {
    /// The comments of the text of a file with an extension.
    #[must_use]
    pub fn of(text: &'a str, extension: &str) -> Self {
        let language = Language::of(extension);
        let block = |open, close| {
            let is_there = open != "<#" || language == Language::PowerShell;
            let last_close = if is_there { OnceCell::new() } else { OnceCell::from(None) };
            Block { open, close, last_close, seen: 0, is_open: false }
        };
        let blocks = [block("/*", "*/"), block("{#", "#}"), block("<!--", "-->"), block("<#", "#>")];
        Self { text, style: Style { language, are_dashes_first: language == Language::Prose }, blocks }
    }

    /// The same around command lines, which have dashes themselves: `kubectl exec pod -- tabcmd`.
    #[must_use]
    pub fn around_commands(text: &'a str, extension: &str) -> Self {
        let mut comments = Self::of(text, extension);
        comments.style.are_dashes_first |= comments.style.language != Language::Sql;
        comments
    }

    /// Whether a place is commented out. Asked about one place after the other, each text is read once.
    pub fn hold(&mut self, start: usize) -> bool {
        let (text, style) = (self.text, self.style);
        is_behind_a_mark(text, start, style)
            || self.blocks.iter_mut().any(|block| block.holds(text, start, style))
    }
}

impl Block {
    fn holds(&mut self, text: &str, start: usize, style: Style) -> bool {
        while let Some(rest) = text.get(self.seen..start) {
            let token = if self.is_open { self.close } else { self.open };
            let Some(at) = rest.find(token) else { break };
            let at = self.seen + at;
            self.is_open = !self.is_open && self.opens(text, at, style);
            self.seen = at + token.len();
        }
        self.seen = self.seen.max(start);
        // What is never closed is no comment but, say, `'s3://bucket/*'`.
        self.is_open
            && self.last_close.get_or_init(|| text.rfind(self.close)).is_some_and(|close| close >= start)
    }

    /// `'s3://bucket/*'` and `models/*` open nothing, nor does a comment of SQL in a comment of SQL. Jinja does not know
    /// of SQL's.
    fn opens(&self, text: &str, at: usize, style: Style) -> bool {
        let line = line_before(text, at);
        stands_apart(line)
            && line.matches('\'').count().is_multiple_of(2)
            && (self.open != "/*" || !is_behind_a_mark(text, at, style))
    }
}

/// The line before a place, as far as it is looked at.
fn line_before(text: &str, at: usize) -> &str {
    let near = &text[boundary(text, at.saturating_sub(LOOK_BACK))..at];
    near.rsplit('\n').next().unwrap_or(near)
}

fn stands_apart(before: &str) -> bool {
    before.chars().next_back().is_none_or(|letter| letter.is_whitespace() || ",;()".contains(letter))
}

/// Whether something before a place on its line makes a comment of the rest of the line, or of the rest of the quotes
/// that it stands in itself: SQL may be a text of another language.
fn is_behind_a_mark(text: &str, at: usize, style: Style) -> bool {
    let line = line_before(text, at);
    if style.language.is_comment(line) {
        return true;
    }
    let (mut quote, mut is_comment) = (None, false);
    let begins = |rest: &str| style.language.mark().is_some_and(|mark| rest.starts_with(mark));
    for (at, letter) in line.char_indices() {
        let (before, rest) = line.split_at(at);
        if quote == Some(letter) {
            (quote, is_comment) = (None, false);
        } else if quote.is_none() && !is_comment && matches!(letter, '\'' | '"') {
            quote = Some(letter);
        } else if quote.is_none() && begins(rest) && stands_apart(before) {
            return true;
        } else if rest.strip_prefix("--").is_some_and(|rest| are_a_mark(before, rest, style)) {
            is_comment = true;
        }
    }
    is_comment
}

/// Whether two dashes begin a comment: not those of `--flag`, of `a--b` and of a sentence.
fn are_a_mark(before: &str, rest: &str, style: Style) -> bool {
    let is_statement = || matches!(before.trim_end().chars().next_back(), None | Some(';'));
    stands_apart(before)
        && (style.language == Language::Sql || !rest.starts_with(char::is_alphabetic))
        && (!style.are_dashes_first || is_statement())
}
