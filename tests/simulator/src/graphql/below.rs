//! What hangs below workbooks and data sources: sheets, dashboards, embedded data sources, tables.
//!
//! Made up on the spot, one of each, from the resource above: clients ask for them, nothing depends on them.

use std::sync::Arc;

use async_graphql::Value;
use async_graphql::dynamic::{Interface, Object};

use super::schema::{Type, interface};
use super::types::{Resource, extract_time};

/// A sheet or dashboard.
pub(super) struct WorkbookView {
    workbook: Resource,
    tag: &'static str,
    title: &'static str,
}

pub(super) struct EmbeddedDatasource(pub(super) Resource);
pub(super) struct Table(pub(super) Resource);
pub(super) struct Tag;
struct DatabaseServer(Resource);

impl WorkbookView {
    pub(super) fn sheet(workbook: &Resource) -> Self {
        Self { workbook: Arc::clone(workbook), tag: "51", title: "Sheet 1" }
    }

    pub(super) fn dashboard(workbook: &Resource) -> Self {
        Self { workbook: Arc::clone(workbook), tag: "da", title: "Dashboard 1" }
    }
}

/// An id or LUID for something below a resource: `tag` replaces the first two digits of the resource's own.
fn below(id: &str, tag: &str) -> Value {
    id.get(2..).map_or_else(String::new, |rest| format!("{tag}{rest}")).into()
}

pub(super) fn interfaces() -> Vec<Interface> {
    const NAMED: &[(&str, &str)] = &[("id", "ID!"), ("name", "String"), ("luid", "String!")];
    const DATED: &[(&str, &str)] = &[("createdAt", "DateTime!"), ("updatedAt", "DateTime!")];
    let named = |name: &str, more: &[(&str, &str)]| interface(name, &[NAMED, more].concat());
    vec![
        named("Taggable", &[("tags", "[Tag!]!")]),
        named("Warnable", &[("hasActiveWarning", "Boolean!")]),
        named("Certifiable", &[("isCertified", "Boolean!")]),
        named("CanHaveLabels", &[]),
        named(
            "View",
            &[
                DATED,
                &[
                    ("documentViewId", "String"),
                    ("path", "String"),
                    ("index", "Int"),
                    ("tags", "[Tag!]!"),
                    ("workbook", "Workbook"),
                ],
            ]
            .concat(),
        ),
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
            ],
        ),
        interface(
            "Table",
            &[("id", "ID!"), ("name", "String"), ("isEmbedded", "Boolean"), ("description", "String")],
        ),
        named(
            "Database",
            &[
                ("vizportalId", "String!"),
                ("connectionType", "String"),
                ("isEmbedded", "Boolean"),
                ("projectVizportalUrlId", "String"),
                ("projectName", "String"),
            ],
        ),
    ]
}

pub(super) fn objects() -> Vec<Object> {
    vec![
        embedded_datasource(),
        workbook_view("Sheet")
            .many("parentEmbeddedDatasources", "[EmbeddedDatasource!]!", |view| {
                vec![EmbeddedDatasource(Arc::clone(&view.workbook))]
            })
            .many("containedInDashboards", "[Dashboard]", |view| {
                vec![WorkbookView::dashboard(&view.workbook)]
            })
            .object,
        workbook_view("Dashboard")
            .many("sheets", "[Sheet!]!", |view| vec![WorkbookView::sheet(&view.workbook)])
            .object,
        database_table(),
        database_server(),
        Type::<Tag>::new("Tag")
            .scalar("id", "ID!", |_| "".into())
            .scalar("name", "String", |_| Value::Null)
            .object,
    ]
}

fn workbook_view(name: &str) -> Type<WorkbookView> {
    Type::<WorkbookView>::new(name)
        .implements("View")
        .implements("Taggable")
        .scalar("id", "ID!", |view| below(&view.workbook.metadata_id, view.tag))
        .scalar("name", "String", |view| view.workbook.shown(Some(view.title.to_owned())))
        .scalar("documentViewId", "String", |view| below(&view.workbook.metadata_id, view.tag))
        .scalar("luid", "String!", |view| below(&view.workbook.luid, view.tag))
        .scalar("path", "String", |view| {
            view.workbook.shown(Some(format!("{}/{}", view.workbook.number, view.title.replace(' ', ""))))
        })
        .scalar("createdAt", "DateTime!", |view| view.workbook.created_at.as_str().into())
        .scalar("updatedAt", "DateTime!", |view| view.workbook.updated_at.as_str().into())
        .scalar("index", "Int", |_| 0.into())
        .many("tags", "[Tag!]!", |_| Vec::<Tag>::new())
        .one("workbook", "Workbook", |view| Some(Arc::clone(&view.workbook)))
}

fn embedded_datasource() -> Object {
    Type::<EmbeddedDatasource>::new("EmbeddedDatasource")
        .implements("Datasource")
        .scalar("id", "ID!", |it| below(&it.0.metadata_id, "ed"))
        .scalar("name", "String", |it| it.0.shown(Some(format!("{} (data)", it.0.name))))
        .scalar("hasUserReference", "Boolean", |_| false.into())
        .scalar("hasExtracts", "Boolean", |it| it.0.has_extract.into())
        .scalar("containsUnsupportedCustomSql", "Boolean", |_| false.into())
        .scalar("extractLastRefreshTime", "DateTime", |it| extract_time(&it.0))
        .scalar("extractLastIncrementalUpdateTime", "DateTime", |_| Value::Null)
        .scalar("extractLastUpdateTime", "DateTime", |it| extract_time(&it.0))
        .scalar("createdAt", "DateTime", |it| it.0.created_at.as_str().into())
        .scalar("updatedAt", "DateTime", |it| it.0.updated_at.as_str().into())
        .many("parentPublishedDatasources", "[PublishedDatasource!]!", |_| Vec::<Resource>::new())
        .many("upstreamTables", "[DatabaseTable]", |it| vec![Table(Arc::clone(&it.0))])
        .one("workbook", "Workbook", |it| Some(Arc::clone(&it.0)))
        .object
}

fn database_table() -> Object {
    Type::<Table>::new("DatabaseTable")
        .implements("Table")
        .implements("Taggable")
        .scalar("id", "ID!", |table| below(&table.0.metadata_id, "7a"))
        .scalar("vizportalId", "String!", |table| table.0.number.to_string().into())
        .scalar("luid", "String!", |table| below(&table.0.luid, "7a"))
        .scalar("name", "String", |table| table.0.shown(Some("ORDERS".to_owned())))
        .scalar("isEmbedded", "Boolean", |_| true.into())
        .scalar("tableType", "TableType!", |_| "DATABASETABLE".into())
        .scalar("schema", "String", |table| table.0.shown(Some("PUBLIC".to_owned())))
        .scalar("fullName", "String", |table| table.0.shown(Some("[PUBLIC].[ORDERS]".to_owned())))
        .scalar("connectionType", "String", |_| "snowflake".into())
        .scalar("projectVizportalUrlId", "String", |_| Value::Null)
        .scalar("projectName", "String", |_| Value::Null)
        .scalar("description", "String", |_| "".into())
        .many("tags", "[Tag!]!", |_| Vec::<Tag>::new())
        .one_as("database", "Database", "DatabaseServer", |table| DatabaseServer(Arc::clone(&table.0)))
        .object
}

fn database_server() -> Object {
    Type::<DatabaseServer>::new("DatabaseServer")
        .implements("Database")
        .scalar("id", "ID!", |server| below(&server.0.site.metadata_id, "db"))
        .scalar("vizportalId", "String!", |_| "1".into())
        .scalar("luid", "String!", |server| below(&server.0.site.luid, "db"))
        .scalar("name", "String", |server| server.0.shown(Some("WAREHOUSE".to_owned())))
        .scalar("connectionType", "String", |_| "snowflake".into())
        .scalar("isEmbedded", "Boolean", |_| true.into())
        .scalar("projectVizportalUrlId", "String", |_| Value::Null)
        .scalar("projectName", "String", |_| Value::Null)
        .scalar("hostName", "String", |_| "warehouse.example.com".into())
        .object
}
