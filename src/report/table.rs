//! Rows as a table for people, or as CSV.

use std::io;

use miette::Diagnostic;
use thiserror::Error;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::terminal::{Ink, STDOUT};
use super::{print, say};
use crate::text::{on_one_line, plural};

/// The form of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TableFormat {
    /// For people.
    #[default]
    Table,
    /// With the column names of the table; names byte for byte.
    Csv,
    /// A document with a `format_version`.
    Json,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct TableOptions {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    pub format: TableFormat,
    /// Show all columns in full, also where the terminal is too narrow for them
    #[arg(long)]
    pub wide: bool,
    /// With `--format csv`: put an apostrophe before cells that a spreadsheet takes for formulas
    #[arg(long)]
    pub csv_safe: bool,
}

/// Options that do not go together.
#[derive(Debug, Error, Diagnostic)]
#[error("`--csv-safe` works only with `--format csv`")]
#[diagnostic(code(tabmap::output::csv_safe), help("add `--format csv`, or leave `--csv-safe` out"))]
pub struct NotCsv;

impl TableOptions {
    /// Refuses an option that would do nothing.
    pub fn check(&self) -> Result<(), NotCsv> {
        if self.csv_safe && self.format != TableFormat::Csv { Err(NotCsv) } else { Ok(()) }
    }
}

/// A column of a table for people.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// What happens to it in a narrow terminal.
    pub fit: Fit,
}

/// What happens to a column in a terminal that is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It always stands there in full.
    Whole,
    /// Its texts are cut.
    Shortened,
    /// It is left out; the lowest number goes first.
    Dropped(u8),
}

/// The narrowest that a column becomes before another one is left out.
const NARROWEST: usize = 14;

/// The blanks between two columns.
const GAP: usize = 2;

/// Prints rows with a heading, fitted to the terminal. What is piped on is never shortened. `pages` are the addresses that
/// the names of the rows open, where there are any.
pub fn print_table(
    columns: &[Column],
    rows: Vec<Vec<String>>,
    pages: &[Option<String>],
    options: TableOptions,
) -> io::Result<()> {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let width = terminal.filter(|width| *width > 0 && !options.wide);
    let (text, dropped) = layout(columns, rows, pages, width);
    print(&text)?;
    if dropped > 0 {
        let verb = if dropped == 1 { "does" } else { "do" };
        say(&format!("{} {verb} not fit: `--wide` shows all of them", plural(dropped, "column")));
    }
    Ok(())
}

/// The table, and how many columns were left out of it.
fn layout(
    columns: &[Column],
    rows: Vec<Vec<String>>,
    pages: &[Option<String>],
    width: Option<usize>,
) -> (String, u64) {
    let mut lines = vec![columns.iter().map(|column| column.title.to_owned()).collect()];
    let cells = |row: Vec<String>| row.iter().map(|cell| on_one_line(cell)).collect::<Vec<_>>();
    lines.extend(rows.into_iter().map(cells));
    let widest =
        |at: usize| lines.iter().map(|line: &Vec<String>| line[at].width()).max().unwrap_or_default();
    let mut shown: Vec<(usize, usize)> = (0..columns.len()).map(|at| (at, widest(at))).collect();
    let dropped = width.map_or(0, |width| fit(columns, &mut shown, width));
    let mut text = String::new();
    let named = columns.iter().rposition(|column| column.fit == Fit::Shortened);
    for (number, line) in lines.iter().enumerate() {
        let page = number.checked_sub(1).and_then(|row| pages.get(row)?.as_deref());
        let mut row = String::new();
        for (at, width) in &shown {
            let cell = shortened(&line[*at], *width);
            let blanks = width - cell.width() + GAP;
            row.push_str(&match number {
                0 => STDOUT.paint(Ink::Strong, &cell),
                _ => STDOUT.link(page.filter(|_| named == Some(*at)), &cell),
            });
            row.extend(std::iter::repeat_n(' ', blanks));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    (text, dropped)
}

/// Leaves columns out until the others fit when they are cut, then cuts the widest. Returns how many were left out.
fn fit(columns: &[Column], shown: &mut Vec<(usize, usize)>, width: usize) -> u64 {
    let is_cut = |at: usize| columns[at].fit == Fit::Shortened;
    let total = |shown: &[(usize, usize)]| {
        shown.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP)
    };
    let least = |shown: &[(usize, usize)]| {
        let cut =
            shown.iter().map(|(at, width)| (*at, if is_cut(*at) { NARROWEST.min(*width) } else { *width }));
        total(&cut.collect::<Vec<_>>())
    };
    let before = shown.len();
    while least(shown) > width {
        let rank = |(at, _): &(usize, usize)| match columns[*at].fit {
            Fit::Dropped(rank) => Some(rank),
            Fit::Whole | Fit::Shortened => None,
        };
        let next =
            (0..shown.len()).filter(|at| rank(&shown[*at]).is_some()).min_by_key(|at| rank(&shown[*at]));
        let Some(next) = next else { break };
        shown.remove(next);
    }
    let mut excess = total(shown).saturating_sub(width);
    while excess > 0 {
        let widest = shown.iter_mut().filter(|(at, width)| is_cut(*at) && *width > NARROWEST);
        let Some((_, width)) = widest.max_by_key(|(_, width)| *width) else { break };
        *width -= 1;
        excess -= 1;
    }
    (before - shown.len()) as u64
}

/// The text, cut to a width; a sign at its end says so.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += letter.width().unwrap_or_default();
        if used > width {
            break;
        }
        cut.push(letter);
    }
    cut.push('…');
    cut
}

/// Prints rows as CSV, with the names of the columns first.
pub fn print_csv(
    names: impl IntoIterator<Item = impl AsRef<str>>,
    rows: impl IntoIterator<Item = Vec<String>>,
    options: TableOptions,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(names.into_iter().map(|name| name.as_ref().to_owned()))?;
    for row in rows {
        writer.write_record(row.into_iter().map(|cell| if options.csv_safe { inert(cell) } else { cell }))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    print(&String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?)
}

/// A cell that no spreadsheet takes for a formula (OWASP, "CSV Injection").
fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column { title: "SITE", fit: Fit::Dropped(2) },
        Column { title: "NUMBER", fit: Fit::Dropped(1) },
        Column { title: "LUID", fit: Fit::Whole },
        Column { title: "NAME", fit: Fit::Shortened },
    ];

    fn at(width: Option<usize>) -> (Vec<String>, u64) {
        let rows =
            [["Main", "12345", "luid-1", "Weekly Sales of 東京 and all"], ["Main", "7", "luid-2", "a\nb"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec()).to_vec();
        let (text, dropped) = layout(&COLUMNS, rows, &[], width);
        (text.lines().map(str::to_owned).collect(), dropped)
    }

    #[test]
    fn a_table_that_fits_is_shown_in_full() {
        let full = [
            "SITE  NUMBER  LUID    NAME",
            "Main  12345   luid-1  Weekly Sales of 東京 and all",
            "Main  7       luid-2  a\\nb",
        ];
        for width in [None, Some(50), Some(200)] {
            assert_eq!(at(width), (full.map(str::to_owned).to_vec(), 0), "{width:?}");
        }
    }

    #[test]
    fn texts_are_cut_first_then_columns_are_left_out_by_their_rank() {
        let cut = at(Some(40));
        assert_eq!((cut.0[1].as_str(), cut.1), ("Main  12345   luid-1  Weekly Sales of …", 0));
        assert_eq!(at(Some(35)).0[0], "SITE  LUID    NAME");
        assert_eq!((at(Some(22)).0[1].as_str(), at(Some(22)).1), ("luid-1  Weekly Sales …", 2));
        assert_eq!(at(Some(3)).0[1], "luid-1  Weekly Sales …", "what cannot be narrower stays");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_wide_letters_are_not_split() {
        for width in 22..60 {
            let (lines, _) = at(Some(width));
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:?}");
        }
    }

    #[test]
    fn cells_that_begin_like_a_formula_get_an_apostrophe() {
        for (cell, safe) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@A1", "'@A1"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(inert(cell.to_owned()), safe);
        }
    }
}
