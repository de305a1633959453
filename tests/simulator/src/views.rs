//! The views of a workbook, made up from it: a sheet, and a dashboard that shows it. REST and the Metadata API say the same
//! of them.

/// A view that every workbook has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ViewKind {
    /// Takes the place of the first two digits of the workbook's ids.
    pub(crate) tag: &'static str,
    pub(crate) title: &'static str,
    /// The title as it stands in addresses.
    pub(crate) in_address: &'static str,
    /// What the Metadata API calls the type.
    pub(crate) type_name: &'static str,
}

pub(crate) const SHEET: ViewKind =
    ViewKind { tag: "51", title: "Sheet 1", in_address: "Sheet1", type_name: "Sheet" };
pub(crate) const DASHBOARD: ViewKind =
    ViewKind { tag: "da", title: "Dashboard 1", in_address: "Dashboard1", type_name: "Dashboard" };

/// An id or LUID for something below what has `id`: `tag` replaces the first two digits, and the version is that of UUIDs with
/// a meaning of their own, so that it is no other's.
pub(crate) fn below(id: &str, tag: &str) -> String {
    let parts = id.get(2..14).zip(id.get(15..));
    parts.map_or_else(String::new, |(start, end)| format!("{tag}{start}8{end}"))
}
