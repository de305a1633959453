//! A column of any of the tables, as it is made.

use std::borrow::Cow;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Holds {
    Text,
    Number,
    Time,
}

/// A column of any of the tables, as it is made.
#[derive(Debug)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: Cow<'static, str>,
    pub(in crate::store) holds: Holds,
    /// Never null.
    pub(in crate::store) is_mandatory: bool,
    /// The table of another tool or of an earlier version may lack it; [`crate::store::Store::migrate`] adds it.
    pub(in crate::store) is_added: bool,
    pub(in crate::store) about: &'static str,
}
