//! YAML with the place of every value.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

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

/// The documents of a text, or the line and the reason why it is not YAML.
pub fn parse(text: &str) -> Result<Vec<Node>, (usize, String)> {
    let mut builder = Builder {
        lines: Lines::of(text),
        text,
        parser: Parser::new_from_str(text),
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

struct Builder<'a> {
    text: &'a str,
    lines: Lines<'a>,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// The line and the reason.
    failed: Option<(usize, String)>,
    /// What aliases stand for, by the numbers that the parser gives.
    anchors: HashMap<usize, Node>,
    /// How many values aliases may still repeat.
    left: usize,
}

impl<'a> Builder<'a> {
    /// What an alias stands for, at the place where that is written.
    fn repeated(&mut self, anchor: usize, line: usize) -> Option<Node> {
        // An alias within what it stands for has no end.
        let node = self.anchors.get(&anchor)?;
        if let Some(left) = self.left.checked_sub(node.size()) {
            self.left = left;
            return Some(node.clone());
        }
        self.failed = Some((line, format!("its aliases stand for more than {MOST_REPEATED} values")));
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
                self.failed = Some((error.marker().line(), error.info().to_owned()));
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
        let end = self.lines.offset(at.end.line(), at.end.col());
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
                let at = self.lines.offset(at.start.line(), at.start.col());
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

    fn written(&mut self, (event, at): (Event<'a>, Span), depth: usize) -> Option<Node> {
        let start = self.lines.offset(at.start.line(), at.start.col());
        let mut end = self.lines.offset(at.end.line(), at.end.col());
        let value = match event {
            Event::SequenceStart(..) | Event::MappingStart(..) if depth >= DEEPEST => self.skip()?,
            Event::Scalar(text, ScalarStyle::Plain, _, None) if is_null(&text) => Value::Null,
            Event::Scalar(text, ..) => {
                let written = self.text.get(start..end.max(start)).unwrap_or_default();
                // The parser's end of a quoted scalar may lie behind the comment after it.
                let span = match written.chars().next() {
                    Some(quote @ ('"' | '\'')) => start + 1..start + 1 + quoted_length(&written[1..], quote),
                    _ => start..start + written.trim_end().len(),
                };
                return Some(Node { value: Value::Scalar(text.into_owned()), span });
            }
            Event::SequenceStart(..) => {
                let mut members = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, at) => {
                            let last = members.last().map(|one: &Node| one.span.end);
                            end = self.end(at, last.unwrap_or(end));
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
                            end = self.end(at, fields.last().map_or(end, last_of_field));
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

/// A value that is nothing stands, for the parser, where the next thing does.
fn last_of_field((key, value): &(Node, Node)) -> usize {
    if value.value == Value::Null { key.span.end } else { value.span.end }
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
