//! Columns of tables, and fields of data sources.

use async_graphql::Value;
use async_graphql::dynamic::{Enum, Interface, Object};

use super::below::{DATABASE, NAMED, TABLE};
use super::lineage::{Column, SourceField, dashboards, sheets};
use super::nodes::{Exactly, Node};
use super::schema::{Type, enumeration, interface};

/// What there is none of here: a type that clients name in their queries all the same.
#[derive(Clone)]
pub(super) struct Nothing;

impl Node for Nothing {}

pub(super) fn enumerations() -> Vec<Enum> {
    vec![
        enumeration("FieldRole", &["DIMENSION", "MEASURE", "UNKNOWN"]),
        enumeration("FieldDataType", &["BOOLEAN", "DATE", "DATETIME", "INTEGER", "REAL", "STRING"]),
        enumeration("FieldRoleCategory", &["NOMINAL", "ORDINAL", "QUANTITATIVE"]),
        enumeration("FieldAggregation", &["AVG", "COUNT", "SUM"]),
        enumeration("RemoteType", &["R8", "WSTR"]),
    ]
}

/// What fields of every type say.
const FIELD: &[(&str, &str)] = &[
    ("id", "ID!"),
    ("name", "String"),
    ("description", "String"),
    ("folderName", "String"),
    ("isHidden", "Boolean"),
    ("datasource", "Datasource"),
    ("upstreamFields", "[Field!]!"),
    ("upstreamColumns", "[Column!]!"),
    ("downstreamSheets", "[Sheet!]!"),
    ("downstreamDashboards", "[Dashboard!]!"),
    ("downstreamWorkbooks", "[Workbook!]!"),
];

pub(super) fn interfaces() -> Vec<Interface> {
    vec![interface("Field", FIELD)]
}

pub(super) fn objects() -> Vec<Object> {
    let mut objects = vec![
        column(),
        with_data_type(field("ColumnField"))
            .scalar("dataCategory", "FieldRoleCategory", |_| "QUANTITATIVE".into())
            .nodes("columns", "[Column!]!", |_, field| field.of.columns().into_iter().take(1).collect())
            .object,
        with_data_type(field("CalculatedField"))
            .scalar("dataCategory", "FieldRoleCategory", |_| "QUANTITATIVE".into())
            .scalar("formula", "String", |_| "[Amount] * 1.19".into())
            .nodes("fields", "[Field!]!", |_, field| field.above())
            .object,
    ];
    objects.extend(nothings());
    objects
}

fn column() -> Object {
    Type::<Column>::new("Column")
        .scalar("id", "ID!", |column| column.id().into())
        .scalar("name", "String", |column| column.0.row().shown(Some("AMOUNT".to_owned())))
        .scalar("remoteType", "RemoteType!", |_| "R8".into())
        .scalar("description", "String", |_| "".into())
        .scalar("isNullable", "Boolean", |_| true.into())
        .node("table", "Table", |_, column| Some(column.0.clone()))
        .nodes("referencedByFields", "[ColumnField!]!", |view, column| {
            column.fields(view).into_iter().map(Exactly).collect()
        })
        .nodes("downstreamFields", "[Field!]!", |view, column| column.fields(view))
        .nodes("downstreamDashboards", "[Dashboard!]!", |view, column| dashboards(&column.0.workbooks(view)))
        .nodes("downstreamWorkbooks", "[Workbook!]!", |view, column| column.0.workbooks(view))
        .object
}

fn field(name: &str) -> Type<SourceField> {
    Type::<SourceField>::new(name)
        .implements("Field")
        .scalar("id", "ID!", |field| field.id().into())
        .scalar("name", "String", |field| field.of.table().0.shown(Some(field.name().to_owned())))
        .scalar("description", "String", |_| Value::Null)
        .scalar("folderName", "String", |_| Value::Null)
        .scalar("isHidden", "Boolean", |_| false.into())
        .node("datasource", "Datasource", |_, field| Some(field.of.clone()))
        .nodes("upstreamFields", "[Field!]!", |_, field| field.above())
        .nodes("upstreamColumns", "[Column!]!", |_, field| field.of.columns())
        .nodes("downstreamSheets", "[Sheet!]!", |view, field| sheets(&field.of.workbooks(view)))
        .nodes("downstreamDashboards", "[Dashboard!]!", |view, field| dashboards(&field.of.workbooks(view)))
        .nodes("downstreamWorkbooks", "[Workbook!]!", |view, field| field.of.workbooks(view))
}

fn with_data_type(object: Type<SourceField>) -> Type<SourceField> {
    object
        .scalar("role", "FieldRole", |_| "MEASURE".into())
        .scalar("dataType", "FieldDataType", |_| "REAL".into())
        .scalar("defaultFormat", "String", |_| Value::Null)
        .scalar("aggregation", "FieldAggregation", |_| "SUM".into())
}

/// What fields with a type of their own say besides.
const TYPED: &[(&str, &str)] =
    &[("role", "FieldRole"), ("dataType", "FieldDataType"), ("fields", "[Field!]!")];

/// Types without a single object.
fn nothings() -> Vec<Object> {
    let absent = |name: &str, fields: &[&[(&'static str, &'static str)]]| {
        let fields = fields.iter().copied().flatten();
        fields.fold(Type::<Nothing>::new(name), |object, (field, type_text)| object.absent(field, type_text))
    };
    vec![
        absent("GroupField", &[FIELD, TYPED]).implements("Field").object,
        absent("BinField", &[FIELD, TYPED, &[("formula", "String")]]).implements("Field").object,
        absent("DatasourceField", &[FIELD, &[("remoteField", "Field")]]).implements("Field").object,
        absent("WebDataConnector", &[NAMED, DATABASE, &[("connectorUrl", "String")]])
            .implements("Database")
            .object,
        absent("VirtualConnectionTable", &[TABLE, &[("virtualConnection", "VirtualConnection")]])
            .implements("Table")
            .object,
        absent("VirtualConnection", &[NAMED, &[("projectName", "String"), ("description", "String")]]).object,
    ]
}
