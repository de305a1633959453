//! YAML with the place of every value.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::check::lines::Lines;

/// How many values aliases may repeat in one file: some lines can stand for billions.
const MOST_REPEATED: usize = 100_000;
/// How deep a document may nest.
const DEEPEST: usize = 64;

/// A value and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its bytes.
    pub span: Range<usize>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, number, date, truth value: as it is written.
    Scalar(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the file.
    Mapping(Vec<(Node, Node)>),
    /// Nothing: `null`, `~`, or not a letter.
    Null,
    /// What is nested too deep, or repeated too often.
    Other,
}

impl Node {
    /// The value of a key, where it has one.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        let Value::Mapping(fields) = &self.value else { return None };
        let of =
            |wanted: &str| fields.iter().find(|(key, _)| key.text() == Some(wanted)).map(|(_, value)| value);
        match of(name) {
            Some(value) => (value.value != Value::Null).then_some(value),
            None => of("<<").and_then(|merged| merged.merged_field(name)),
        }
    }

    /// The value of a key in what is merged into a mapping: one other mapping, or several.
    fn merged_field(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Value::Sequence(several) => several.iter().find_map(|one| one.field(name)),
            _ => self.field(name),
        }
    }

    /// How many values it holds, itself included.
    fn size(&self) -> usize {
        1 + match &self.value {
            Value::Sequence(members) => members.iter().map(Self::size).sum(),
            Value::Mapping(fields) => fields.iter().map(|(key, value)| key.size() + value.size()).sum(),
            Value::Scalar(_) | Value::Null | Value::Other => 0,
        }
    }

    /// The text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let Value::Scalar(text) = &self.value else { return None };
        Some(text)
    }

    /// The members of a list.
    #[must_use]
    pub fn members(&self) -> &[Self] {
        let Value::Sequence(members) = &self.value else { return &[] };
        members
    }
}

/// The documents of a text, or the start of the line and the reason why it is not YAML.
pub fn parse(text: &str) -> Result<Vec<Node>, (usize, String)> {
    let body = with_line_feeds(text);
    let mut builder = Builder {
        lines: Lines::of(&body),
        text,
        parser: Parser::new_from_str(&body),
        failed: None,
        anchors: HashMap::new(),
        left: MOST_REPEATED,
    };
    let mut documents = Vec::new();
    while let Some(event) = builder.next() {
        if let (Event::DocumentStart(_), _) = event
            && let Some(event) = builder.next()
            && !matches!(event.0, Event::DocumentEnd)
        {
            documents.extend(builder.node(event, 0));
        }
    }
    builder.failed.map_or(Ok(documents), Err)
}

/// All that YAML takes for white space.
const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A carriage return alone ends a line of YAML, and none of [`Lines`].
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    let parts: Vec<_> = text.split("\r\n").map(|part| part.replace('\r', "\n")).collect();
    Cow::Owned(parts.join("\r\n"))
}

struct Builder<'a> {
    text: &'a str,
    lines: Lines<'a>,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// The start of the line and the reason.
    failed: Option<(usize, String)>,
    /// What aliases stand for, by the numbers that the parser gives.
    anchors: HashMap<usize, Node>,
    /// How many values aliases may still repeat.
    left: usize,
}

impl<'a> Builder<'a> {
    /// The parser does not count byte order marks, which files that were put together have in their midst too.
    fn offset(&self, at: Marker) -> usize {
        let line = self.text.get(self.lines.start(at.line())..).unwrap_or_default();
        let marks = line.chars().take_while(|letter| *letter == '\u{feff}').count();
        self.lines.offset(at.line(), marks + at.col())
    }

    fn fail(&mut self, line: usize, reason: String) {
        self.failed = Some((self.lines.start(line), reason));
    }

    /// What an alias stands for, at the place where that is written.
    fn repeated(&mut self, anchor: usize, line: usize) -> Option<Node> {
        // An alias within what it stands for has no end.
        let node = self.anchors.get(&anchor)?;
        if let Some(left) = self.left.checked_sub(node.size()) {
            self.left = left;
            return Some(node.clone());
        }
        self.fail(line, format!("its aliases stand for more than {MOST_REPEATED} values"));
        None
    }

    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        if self.failed.is_some() {
            return None;
        }
        match self.parser.next_event()? {
            Ok((Event::StreamEnd, _)) => None,
            Ok(event) => Some(event),
            Err(error) => {
                self.fail(error.marker().line(), error.info().to_owned());
                None
            }
        }
    }

    /// To the end of a list or mapping that has begun.
    fn skip(&mut self) -> Option<Value> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()?.0 {
                Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
                Event::SequenceEnd | Event::MappingEnd => depth -= 1,
                _ => {}
            }
        }
        Some(Value::Other)
    }

    /// Where a list or mapping ends. One without brackets ends for the parser where the next thing begins, which may be
    /// many lines further down than its last part.
    fn end(&self, at: Span, last: usize) -> usize {
        let end = self.offset(at.end);
        let is_in_brackets = self.text.get(..end).is_some_and(|text| text.ends_with([']', '}']));
        if is_in_brackets { end } else { last }
    }

    fn node(&mut self, (event, at): (Event<'a>, Span), depth: usize) -> Option<Node> {
        let anchor = match &event {
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _) => *anchor,
            Event::Alias(anchor) => {
                let repeated = self.repeated(*anchor, at.start.line());
                let at = self.offset(at.start);
                return Some(repeated.unwrap_or(Node { value: Value::Other, span: at..at }));
            }
            _ => 0,
        };
        let node = self.written((event, at), depth)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }

    /// The place of a scalar without its quotes, its tag and its anchor, and without a comment after it.
    fn of_scalar(&self, span: Range<usize>, style: ScalarStyle, has_properties: bool) -> Range<usize> {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let before = match (has_properties, is_block) {
            (false, _) => 0,
            (true, false) => properties_length(written),
            // The sign of the block is before its lines.
            (true, true) => written.find('\n').map_or(written.len(), |end| {
                let lines = &written[end..];
                written.len() - lines.trim_start_matches(WHITE).len()
            }),
        };
        let start = span.start + before;
        let written = self.text.get(start..span.end).unwrap_or_default();
        let quote = match style {
            ScalarStyle::SingleQuoted => '\'',
            ScalarStyle::DoubleQuoted => '"',
            _ => return start..start + written.trim_end_matches(WHITE).len(),
        };
        // The parser's end of a quoted scalar may lie behind the comment after it.
        let inner = written.strip_prefix(quote).unwrap_or(written);
        start + 1..start + 1 + quoted_length(inner, quote)
    }

    fn written(&mut self, (event, at): (Event<'a>, Span), depth: usize) -> Option<Node> {
        let start = self.offset(at.start);
        let mut end = self.offset(at.end);
        let value = match event {
            Event::SequenceStart(..) | Event::MappingStart(..) if depth >= DEEPEST => self.skip()?,
            Event::Scalar(text, ScalarStyle::Plain, _, None) if is_null(&text) => Value::Null,
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.of_scalar(start..end.max(start), style, anchor != 0 || tag.is_some());
                return Some(Node { value: Value::Scalar(text.into_owned()), span });
            }
            Event::SequenceStart(..) => {
                let mut members = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, at) => {
                            end = self.end(at, last_end(&members).unwrap_or(end));
                            break;
                        }
                        event => members.extend(self.node(event, depth + 1)),
                    }
                }
                Value::Sequence(members)
            }
            Event::MappingStart(..) => {
                let mut fields = Vec::new();
                loop {
                    match self.next()? {
                        (Event::MappingEnd, at) => {
                            let parts = fields.iter().flat_map(|(key, value)| [key, value]);
                            end = self.end(at, last_end(parts).unwrap_or(end));
                            break;
                        }
                        event => {
                            let key = self.node(event, depth + 1)?;
                            let event = self.next()?;
                            fields.push((key, self.node(event, depth + 1)?));
                        }
                    }
                }
                Value::Mapping(fields)
            }
            _ => Value::Other,
        };
        let span = start..end.max(start);
        Some(Node { value, span })
    }
}

/// Where the last part ends. One that is not written stands, for the parser, where the next thing does, and what an alias
/// stands for is further up.
fn last_end<'a>(parts: impl IntoIterator<Item = &'a Node>) -> Option<usize> {
    let written = parts.into_iter().filter(|part| part.value != Value::Null || !part.span.is_empty());
    written.map(|part| part.span.end).max()
}

/// How long the tag and the anchor before a scalar are, with what parts them from it.
fn properties_length(text: &str) -> usize {
    let mut rest = text;
    while rest.starts_with(['!', '&', '#']) {
        let end = if rest.starts_with('#') { rest.find('\n') } else { rest.find(WHITE) };
        rest = end.map_or("", |end| rest[end..].trim_start_matches(WHITE));
    }
    text.len() - rest.len()
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// How long the text is before the quote that closes it.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let is_escape = if quote == '"' {
            letter == '\\'
        } else {
            letter == quote && letters.peek().is_some_and(|(_, next)| *next == quote)
        };
        if is_escape {
            letters.next();
        } else if letter == quote {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_at_their_places_whatever_ends_the_lines_and_begins_the_text() {
        let texts = [
            "\u{feff}a: b",
            "\u{feff}x: y\na: b",
            "\u{feff}\u{feff}a: b",
            "x: y\n...\n\u{feff}a: b",
            "x: y\ra: b",
            "x: \"\u{e4}\r y\"\r\na: b\r\n",
        ];
        for text in texts {
            let documents = parse(text).unwrap();
            let value = documents.last().unwrap().field("a").unwrap();
            assert_eq!(&text[value.span.clone()], "b", "{text:?}");
        }
    }
    #[test]
    fn first_letters_of_a_block_are_no_quote_tag_anchor_or_comment() {
        for text in ["a: |\n  'b\n", "a: >\n  # b\n", "a: !!str |-\n  !b\n", "a: &z |\n\n  &b"] {
            let documents = parse(text).unwrap();
            let Value::Scalar(value) = &documents[0].field("a").unwrap().value else { panic!("{text:?}") };
            let span = documents[0].field("a").unwrap().span.clone();
            assert_eq!(&text[span], value.trim(), "{text:?}");
        }
    }

    #[test]
    fn white_space_that_is_none_of_yaml_is_part_of_a_value() {
        let text = "a: b\u{a0}\u{2028}  # c";
        let documents = parse(text).unwrap();
        let value = documents[0].field("a").unwrap();
        assert_eq!(value.value, Value::Scalar(text[value.span.clone()].to_owned()));
        assert_eq!(&text[value.span.clone()], "b\u{a0}\u{2028}");
    }

    #[test]
    fn tags_and_anchors_are_no_part_of_a_value() {
        for text in
            ["a: !!str b", "a: !<x:y> &z b", "a: &z !w 'b'", "a: !w # c\n  \"b\" # d", "{? !w a : !w b}"]
        {
            let documents = parse(text).unwrap();
            let value = documents[0].field("a").unwrap();
            assert_eq!(&text[value.span.clone()], "b", "{text:?}");
        }
    }

    #[test]
    fn lists_and_mappings_end_with_their_last_part_that_is_written() {
        let cases = [
            ("b: null", "b: null"),
            ("b:", "b"),
            ("- c\n  - null", "- c\n  - null"),
            ("- c\n  -", "- c"),
            ("b: c\n  d: *e", "b: c\n  d"),
        ];
        for (written, expected) in cases {
            let text = format!("x: &e y\na:\n  {written}\n\n# A comment.\nf: g\n");
            let documents = parse(&text).unwrap();
            let value = documents[0].field("a").unwrap();
            assert_eq!(&text[value.span.clone()], expected, "{text:?}");
        }
    }
}
