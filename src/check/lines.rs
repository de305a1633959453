//! From bytes of a text to lines and columns.

use std::cell::Cell;
use std::ops::Range;

use super::finding::Position;

/// The longest excerpt, in bytes: a minified file is one line.
const LONGEST_EXCERPT: usize = 160;
/// How much of a long line is shown before the span.
const BEFORE: usize = 40;

/// Where the lines of a text begin.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// The start of a line, a place in it, and how many characters are between them.
    counted: Cell<(usize, usize, usize)>,
}

/// The last place at or before `at` where a character begins.
#[must_use]
pub fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl<'a> Lines<'a> {
    /// Finds the lines.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, starts, counted: Cell::new((0, 0, 0)) }
    }

    /// The line that holds a byte, from 1.
    #[must_use]
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// Where a line begins; the end of the text for a line that it does not have.
    #[must_use]
    pub fn start(&self, line: usize) -> usize {
        self.starts.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len())
    }

    /// The byte of a line (from 1) and column (from 0, in characters).
    #[must_use]
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.start(line);
        let (known_start, known_at, known) = self.counted.get();
        let (from, before) =
            if known_start == start && known <= column { (known_at, known) } else { (start, 0) };
        let rest = self.text.get(from..).unwrap_or_default();
        let Some((length, _)) = rest.char_indices().nth(column - before) else { return self.text.len() };
        self.counted.set((start, from + length, column));
        from + length
    }

    /// Where a span stands.
    #[must_use]
    pub fn position(&self, path: &str, span: &Range<usize>) -> Position {
        let (line, end_line) = (self.line(span.start), self.line(span.end.max(span.start)));
        let column = |line: usize, at: usize| self.letters_before(self.start(line), at) + 1;
        let (excerpt, marked) = self.excerpt(line, span);
        Position {
            path: path.to_owned(),
            span: span.clone(),
            line,
            column: column(line, span.start),
            end_line,
            end_column: column(end_line, span.end),
            excerpt,
            marked,
        }
    }

    /// How many characters are between the start of a line and a place in it. Places mostly come one after the other,
    /// so that a line of many megabytes is counted once.
    fn letters_before(&self, start: usize, at: usize) -> usize {
        let (known_start, known_at, known) = self.counted.get();
        let (from, before) =
            if known_start == start && known_at <= at { (known_at, known) } else { (start, 0) };
        let letters = before + self.text.get(from..at).map_or(0, |part| part.chars().count());
        self.counted.set((start, at, letters));
        letters
    }

    fn excerpt(&self, line: usize, span: &Range<usize>) -> (String, Range<usize>) {
        let start = self.start(line);
        let whole =
            self.text.get(start..self.start(line + 1)).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let from = (span.start - start).min(whole.len());
        let marked = from..span.end.saturating_sub(start).clamp(from, whole.len());
        if whole.len() <= LONGEST_EXCERPT {
            return (whole.to_owned(), marked);
        }
        let from = boundary(whole, marked.start.saturating_sub(BEFORE));
        let to = boundary(whole, from + LONGEST_EXCERPT);
        let before = if from > 0 { "…" } else { "" };
        let after = if to < whole.len() { "…" } else { "" };
        let shift = |at: usize| at.clamp(from, to) - from + before.len();
        (format!("{before}{}{after}", &whole[from..to]), shift(marked.start)..shift(marked.end))
    }
}
