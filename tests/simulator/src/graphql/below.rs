//! What hangs below workbooks and data sources: sheets, dashboards, embedded data sources, tables. [`lineage`](super::lineage)
//! says which there are.

use std::sync::Arc;

use async_graphql::Value;
use async_graphql::dynamic::{Field, FieldFuture, FieldValue, InputValue, Interface, Object, TypeRef};

use super::connection::Connection;
use super::lineage::{AnyTable, Column, CustomSql, Embedded, Source, Table, dashboards, embedded, sheets};
use super::nodes::Node;
use super::schema::{PageInfo, Type, interface, type_ref, view};
use super::types::{Resource, Site, extract_time};
use crate::views::{DASHBOARD, SHEET, ViewKind, below};

/// A sheet or dashboard.
#[derive(Clone)]
pub(super) struct WorkbookView {
    workbook: Resource,
    kind: ViewKind,
}

pub(super) struct Tag;
/// The one warehouse of a site.
#[derive(Clone)]
pub(super) struct DatabaseServer(pub(super) Site);

impl WorkbookView {
    pub(super) fn sheet(workbook: &Resource) -> Self {
        Self { workbook: Arc::clone(workbook), kind: SHEET }
    }

    pub(super) fn dashboard(workbook: &Resource) -> Self {
        Self { workbook: Arc::clone(workbook), kind: DASHBOARD }
    }

    pub(super) fn id(&self) -> String {
        below(&self.workbook.metadata_id, self.kind.tag)
    }

    pub(super) fn type_name(&self) -> &'static str {
        self.kind.type_name
    }
}

impl DatabaseServer {
    pub(super) fn id(&self) -> String {
        below(&self.0.metadata_id, "db")
    }
}

type Fields = &'static [(&'static str, &'static str)];

/// What much has.
pub(super) const NAMED: Fields = &[("id", "ID!"), ("name", "String"), ("luid", "String!")];

/// What databases of every type say besides.
pub(super) const DATABASE: Fields = &[
    ("vizportalId", "String!"),
    ("connectionType", "String"),
    ("isEmbedded", "Boolean"),
    ("projectVizportalUrlId", "String"),
    ("projectName", "String"),
];

/// What tables of every type say.
pub(super) const TABLE: Fields = &[
    ("id", "ID!"),
    ("name", "String"),
    ("isEmbedded", "Boolean"),
    ("description", "String"),
    ("columns", "[Column!]!"),
    ("downstreamDatasources", "[PublishedDatasource!]!"),
    ("downstreamSheets", "[Sheet!]!"),
    ("downstreamDashboards", "[Dashboard!]!"),
    ("downstreamWorkbooks", "[Workbook!]!"),
];

pub(super) fn interfaces() -> Vec<Interface> {
    const DATED: &[(&str, &str)] = &[("createdAt", "DateTime!"), ("updatedAt", "DateTime!")];
    let named = |name: &str, more: &[(&str, &str)]| interface(name, &[NAMED, more].concat());
    let view = [
        ("documentViewId", "String"),
        ("path", "String"),
        ("index", "Int"),
        ("tags", "[Tag!]!"),
        ("workbook", "Workbook"),
    ];
    vec![
        named("Taggable", &[("tags", "[Tag!]!")]),
        named("Warnable", &[("hasActiveWarning", "Boolean!")]),
        named("Certifiable", &[("isCertified", "Boolean!")]),
        named("CanHaveLabels", &[]),
        named("View", &[DATED, &view].concat()),
        named("Database", DATABASE),
        interface(
            "Datasource",
            &[
                ("id", "ID!"),
                ("name", "String"),
                ("hasUserReference", "Boolean"),
                ("hasExtracts", "Boolean"),
                ("containsUnsupportedCustomSql", "Boolean"),
                ("extractLastRefreshTime", "DateTime"),
                ("extractLastIncrementalUpdateTime", "DateTime"),
                ("extractLastUpdateTime", "DateTime"),
                ("createdAt", "DateTime"),
                ("updatedAt", "DateTime"),
                ("fields", "[Field!]!"),
                ("upstreamTables", "[DatabaseTable]"),
                ("upstreamDatasources", "[PublishedDatasource!]!"),
                ("downstreamSheets", "[Sheet!]!"),
                ("downstreamDashboards", "[Dashboard!]!"),
                ("downstreamWorkbooks", "[Workbook!]!"),
            ],
        ),
        interface("Table", TABLE),
    ]
}

pub(super) fn objects() -> Vec<Object> {
    vec![
        embedded_datasource(),
        workbook_view("Sheet")
            .nodes("parentEmbeddedDatasources", "[EmbeddedDatasource!]!", |view, sheet| {
                embedded(view, &sheet.workbook)
            })
            .nodes("upstreamDatasources", "[PublishedDatasource!]!", |view, sheet| {
                super::lineage::upstream(view, &sheet.workbook)
            })
            .nodes("datasourceFields", "[Field!]!", sheet_fields)
            .nodes("upstreamFields", "[Field!]!", sheet_fields)
            .many("containedInDashboards", "[Dashboard]", |view| {
                vec![WorkbookView::dashboard(&view.workbook)]
            })
            .object,
        workbook_view("Dashboard")
            .many("sheets", "[Sheet!]!", |view| vec![WorkbookView::sheet(&view.workbook)])
            .nodes("upstreamDatasources", "[PublishedDatasource!]!", |view, board| {
                super::lineage::upstream(view, &board.workbook)
            })
            .object,
        database_table(),
        custom_sql_table(),
        database_server(),
        Type::<Tag>::new("Tag")
            .scalar("id", "ID!", |_| "".into())
            .scalar("name", "String", |_| Value::Null)
            .object,
    ]
}

fn sheet_fields(view: &super::View, sheet: &WorkbookView) -> Vec<super::lineage::SourceField> {
    let sources = embedded(view, &sheet.workbook).into_iter().map(Source::Embedded);
    sources.flat_map(|source| source.fields()).collect()
}

fn workbook_view(name: &str) -> Type<WorkbookView> {
    Type::<WorkbookView>::new(name)
        .implements("View")
        .implements("Taggable")
        .scalar("id", "ID!", |view| view.id().into())
        .scalar("name", "String", |view| view.workbook.shown(Some(view.kind.title.to_owned())))
        .scalar("documentViewId", "String", |view| view.id().into())
        .scalar("luid", "String!", |view| below(&view.workbook.luid, view.kind.tag).into())
        .scalar("path", "String", |view| {
            let path = format!("{}/{}", view.workbook.content_url, view.kind.in_address);
            view.workbook.shown(Some(path))
        })
        .scalar("createdAt", "DateTime!", |view| view.workbook.created_at.as_str().into())
        .scalar("updatedAt", "DateTime!", |view| view.workbook.updated_at.as_str().into())
        .scalar("index", "Int", |_| 0.into())
        .many("tags", "[Tag!]!", |_| Vec::<Tag>::new())
        .one("workbook", "Workbook", |view| Some(Arc::clone(&view.workbook)))
}

/// What the lineage says of a data source, whichever its type.
pub(super) fn with_lineage<T: Node>(object: Type<T>, of: fn(&T) -> Source) -> Type<T> {
    object
        .nodes("fields", "[Field!]!", move |_, it| of(it).fields())
        .nodes("upstreamTables", "[DatabaseTable]", move |_, it| vec![of(it).table()])
        .nodes("upstreamDatasources", "[PublishedDatasource!]!", move |_, it| of(it).above())
        .nodes("downstreamSheets", "[Sheet!]!", move |view, it| sheets(&of(it).workbooks(view)))
        .nodes("downstreamDashboards", "[Dashboard!]!", move |view, it| dashboards(&of(it).workbooks(view)))
        .nodes("downstreamWorkbooks", "[Workbook!]!", move |view, it| of(it).workbooks(view))
}

fn embedded_datasource() -> Object {
    let object = Type::<Embedded>::new("EmbeddedDatasource")
        .implements("Datasource")
        .scalar("id", "ID!", |it| it.id().into())
        .scalar("name", "String", |it| it.workbook.shown(Some(it.name())))
        .scalar("hasUserReference", "Boolean", |_| false.into())
        .scalar("hasExtracts", "Boolean", |it| (it.published.is_none() && it.workbook.has_extract).into())
        .scalar("containsUnsupportedCustomSql", "Boolean", |_| false.into())
        .scalar("extractLastRefreshTime", "DateTime", own_extract_time)
        .scalar("extractLastIncrementalUpdateTime", "DateTime", |_| Value::Null)
        .scalar("extractLastUpdateTime", "DateTime", own_extract_time)
        .scalar("createdAt", "DateTime", |it| it.workbook.created_at.as_str().into())
        .scalar("updatedAt", "DateTime", |it| it.workbook.updated_at.as_str().into())
        .many("parentPublishedDatasources", "[PublishedDatasource!]!", |it| {
            it.published.iter().cloned().collect()
        })
        .one("workbook", "Workbook", |it| Some(Arc::clone(&it.workbook)));
    with_lineage(object, |it| Source::Embedded(it.clone())).object
}

/// What stands for a published data source has no extract of its own.
fn own_extract_time(it: &Embedded) -> Value {
    if it.published.is_none() { extract_time(&it.workbook) } else { Value::Null }
}

/// The name of a table: that of what it is for, in capitals.
fn table_name(row: &Resource) -> String {
    let letter = |letter: char| if letter.is_alphanumeric() { letter } else { '_' };
    row.name.chars().map(letter).flat_map(char::to_uppercase).collect()
}

/// What tables of both types say.
fn any_table<T: Node>(name: &str, of: fn(&T) -> AnyTable) -> Type<T> {
    let object = Type::<T>::new(name)
        .implements("Table")
        .nodes("columns", "[Column!]!", move |_, it| vec![Column(of(it))])
        .nodes("downstreamDatasources", "[PublishedDatasource!]!", move |view, it| of(it).published(view))
        .nodes("downstreamSheets", "[Sheet!]!", move |view, it| sheets(&of(it).workbooks(view)))
        .nodes("downstreamDashboards", "[Dashboard!]!", move |view, it| dashboards(&of(it).workbooks(view)))
        .nodes("downstreamWorkbooks", "[Workbook!]!", move |view, it| of(it).workbooks(view))
        .scalar("isEmbedded", "Boolean", |_| true.into())
        .scalar("description", "String", |_| "".into())
        .scalar("connectionType", "String", |_| "snowflake".into());
    let columns = Field::new("columnsConnection", type_ref("ColumnsConnection!"), move |context| {
        let count = |name| context.args.get(name).and_then(|count| count.u64().ok());
        let column = context.parent_value.downcast_ref().map(|it| Column(of(it)));
        let is_wanted = count("first") != Some(0) && count("offset").unwrap_or_default() == 0;
        let mut nodes: Vec<Column> = column.into_iter().filter(|_| is_wanted).collect();
        view(&context).cut_to_limit(&mut nodes);
        let page = PageInfo { has_next: false, end_cursor: None };
        FieldFuture::Value(Some(FieldValue::owned_any(Connection { nodes, page, total: 1 })))
    })
    .argument(InputValue::new("first", TypeRef::named("Int")))
    .argument(InputValue::new("offset", TypeRef::named("Int")));
    object.with_field(columns)
}

fn database_table() -> Object {
    any_table::<Table>("DatabaseTable", |table| AnyTable::Database(table.clone()))
        .implements("Taggable")
        .scalar("id", "ID!", |table| AnyTable::Database(table.clone()).id().into())
        .scalar("vizportalId", "String!", |table| table.0.number.to_string().into())
        .scalar("luid", "String!", |table| below(&table.0.luid, "7a").into())
        .scalar("name", "String", |table| table.0.shown(Some(table_name(&table.0))))
        .scalar("tableType", "TableType!", |_| "DATABASETABLE".into())
        .scalar("schema", "String", |table| table.0.shown(Some("PUBLIC".to_owned())))
        .scalar("fullName", "String", |table| {
            table.0.shown(Some(format!("[PUBLIC].[{}]", table_name(&table.0))))
        })
        .scalar("projectVizportalUrlId", "String", |_| Value::Null)
        .scalar("projectName", "String", |_| Value::Null)
        .many("tags", "[Tag!]!", |_| Vec::<Tag>::new())
        .one_as("database", "Database", "DatabaseServer", |table| DatabaseServer(Arc::clone(&table.0.site)))
        .object
}

fn custom_sql_table() -> Object {
    any_table::<CustomSql>("CustomSQLTable", |sql| AnyTable::Custom(sql.clone()))
        .scalar("id", "ID!", |sql| AnyTable::Custom(sql.clone()).id().into())
        .scalar("name", "String", |sql| sql.0.shown(Some("Custom SQL Query".to_owned())))
        .scalar("query", "String", |sql| {
            let query = format!("SELECT AMOUNT FROM WAREHOUSE.PUBLIC.\"{}\"", table_name(&sql.0));
            sql.0.shown(Some(query))
        })
        .scalar("isUnsupportedCustomSql", "Boolean", |_| false.into())
        .many("tables", "[DatabaseTable!]!", |sql| vec![Table(Arc::clone(&sql.0))])
        .one_as("database", "Database", "DatabaseServer", |sql| DatabaseServer(Arc::clone(&sql.0.site)))
        .object
}

fn database_server() -> Object {
    // Who may see nothing of a table may still know the warehouse of the site.
    Type::<DatabaseServer>::new("DatabaseServer")
        .implements("Database")
        .scalar("id", "ID!", |server| server.id().into())
        .scalar("vizportalId", "String!", |_| "1".into())
        .scalar("luid", "String!", |server| below(&server.0.luid, "db").into())
        .scalar("name", "String", |_| "WAREHOUSE".into())
        .scalar("connectionType", "String", |_| "snowflake".into())
        .scalar("extendedConnectionType", "String", |_| "snowflake".into())
        .scalar("isEmbedded", "Boolean", |_| true.into())
        .scalar("projectVizportalUrlId", "String", |_| Value::Null)
        .scalar("projectName", "String", |_| Value::Null)
        .scalar("hostName", "String", |_| "warehouse.example.com".into())
        .object
}
