//! What a terminal is given beyond plain text: colour, links and progress. Decided here alone, once for each stream.

use std::io::{self, IsTerminal as _};
use std::sync::LazyLock;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::config::Environment;
use crate::text::steers;

/// What stdout is given.
pub static STDOUT: LazyLock<Terminal> = LazyLock::new(|| Terminal::of(io::stdout().is_terminal()));

/// What stderr is given.
pub static STDERR: LazyLock<Terminal> = LazyLock::new(|| Terminal::of(io::stderr().is_terminal()));

/// All that is under way, below each other.
static BARS: LazyLock<MultiProgress> = LazyLock::new(|| {
    let target = if STDERR.moves { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    MultiProgress::with_draw_target(target)
});

/// What a stream is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Whether texts are coloured.
    pub has_colour: bool,
    /// Whether addresses behind a text can be opened.
    pub has_links: bool,
    /// Whether lines may be drawn over.
    pub moves: bool,
}

/// How a text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// A heading, or what a message is about.
    Strong,
    /// Wrong, or gone.
    Bad,
    /// To be looked at.
    Warning,
    /// In order, or new.
    Good,
    /// Said aside.
    Aside,
}

impl Terminal {
    /// By the conventions of no-color.org and bixense.com/clicolors; a variable that is empty is not set.
    fn of(is_terminal: bool) -> Self {
        let environment = Environment::of_process();
        let variable = |name| environment.get(name);
        let is_drawn_on = is_terminal && variable("TERM").is_some_and(|kind| kind != "dumb");
        let is_forced = variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let is_wanted = is_drawn_on && variable("CLICOLOR").is_none_or(|value| value != "0");
        let moves = is_drawn_on && !environment.is_ci();
        Self {
            has_colour: variable("NO_COLOR").is_none() && (is_forced || is_wanted),
            has_links: moves && supports_hyperlinks::supports_hyperlinks(),
            moves,
        }
    }

    /// The text, standing out where that can be seen.
    #[must_use]
    pub fn paint(self, ink: Ink, text: &str) -> String {
        if !self.has_colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Strong => "1",
            Ink::Bad => "1;31",
            Ink::Warning => "1;33",
            Ink::Good => "32",
            Ink::Aside => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// The text, which opens the address where the terminal can do that (OSC 8).
    #[must_use]
    pub fn link(self, address: Option<&str>, text: &str) -> String {
        match address.filter(|address| self.has_links && !address.contains(steers)) {
            Some(address) => format!("\u{1b}]8;;{address}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
            None => text.to_owned(),
        }
    }
}

/// A count of what has been listed. It is gone when it is finished, and not there where `tracing` tells the same.
#[must_use]
pub fn progress() -> ProgressBar {
    if !STDERR.moves || tracing::enabled!(tracing::Level::INFO) || !tracing::enabled!(tracing::Level::WARN) {
        return ProgressBar::hidden();
    }
    added("{spinner} {msg} {count}")
}

/// A line of what is under way, below those that are there. It is drawn once something happens.
pub(super) fn added(template: &str) -> ProgressBar {
    let bar = BARS.add(ProgressBar::no_length());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.with_key("count", count));
    }
    bar
}

/// `1000 of 2500, 400/s, 4s left`
fn count(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    let (count, rate, rest) = (state.pos(), state.per_sec(), state.eta().as_secs_f64().ceil());
    let _ = match state.len() {
        Some(all) if count > 0 => write!(out, "{count} of {all}, {rate:.0}/s, {rest}s left"),
        Some(all) => write!(out, "{count} of {all}"),
        None => write!(out, "{count}"),
    };
}

/// Says something while nothing is drawn over it.
pub(super) fn undisturbed<T>(say: impl FnOnce() -> T) -> T {
    BARS.suspend(say)
}
