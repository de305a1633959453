//! The arguments of a call in SQL, wherever the SQL stands.

use crate::check::lines::boundary;
use crate::check::reference::Spanned;

/// How far a call may reach: a parenthesis that is never closed must not cost more.
const LONGEST_CALL: usize = 4 * 1024;

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name, in a call with names: `RESOURCE_NAME => 'Sales'`.
    pub name: Option<String>,
    /// Its value.
    pub value: Value,
}

/// What an argument is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, with the place of what stands between its quotes.
    Text(Spanned<String>),
    /// `NULL`.
    Null,
    /// A variable, a bind, a template, an expression.
    Computed,
}

/// The quotes of texts: SQL inside of a string of another language has its quotes doubled or escaped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// `'Sales'`
    Single,
    /// `''Sales''`
    Doubled,
    /// `\'Sales\'`
    Escaped,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    quotes: Option<Quotes>,
}

/// Reads from behind the opening parenthesis, up to `limit` at most; also returns where the call ends.
#[must_use]
pub fn read(text: &str, start: usize, limit: usize) -> (Vec<Argument>, usize) {
    let end = boundary(text, start.saturating_add(LONGEST_CALL).min(limit));
    let mut reader = Reader { text, at: start.min(end), end, quotes: None };
    let mut arguments = Vec::new();
    loop {
        reader.skip_blank();
        if reader.rest().is_empty() {
            return (arguments, reader.at);
        }
        if reader.take(")") {
            return (arguments, reader.at);
        }
        if reader.take(",") {
            continue;
        }
        arguments.push(reader.argument());
    }
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn take(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    fn skip_letter(&mut self) {
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    /// White space, comments, and line ends as strings of other languages write them.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let length = if trimmed.starts_with("--") {
                trimmed.find('\n')
            } else if trimmed.starts_with("/*") {
                trimmed.find("*/").map(|at| at + 2)
            } else if trimmed.starts_with("{#") {
                trimmed.find("#}").map(|at| at + 2)
            } else if ["\\n", "\\r", "\\t"].iter().any(|end| trimmed.starts_with(end)) {
                Some(2)
            } else {
                return;
            };
            self.at += length.unwrap_or(trimmed.len());
        }
    }

    fn argument(&mut self) -> Argument {
        let name = self.name();
        self.skip_blank();
        let is_null = self.rest().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("null"));
        let literal = self.literal();
        if is_null {
            self.at += 4;
        }
        self.skip_cast();
        self.skip_blank();
        let is_whole = self.rest().is_empty() || self.rest().starts_with([',', ')']);
        let quotes = self.quotes.unwrap_or(Quotes::Single);
        let value = match literal {
            Some(text) if is_whole && !is_template(&text.value, quotes) => Value::Text(text),
            None if is_null && is_whole => Value::Null,
            _ => {
                self.skip_expression();
                Value::Computed
            }
        };
        Argument { name, value }
    }

    /// `RESOURCE_NAME =>`, in quotes or not.
    fn name(&mut self) -> Option<String> {
        let start = self.at;
        let rest = self.rest().trim_start_matches(['"', '\\']);
        let length =
            rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(rest.len());
        let name = &rest[..length];
        let after = rest[length..].trim_start_matches(['"', '\\']).trim_start();
        let value = after.strip_prefix("=>").or_else(|| after.strip_prefix(":="));
        if let (Some(value), false) = (value, name.is_empty()) {
            self.at = self.end - value.len();
            return Some(name.to_owned());
        }
        self.at = start;
        None
    }

    fn literal(&mut self) -> Option<Spanned<String>> {
        if self.take("$$") {
            let length = self.rest().find("$$")?;
            let span = self.at..self.at + length;
            self.at = span.end + 2;
            return Some(Spanned { value: self.text[span.clone()].to_owned(), span });
        }
        let rest = self.rest();
        let quotes = match self.quotes {
            Some(quotes) => quotes,
            None if rest.starts_with("\\'") => Quotes::Escaped,
            None if rest.strip_prefix("''").is_some_and(begins_a_text) => Quotes::Doubled,
            None => Quotes::Single,
        };
        let mark = match quotes {
            Quotes::Single => "'",
            Quotes::Doubled => "''",
            Quotes::Escaped => "\\'",
        };
        if !self.take(mark) {
            return None;
        }
        self.quotes = Some(quotes);
        let start = self.at;
        let mut value = String::new();
        while !self.rest().is_empty() {
            if self.rest().starts_with(mark) {
                let end = self.at;
                self.at += mark.len();
                if !self.rest().starts_with(mark) {
                    return Some(Spanned { value, span: start..end });
                }
                self.at += mark.len();
                value.push('\'');
            } else if quotes == Quotes::Single && self.take("\\") {
                value.extend(self.rest().chars().next().map(unescaped));
                self.skip_letter();
            } else {
                value.extend(self.rest().chars().next());
                self.skip_letter();
            }
        }
        None
    }

    /// `::VARCHAR(16)`
    fn skip_cast(&mut self) {
        self.skip_blank();
        if self.take("::") {
            let is_type = |letter: char| letter.is_alphanumeric() || letter == '_';
            let rest = self.rest();
            self.at += rest.find(|letter| !is_type(letter)).unwrap_or(rest.len());
            if self.rest().starts_with('(') {
                self.at += self.rest().find(')').map_or(0, |at| at + 1);
            }
        }
    }

    /// To the comma or parenthesis that ends the argument.
    fn skip_expression(&mut self) {
        let mut depth = 0_usize;
        while let Some(letter) = self.rest().chars().next() {
            match letter {
                ',' | ')' if depth == 0 => return,
                '(' | '{' | '[' => depth += 1,
                ')' | '}' | ']' => depth = depth.saturating_sub(1),
                '\'' => {
                    let before = self.at;
                    if self.literal().is_some() {
                        continue;
                    }
                    self.at = before;
                }
                _ => {}
            }
            self.skip_letter();
        }
    }
}

/// After two quotes: whether they open a text, and are not an empty one.
fn begins_a_text(rest: &str) -> bool {
    !rest.is_empty() && !rest.starts_with([',', ')', '\'', ':']) && !rest.starts_with(char::is_whitespace)
}

fn unescaped(letter: char) -> char {
    match letter {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    }
}

/// What stands here is not what arrives.
fn is_template(text: &str, quotes: Quotes) -> bool {
    // Jinja, and its like in the command line of Snowflake.
    ["{{", "{%", "<%", "%s", "%("].iter().any(|mark| text.contains(mark))
        || has_braces(text)
        // A variable of a shell, or of `snowsql`.
        || after_each(text, '$').any(|rest| rest.starts_with(char::is_alphabetic))
        || text.strip_prefix('&').is_some_and(|rest| rest.starts_with(|next: char| next.is_alphabetic() || next == '{'))
        || is_put_together(text, quotes)
        // A letter that could not be read.
        || text.contains('\u{1a}')
}

/// `{name}` and `{ name }` of format strings; a name may have braces too.
fn has_braces(text: &str) -> bool {
    after_each(text, '{').any(|rest| {
        let is_part = |letter: char| letter.is_alphanumeric() || "_.".contains(letter);
        let inner = rest.split_once('}').map(|(inner, _)| inner);
        inner.is_some_and(|inner| !inner.starts_with(' ') || inner.trim().chars().all(is_part))
    })
}

/// `" + name + "`: the string that the SQL stands in ends here, and another one begins.
fn is_put_together(text: &str, quotes: Quotes) -> bool {
    let ends = text.contains(['"', '`']) || (quotes == Quotes::Escaped && text.contains('\''));
    ends && text.contains(['+', '~'])
}

/// What follows on each `mark`.
fn after_each(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.match_indices(mark).map(|(at, mark)| &text[at + mark.len()..])
}
