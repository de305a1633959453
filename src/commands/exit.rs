//! How a command ends.

use std::process::ExitCode;

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: could not do its work.
    Failed,
    /// 2: usage or configuration.
    Usage,
    /// 3: found something: `sync --dry-run --exit-code` has changes, `resolve` and `refresh` have no single answer,
    /// `check` has findings of severity error, `doctor` found a problem.
    Found,
    /// 4: done, but a listing was incomplete: of that kind only what REST says is gone was removed.
    Incomplete,
    /// 5: a refresh job failed.
    RefreshFailed,
    /// 6: gave up waiting.
    GaveUp,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Found => 3,
            Exit::Incomplete => 4,
            Exit::RefreshFailed => 5,
            Exit::GaveUp => 6,
        })
    }
}
