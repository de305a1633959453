//! Lists of the Metadata API: filters, order, pages and cursors.

use async_graphql::Value;
use async_graphql::dynamic::{Field, FieldFuture, FieldValue, InputValue, Object, ObjectAccessor, TypeRef};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::nodes::Node;
use super::schema::{PageInfo, type_ref, view};
use super::{View, invalid_argument};
use crate::faults::permissions_mode_switched;

/// The most rows on a page.
const MAX_PAGE: usize = 1000;
const DEFAULT_PAGE: usize = 100;

/// Something to filter by.
pub(super) struct Facet<T> {
    pub(super) name: &'static str,
    pub(super) type_name: &'static str,
    pub(super) get: fn(&T) -> Value,
}

/// Something to sort by.
pub(super) type Order<T> = (&'static str, fn(&T) -> Value);

/// A root list: `workbooks` and `workbooksConnection`, say, and all that is named after them.
pub(super) struct Collection<T: 'static> {
    pub(super) type_name: &'static str,
    pub(super) list_field: &'static str,
    pub(super) connection_field: &'static str,
    pub(super) connection_type: &'static str,
    pub(super) filter_type: &'static str,
    pub(super) order_type: &'static str,
    pub(super) order_field_type: &'static str,
    pub(super) facets: &'static [Facet<T>],
    pub(super) orders: &'static [Order<T>],
    /// All rows that a query may see, by id.
    pub(super) rows: fn(&View) -> Vec<T>,
    pub(super) id: fn(&T) -> String,
    /// Whether names and such are kept from the user.
    pub(super) is_obfuscated: fn(&T) -> bool,
}

impl<T> Collection<T> {
    /// What to filter by; old servers do not know the project's LUID.
    pub(super) fn facets(&self, old: bool) -> impl Iterator<Item = &Facet<T>> {
        self.facets.iter().filter(move |facet| !old || facet.name != "projectLuid")
    }

    /// What to sort by.
    pub(super) fn orders(&self, old: bool) -> impl Iterator<Item = &Order<T>> {
        self.orders.iter().filter(move |(name, _)| !old || *name != "PROJECT_LUID")
    }
}

/// A page of a list.
#[derive(Clone)]
pub(super) struct Connection<T> {
    pub(super) nodes: Vec<T>,
    pub(super) page: PageInfo,
    pub(super) total: usize,
}

/// Where the next page starts, as the client carries it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cursor {
    #[serde(rename = "type")]
    type_name: String,
    scope: String,
    sort_order_value: LastRow,
}

/// The row after which the next page starts.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LastRow {
    last_id: String,
    /// What the list is sorted by, unless by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_value: Option<String>,
}

/// Adds the list and its connection to `Query` or to `TableauSite`.
pub(super) fn add_to<T: Node + Clone>(
    object: Object,
    collection: &'static Collection<T>,
    old: bool,
) -> Object {
    let nested = object.type_name() != "Query";
    let bang = if nested { "" } else { "!" };
    let list_type = format!("[{}{bang}]{bang}", collection.type_name);
    let list = Field::new(collection.list_field, type_ref(&list_type), move |context| {
        let view = view(&context);
        let mut rows: Vec<T> = sorted(view, collection, collection.list_field, &context.args)
            .into_iter()
            .map(|(_, row)| row)
            .collect();
        if !nested {
            rows.truncate(view.faults.keep.unwrap_or(usize::MAX));
        }
        view.cut_to_limit(&mut rows);
        FieldFuture::Value(Some(FieldValue::list(rows.into_iter().map(Node::value))))
    });
    let connection_type = format!("{}{bang}", collection.connection_type);
    let connection = Field::new(collection.connection_field, type_ref(&connection_type), move |context| {
        let view = view(&context);
        match page(view, collection, &context.args, nested) {
            Ok(page) => FieldFuture::Value(Some(FieldValue::owned_any(page))),
            Err(message) => {
                view.fail(invalid_argument(message));
                FieldFuture::Value(None)
            }
        }
    })
    .argument(InputValue::new("after", TypeRef::named("String")))
    .argument(InputValue::new("first", TypeRef::named("Int")))
    .argument(InputValue::new("offset", TypeRef::named("Int")));
    object.field(with_arguments(list, collection, old)).field(with_arguments(connection, collection, old))
}

fn with_arguments<T>(field: Field, collection: &Collection<T>, old: bool) -> Field {
    let field = field
        .argument(InputValue::new("filter", TypeRef::named(collection.filter_type)))
        .argument(InputValue::new("orderBy", TypeRef::named(collection.order_type)));
    if old {
        field
    } else {
        field.argument(InputValue::new("permissionMode", TypeRef::named("PermissionMode")))
    }
}

/// The rows that match, in order, each with the text it was sorted by (empty when by id); `field` is the one that
/// lists them.
fn sorted<T: Clone>(
    view: &View,
    collection: &Collection<T>,
    field: &str,
    args: &ObjectAccessor<'_>,
) -> Vec<(String, T)> {
    let mut rows = (collection.rows)(view);
    let filters_results =
        args.get("permissionMode").is_some_and(|mode| mode.enum_name() == Ok("FILTER_RESULTS"));
    let projects = project_names(args);
    if filters_results || !projects.is_empty() {
        let all = rows.len();
        rows.retain(|row| !(collection.is_obfuscated)(row));
        // Only those who may not see everything are told.
        if !filters_results && rows.len() < all {
            view.warn(permissions_mode_switched(field, &projects));
        }
    }
    if let Some(Value::Object(filter)) = args.get("filter").map(|filter| filter.as_value()) {
        for (name, wanted) in filter.iter().filter(|(_, wanted)| **wanted != Value::Null) {
            let base = name.strip_suffix("Within").unwrap_or(name);
            let Some(facet) = collection.facets.iter().find(|facet| facet.name == base) else {
                continue;
            };
            rows.retain(|row| holds(&(facet.get)(row), wanted));
        }
    }
    let Sorting { key, descending } = sorting(collection, args);
    let mut rows: Vec<_> =
        rows.into_iter().map(|row| (key.map(|key| text(&key(&row))).unwrap_or_default(), row)).collect();
    if key.is_some() {
        // Stable: ties stay in the order of their ids.
        rows.sort_by(|(a, _), (b, _)| if descending { b.cmp(a) } else { a.cmp(b) });
    } else if descending {
        rows.reverse();
    }
    rows
}

/// Where the arguments filter or sort by the names of projects.
fn project_names(args: &ObjectAccessor<'_>) -> Vec<&'static str> {
    const FILTERS: [&str; 2] = ["projectName", "projectNameWithin"];
    const ORDER: &str = "PROJECT_NAME";
    let filter = args.get("filter").map(|filter| filter.as_value());
    let mut found = Vec::new();
    if let Some(Value::Object(filter)) = filter {
        found.extend(
            FILTERS.into_iter().filter(|name| filter.get(*name).is_some_and(|it| *it != Value::Null)),
        );
    }
    if order(args, "field").as_deref() == Some(ORDER) {
        found.push(ORDER);
    }
    found
}

/// `name: x` or `nameWithin: [x, y]`.
fn holds(actual: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::List(wanted) => wanted.contains(actual),
        wanted => wanted == actual,
    }
}

/// What a query wants its rows sorted by.
struct Sorting<T> {
    /// None for the id, in which order rows are anyway.
    key: Option<fn(&T) -> Value>,
    descending: bool,
}

fn sorting<T>(collection: &Collection<T>, args: &ObjectAccessor<'_>) -> Sorting<T> {
    let field = order(args, "field").unwrap_or_default();
    let key = collection.orders.iter().find(|(name, _)| *name == field && *name != "ID").map(|(_, key)| *key);
    Sorting { key, descending: order(args, "direction").as_deref() == Some("DESC") }
}

/// The `field` or the `direction` of `orderBy`.
fn order(args: &ObjectAccessor<'_>, name: &str) -> Option<String> {
    let by = args.get("orderBy")?.object().ok()?;
    by.get(name)?.enum_name().map(ToOwned::to_owned).ok()
}

/// A text that sorts as the value does.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Boolean(value) => u8::from(*value).to_string(),
        Value::Number(number) => format!("{:020}", number.as_u64().unwrap_or_default()),
        _ => String::new(),
    }
}

fn page<T: Clone>(
    view: &View,
    collection: &Collection<T>,
    args: &ObjectAccessor<'_>,
    nested: bool,
) -> Result<Connection<T>, &'static str> {
    let after = args.get("after").filter(|after| !after.is_null()).and_then(|after| after.string().ok());
    let offset = count(args, "offset")?;
    if after.is_some() && offset.is_some() {
        return Err(
            "Can't use \"after\" and \"offset\" pagination at the same time. Remove one of the arguments from the query.",
        );
    }
    let mut first = count(args, "first")?.unwrap_or(DEFAULT_PAGE);
    if first > MAX_PAGE {
        first = MAX_PAGE;
        // Lists within lists are cut without a word.
        if !nested {
            view.warn(json!({
                "message": "The value chosen for \"first\" exceeded the maximum page size, so the query results will \
                            be limited to 1000 objects.",
                "extensions": {
                    "severity": "WARNING",
                    "code": "MAX_PAGE_SIZE_EXCEEDED",
                    "properties": { "maximumPageSize": MAX_PAGE },
                },
            }));
        }
    }

    let mut rows = sorted(view, collection, collection.connection_field, args);
    let faults = if nested { crate::faults::ListingFaults::default() } else { view.faults };
    let total = faults.total.unwrap_or(rows.len());
    rows.truncate(faults.keep.unwrap_or(usize::MAX));
    let Sorting { key, descending } = sorting(collection, args);
    let scope = format!("sites/{}", view.index.site.number);
    let start = match (after, offset) {
        (Some(after), _) => {
            let cursor = decode(after, collection.type_name, &scope)?;
            let last = position_after(&rows, &cursor, collection.id, key.is_some(), descending)?;
            last.saturating_sub(faults.repeat.min(first.saturating_sub(1)))
        }
        (None, offset) => offset.unwrap_or(0).min(rows.len()),
    };
    let end = start.saturating_add(first).min(rows.len());
    let end_cursor = match (after, rows[start..end].last()) {
        (Some(after), _) if faults.looping => Some(after.to_owned()),
        (_, None) => None,
        (_, Some((value, row))) => {
            let last_value = key.map(|_| value.clone());
            let last = LastRow { last_id: (collection.id)(row), last_value };
            Some(encode(&Cursor {
                type_name: collection.type_name.to_owned(),
                scope,
                sort_order_value: last,
            }))
        }
    };
    Ok(Connection {
        nodes: rows[start..end].iter().map(|(_, row)| row.clone()).collect(),
        page: PageInfo { has_next: end < rows.len() || faults.looping, end_cursor },
        total,
    })
}

fn count(args: &ObjectAccessor<'_>, name: &str) -> Result<Option<usize>, &'static str> {
    match args.get(name).filter(|value| !value.is_null()).and_then(|value| value.i64().ok()) {
        None => Ok(None),
        Some(value) => usize::try_from(value)
            .map(Some)
            .map_err(|_| "The values of \"first\" and \"offset\" can't be negative."),
    }
}

/// Where the rows behind the cursor's begin, whether or not its row is still there.
fn position_after<T>(
    rows: &[(String, T)],
    cursor: &LastRow,
    id: fn(&T) -> String,
    by_value: bool,
    descending: bool,
) -> Result<usize, &'static str> {
    if by_value != cursor.last_value.is_some() {
        return Err(
            "The query contains an invalid cursor. Make sure the query contains the field you want to paginate on.",
        );
    }
    let last_value = cursor.last_value.as_deref().unwrap_or_default();
    let passed = |(value, row): &(String, T)| {
        let by_id = id(row).cmp(&cursor.last_id);
        let order = if by_value {
            let by_value = value.as_str().cmp(last_value);
            // Ties are in the order of their ids, whichever way the values go.
            (if descending { by_value.reverse() } else { by_value }).then(by_id)
        } else if descending {
            by_id.reverse()
        } else {
            by_id
        };
        order.is_le()
    };
    Ok(rows.partition_point(passed))
}

fn encode(cursor: &Cursor) -> String {
    STANDARD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

fn decode(text: &str, type_name: &str, scope: &str) -> Result<LastRow, &'static str> {
    const WRONG_TYPE: &str =
        "The query contains an invalid cursor. Make sure to use cursors of the same type.";
    const WRONG_SITE: &str =
        "The query contains an invalid cursor. Make sure to use cursors that belong to the same site.";
    let bytes = STANDARD.decode(text).map_err(|_| WRONG_TYPE)?;
    let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| WRONG_TYPE)?;
    if cursor.type_name != type_name {
        Err(WRONG_TYPE)
    } else if cursor.scope != scope {
        Err(WRONG_SITE)
    } else {
        Ok(cursor.sort_order_value)
    }
}
