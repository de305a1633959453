//! The schema: the part of Tableau's that lists sites, workbooks and data sources, with enough around it that
//! the queries of published clients are valid.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use async_graphql::dynamic::{
    Enum, Field, FieldFuture, FieldValue, InputObject, InputValue, Interface, InterfaceField, Object,
    ResolverContext, Scalar, Schema, SchemaBuilder, TypeRef,
};
use async_graphql::{QueryPathSegment, Value};
use serde_json::json;

use super::connection::{Collection, Connection, add_to};
use super::nodes::Node;
use super::{View, below, collections, columns, types};

/// The schema of today or of an old server; each is built once.
pub(super) fn schema(old_server: bool) -> &'static Schema {
    static CURRENT: OnceLock<Schema> = OnceLock::new();
    static OLD: OnceLock<Schema> = OnceLock::new();
    let cell = if old_server { &OLD } else { &CURRENT };
    cell.get_or_init(|| build(old_server).expect("the schema is complete: a test builds both"))
}

fn build(old: bool) -> Result<Schema, async_graphql::dynamic::SchemaError> {
    let (workbooks, datasources, sites) =
        (collections::workbooks(), collections::datasources(), collections::sites());
    let query = add_to(Object::new("Query"), workbooks, old);
    let mut query = add_to(add_to(query, datasources, old), sites, old);

    let mut schema = Schema::build("Query", None, None).disable_suggestions();
    schema = register(schema, workbooks, old);
    schema = register(schema, datasources, old);
    schema = register(schema, sites, old);
    (schema, query) = collections::add_lineage(schema, query, old);
    schema = schema.register(query);
    if !old {
        schema = schema.register(enumeration("PermissionMode", &["OBFUSCATE_RESULTS", "FILTER_RESULTS"]));
    }
    schema = schema
        .register(Scalar::new("DateTime").description("An RFC-3339 compliant DateTime Scalar"))
        .register(enumeration("OrderDirection", &["ASC", "DESC"]))
        .register(enumeration("TableType", &["DATABASETABLE", "DATAMODEL", "DATALAKE", "CALCULATEDINSIGHT"]))
        .register(
            Type::<PageInfo>::new("PageInfo")
                .scalar("hasNextPage", "Boolean!", |page| page.has_next.into())
                .scalar("endCursor", "String", |page| text_or_null(page.end_cursor.as_deref()))
                .object,
        );
    for interface in below::interfaces().into_iter().chain(columns::interfaces()) {
        schema = schema.register(interface);
    }
    for enumeration in columns::enumerations() {
        schema = schema.register(enumeration);
    }
    for object in types::objects(old).into_iter().chain(below::objects()).chain(columns::objects()) {
        schema = schema.register(object);
    }
    schema.finish()
}

/// Registers what a collection needs: its connection, filter and order.
pub(super) fn register<T: Node + Clone>(
    schema: SchemaBuilder,
    collection: &'static Collection<T>,
    old: bool,
) -> SchemaBuilder {
    let name = collection.type_name;
    let connection = Type::<Connection<T>>::new(collection.connection_type)
        .nodes("nodes", &format!("[{name}!]!"), |_, connection| connection.nodes.clone())
        .one("pageInfo", "PageInfo!", |connection| Some(connection.page.clone()))
        .scalar("totalCount", "Int!", |connection| connection.total.into());
    let mut filter = InputObject::new(collection.filter_type);
    for facet in collection.facets(old) {
        filter = filter
            .field(InputValue::new(facet.name, TypeRef::named(facet.type_name)))
            .field(InputValue::new(format!("{}Within", facet.name), TypeRef::named_list(facet.type_name)));
    }
    let fields: Vec<&str> = collection.orders(old).map(|(name, _)| *name).collect();
    let order = InputObject::new(collection.order_type)
        .field(InputValue::new("field", TypeRef::named_nn(collection.order_field_type)))
        .field(InputValue::new("direction", TypeRef::named_nn("OrderDirection")));
    schema
        .register(connection.object)
        .register(filter)
        .register(enumeration(collection.order_field_type, &fields))
        .register(order)
}

/// The page of a connection.
#[derive(Clone, Debug)]
pub(super) struct PageInfo {
    pub(super) has_next: bool,
    pub(super) end_cursor: Option<String>,
}

/// An object type whose values are `T`.
pub(super) struct Type<T> {
    pub(super) object: Object,
    of: std::marker::PhantomData<fn(T)>,
}

impl<T: Any + Send + Sync> Type<T> {
    pub(super) fn new(name: &str) -> Self {
        Self { object: Object::new(name), of: std::marker::PhantomData }
    }

    pub(super) fn implements(self, interface: &str) -> Self {
        Self { object: self.object.implement(interface), ..self }
    }

    /// A field that answers a value.
    pub(super) fn scalar(self, name: &'static str, type_text: &str, get: fn(&T) -> Value) -> Self {
        self.field(name, type_text, move |_, value| Some(get(value).into()))
    }

    /// A field that answers an object, or nothing.
    pub(super) fn one<U: Any + Send + Sync>(
        self,
        name: &'static str,
        type_text: &str,
        get: fn(&T) -> Option<U>,
    ) -> Self {
        self.field(name, type_text, move |_, value| get(value).map(FieldValue::owned_any))
    }

    /// A field that answers an object of one type where its own type is an interface.
    pub(super) fn one_as<U: Any + Send + Sync>(
        self,
        name: &'static str,
        type_text: &str,
        actual: &'static str,
        get: fn(&T) -> U,
    ) -> Self {
        self.field(name, type_text, move |_, value| Some(FieldValue::owned_any(get(value)).with_type(actual)))
    }

    /// A field that answers an object of what the query may see, or nothing.
    pub(super) fn node<U: Node>(
        self,
        name: &'static str,
        type_text: &str,
        get: impl Fn(&View, &T) -> Option<U> + Send + Sync + 'static,
    ) -> Self {
        self.field(name, type_text, move |view, value| get(view, value).map(Node::value))
    }

    /// A field that answers objects of what the query may see.
    pub(super) fn nodes<U: Node>(
        self,
        name: &'static str,
        type_text: &str,
        get: impl Fn(&View, &T) -> Vec<U> + Send + Sync + 'static,
    ) -> Self {
        self.list(name, type_text, move |view, value| get(view, value).into_iter().map(Node::value).collect())
    }

    /// A field of which no object has a value.
    pub(super) fn absent(self, name: &'static str, type_text: &str) -> Self {
        self.with_field(Field::new(name, type_ref(type_text), |_| FieldFuture::Value(None)))
    }

    pub(super) fn with_field(self, field: Field) -> Self {
        Self { object: self.object.field(field), ..self }
    }

    /// A field that answers a list of objects, which counts against the node limit.
    pub(super) fn many<U: Any + Send + Sync>(
        self,
        name: &'static str,
        type_text: &str,
        get: fn(&T) -> Vec<U>,
    ) -> Self {
        self.list(name, type_text, move |_, value| {
            get(value).into_iter().map(FieldValue::owned_any).collect()
        })
    }

    /// A field that answers a list of objects where its own type is a list of an interface.
    pub(super) fn many_as<U: Any + Send + Sync>(
        self,
        name: &'static str,
        type_text: &str,
        get: fn(&T) -> Vec<(&'static str, U)>,
    ) -> Self {
        self.list(name, type_text, move |_, value| {
            let of_type = |(actual, value)| FieldValue::owned_any(value).with_type(actual);
            get(value).into_iter().map(of_type).collect()
        })
    }

    fn list(
        self,
        name: &'static str,
        type_text: &str,
        get: impl Fn(&View, &T) -> Vec<FieldValue<'static>> + Send + Sync + 'static,
    ) -> Self {
        let field = Field::new(name, type_ref(type_text), move |context| {
            let view = view(&context);
            let mut list =
                context.parent_value.downcast_ref().map(|value| get(view, value)).unwrap_or_default();
            view.cut_to_limit(&mut list);
            FieldFuture::Value(Some(FieldValue::list(list)))
        });
        self.with_field(field)
    }

    /// A field of an older server, marked as such.
    pub(super) fn deprecated(mut self, name: &'static str, type_text: &str, reason: &str) -> Self {
        let field = Field::new(name, type_ref(type_text), |_| FieldFuture::Value(None));
        self.object = self.object.field(field.deprecation(Some(reason)));
        self
    }

    fn field(
        mut self,
        name: &'static str,
        type_text: &str,
        get: impl Fn(&View, &T) -> Option<FieldValue<'static>> + Send + Sync + 'static,
    ) -> Self {
        let parent = self.object.type_name().to_owned();
        let type_name = type_text.trim_end_matches('!').to_owned();
        let is_non_null = type_text.ends_with('!');
        let field = Field::new(name, type_ref(type_text), move |context| {
            let view = view(&context);
            if is_non_null && view.null_field.as_deref() == Some(name) {
                view.fail_once(|| null_in_non_null(&context, &parent, &type_name));
            }
            FieldFuture::Value(context.parent_value.downcast_ref().and_then(|value| get(view, value)))
        });
        self.object = self.object.field(field);
        self
    }
}

/// What the query may see.
pub(super) fn view<'a>(context: &ResolverContext<'a>) -> &'a View {
    context.ctx.data_unchecked::<Arc<View>>()
}

fn null_in_non_null(context: &ResolverContext<'_>, parent: &str, type_name: &str) -> serde_json::Value {
    let mut segments = Vec::new();
    let mut next = context.path_node.as_ref();
    while let Some(node) = next {
        segments.push(match node.segment {
            QueryPathSegment::Index(at) => json!(at),
            QueryPathSegment::Name(name) => json!(name),
        });
        next = node.parent;
    }
    segments.reverse();
    let path: String = segments
        .iter()
        .map(|segment| segment.as_str().map_or(format!("[{segment}]"), |name| format!("/{name}")))
        .collect();
    json!({
        "message": format!(
            "The field at path '{path}' was declared as a non null type, but the code involved in retrieving data has \
             wrongly returned a null value. The graphql specification requires that the parent field be set to null, \
             or if that is non nullable that it bubble up null to its parent and so on. The non-nullable type is \
             '{type_name}' within parent type '{parent}'"
        ),
        "path": segments,
        "extensions": { "classification": "NullValueInNonNullableField" },
    })
}

pub(super) fn text_or_null(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

/// `[Sheet!]!` as the engine writes it.
pub(super) fn type_ref(text: &str) -> TypeRef {
    if let Some(inner) = text.strip_suffix('!') {
        TypeRef::NonNull(Box::new(type_ref(inner)))
    } else if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        TypeRef::List(Box::new(type_ref(inner)))
    } else {
        TypeRef::named(text)
    }
}

/// An interface with these fields (`name: type`).
pub(super) fn interface(name: &str, fields: &[(&str, &str)]) -> Interface {
    fields.iter().fold(Interface::new(name), |interface, (name, text)| {
        interface.field(InterfaceField::new(*name, type_ref(text)))
    })
}

pub(super) fn enumeration(name: &str, items: &[&str]) -> Enum {
    Enum::new(name).items(items.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemas_are_complete() {
        assert!(schema(false).sdl().contains("projectLuid"));
        let old = schema(true).sdl();
        assert!(
            !old.contains("projectLuid") && !old.contains("PROJECT_LUID") && !old.contains("permissionMode")
        );
    }
}
