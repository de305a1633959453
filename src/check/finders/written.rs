//! What people write in files of data to name a resource, as references with their places.

use std::ops::Range;

use super::addresses;
use crate::check::reference::{Name, Project, Reference, Site, Spanned, Target};
use crate::resource::written::{self, Fields, KEYS, Scalar, Unclear, What, Written};

const NO_ADDRESS: &str = "`url` is not the address of a workbook, a data source or a view";

/// A text that is said to be a LUID.
#[must_use]
pub fn luid(luid: Spanned<String>) -> Reference {
    let extent = luid.span.clone();
    let is_computed = is_template(&luid.value);
    let target = if is_computed { Target::Computed } else { Target::Luid { luid, is_declared: true } };
    Reference::new(extent, target)
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

pub(super) fn invalid(message: String, span: Range<usize>) -> Reference {
    let remedy = "write `type` (`workbook` or `datasource`), `name`, and where needed `project` and `site`";
    Reference::new(span.clone(), Target::Invalid { message, remedy: remedy.to_owned(), span })
}

/// What the fields of a reference name. An address that leads nowhere is shown at `header`.
pub(super) fn named(
    text: &str,
    fields: Vec<(&'static str, Spanned<Scalar>)>,
    extent: Range<usize>,
    header: Range<usize>,
) -> Reference {
    if fields.iter().any(|(_, one)| matches!(&one.value, Scalar::Text(text) if is_template(text))) {
        return Reference::new(extent, Target::Computed);
    }
    let wrong = |message: String, span| Reference { extent: extent.clone(), ..invalid(message, span) };
    let Written { kind, what, project, site, .. } = match written::read(fields) {
        Ok(written) => written,
        Err(Unclear { message, span }) => return wrong(message, span.unwrap_or_else(|| extent.clone())),
    };
    let target = match (kind, what) {
        (_, What::Luid(id)) => Target::Luid { luid: id, is_declared: true },
        (_, What::Url(url)) => match addresses::read(text, &url) {
            Some(reference) => return Reference { extent, ..reference },
            None => return wrong(NO_ADDRESS.to_owned(), header),
        },
        (Some(kind), What::Name(name)) => {
            let name = Spanned { value: Name::Loose(name.value), span: name.span };
            let project = project.map(|one| Spanned { value: Project::Tail(one.value), span: one.span });
            let site = site.map(|one| Spanned { value: Site::Loose(one.value), span: one.span });
            Target::Name { kind, name, project, site }
        }
        (Some(kind), What::Number(number)) => match site {
            Some(Spanned { value: site, .. }) => Target::Page { host: None, site, kind, number },
            // Which site is meant, the configuration says.
            None => Target::Computed,
        },
        (None, What::Name(_) | What::Number(_)) => Target::Computed,
    };
    Reference::new(extent, target)
}

/// The keys of a `meta` that are ours; others belong to other tools.
pub(super) const META_KEYS: &[&str] = KEYS.split_at(KEYS.len() - 2).0;

/// A value of a format whose texts are scalars of any type.
pub(super) fn scalar(Spanned { value, span }: Spanned<String>) -> Spanned<Scalar> {
    Spanned { value: Scalar::Text(value), span }
}

/// The keys and values of a table, with the places of the values.
pub(super) type Table = toml::Spanned<Fields<toml::Spanned<Scalar>>>;

/// What a table of a TOML file names; `also` stands in for what it may leave out.
pub(super) fn of_table(text: &str, table: Table, also: Option<(&'static str, &str)>) -> Reference {
    let header = table.span();
    let fields = table.into_inner().0;
    // The span of a table is its header alone; a comment beside a value is meant for the whole.
    let end = fields.iter().map(|(_, one)| one.span().end).fold(header.end, usize::max);
    let mut fields: Vec<_> = fields.into_iter().map(|(key, value)| (key, spanned(text, value))).collect();
    fields.extend(
        also.map(|(key, value)| {
            (key, Spanned { value: Scalar::Text(value.to_owned()), span: header.clone() })
        }),
    );
    named(text, fields, header.start..end, header)
}

/// Without its quotes.
fn spanned(text: &str, field: toml::Spanned<Scalar>) -> Spanned<Scalar> {
    let Range { start, end } = field.span();
    let written = text.get(start..end).unwrap_or_default();
    let quotes = written.len() - written.trim_start_matches(['"', '\'']).len();
    let quotes = if quotes >= 3 { 3 } else { quotes.min(1) };
    let span = start + quotes..end.saturating_sub(quotes).max(start + quotes);
    Spanned { value: field.into_inner(), span }
}
