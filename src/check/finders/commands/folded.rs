//! Blocks of YAML whose lines are one: `run: >-`.

use std::borrow::Cow;

/// The text with a blank for each line end that YAML reads as one, so that every letter keeps its place.
pub(super) fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.lines().any(begins_a_block) {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len());
    // The indentation of the line that begins the block, and that of its lines once there is one.
    let (mut outside, mut inside) = (None, None);
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let indentation = indentation(line);
        if indentation.is_some() && outside.is_some() && indentation <= outside {
            (outside, inside) = (None, None);
        }
        if outside.is_some() && inside.is_none() {
            inside = indentation;
        }
        let next = lines.peek().and_then(|next| self::indentation(next));
        let is_folded = inside.is_some() && indentation == inside && next == inside;
        let kept = if is_folded { line.trim_end_matches(['\r', '\n']) } else { line };
        whole.push_str(kept);
        whole.extend(std::iter::repeat_n(' ', line.len() - kept.len()));
        if outside.is_none() && begins_a_block(line) {
            outside = indentation;
        }
    }
    Cow::Owned(whole)
}

/// `key: >`, `- >-`, with a comment or without.
fn begins_a_block(line: &str) -> bool {
    let line = line.split_once(" #").map_or(line, |(before, _)| before).trim_end();
    let Some(before) = [">", ">-", ">+"].iter().find_map(|sign| line.strip_suffix(sign)) else {
        return false;
    };
    before.ends_with(' ') && before.trim_end().ends_with([':', '-'])
}

/// How far a line is indented; `None` for an empty one.
fn indentation(line: &str) -> Option<usize> {
    let rest = line.trim_start_matches(' ');
    (!rest.trim().is_empty()).then_some(line.len() - rest.len())
}
