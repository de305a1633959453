//! The lists of the Metadata API: what each is called, and what it can be filtered and sorted by.

use std::sync::Arc;

use async_graphql::dynamic::{Object, SchemaBuilder};

use super::below::{DatabaseServer, WorkbookView};
use super::columns::Nothing;
use super::connection::{Collection, Facet, add_to};
use super::lineage::{AnyTable, Column, CustomSql, Embedded, Source, SourceField, Table, all};
use super::nodes::Exactly;
use super::schema::register;
use super::types::{Resource, Site};
use crate::index::Rows;

const RESOURCE_FACETS: [Facet<Resource>; 7] = [
    Facet { name: "id", type_name: "ID", get: |row| row.metadata_id.as_str().into() },
    Facet { name: "luid", type_name: "String", get: |row| row.luid.as_str().into() },
    Facet { name: "name", type_name: "String", get: |row| row.shown(Some(row.name.clone())) },
    Facet { name: "vizportalUrlId", type_name: "String", get: |row| row.number.to_string().into() },
    Facet { name: "projectName", type_name: "String", get: |row| row.shown_project(|it| it.name.clone()) },
    Facet { name: "containerName", type_name: "String", get: |row| row.shown(Some(row.container_name())) },
    Facet { name: "containsUnsupportedCustomSql", type_name: "Boolean", get: |_| false.into() },
];

const fn facet(at: usize) -> Facet<Resource> {
    Facet {
        name: RESOURCE_FACETS[at].name,
        type_name: RESOURCE_FACETS[at].type_name,
        get: RESOURCE_FACETS[at].get,
    }
}

pub(super) fn workbooks() -> &'static Collection<Resource> {
    &Collection {
        type_name: "Workbook",
        list_field: "workbooks",
        connection_field: "workbooksConnection",
        connection_type: "WorkbooksConnection",
        filter_type: "Workbook_Filter",
        order_type: "WorkbookSortOrder",
        order_field_type: "WorkbookOrderField",
        facets: const {
            &[
                facet(0),
                facet(1),
                facet(2),
                facet(3),
                facet(4),
                facet(5),
                facet(6),
                Facet {
                    name: "projectLuid",
                    type_name: "String",
                    get: |row| row.shown_project(|it| it.luid.clone()),
                },
            ]
        },
        orders: &[
            ("DASHBOARDS_COUNT", |_| 1.into()),
            ("EMBEDDED_DATASOURCES_COUNT", |_| 1.into()),
            ("OWNER_COUNT", |_| 1.into()),
            ("SHEETS_COUNT", |_| 1.into()),
            ("VIEWS_COUNT", |_| 2.into()),
            ("CONTAINER_NAME", |row| row.shown(Some(row.container_name()))),
            ("CONTAINS_UNSUPPORTED_CUSTOM_SQL", |_| false.into()),
            ("ID", |row| row.metadata_id.as_str().into()),
            ("LUID", |row| row.luid.as_str().into()),
            ("NAME", |row| row.shown(Some(row.name.clone()))),
            ("PROJECT_LUID", |row| row.shown_project(|project| project.luid.clone())),
            ("PROJECT_NAME", |row| row.shown_project(|project| project.name.clone())),
            ("VIZPORTAL_URL_ID", |row| row.number.to_string().into()),
        ],
        rows: |view| in_order(&view.index.workbooks),
        id: |row| row.metadata_id.clone(),
        is_obfuscated: |row| row.is_obfuscated(),
    }
}

pub(super) fn datasources() -> &'static Collection<Resource> {
    &Collection {
        type_name: "PublishedDatasource",
        list_field: "publishedDatasources",
        connection_field: "publishedDatasourcesConnection",
        connection_type: "PublishedDatasourcesConnection",
        filter_type: "PublishedDatasource_Filter",
        order_type: "PublishedDatasourceSortOrder",
        order_field_type: "PublishedDatasourceOrderField",
        facets: const {
            &[
                facet(0),
                facet(1),
                facet(2),
                facet(3),
                facet(4),
                facet(5),
                facet(6),
                Facet { name: "isCertified", type_name: "Boolean", get: |_| false.into() },
                Facet { name: "hasActiveWarning", type_name: "Boolean", get: |_| false.into() },
            ]
        },
        orders: &[
            ("DOWNSTREAM_OWNERS_COUNT", |_| 0.into()),
            ("DOWNSTREAM_SHEETS_COUNT", |_| 0.into()),
            ("DOWNSTREAM_WORKBOOKS_COUNT", |_| 0.into()),
            ("FIELDS_COUNT", |_| 0.into()),
            ("OWNER_COUNT", |_| 1.into()),
            ("CONTAINER_NAME", |row| row.shown(Some(row.container_name()))),
            ("CONTAINS_UNSUPPORTED_CUSTOM_SQL", |_| false.into()),
            ("HAS_ACTIVE_WARNING", |_| false.into()),
            ("ID", |row| row.metadata_id.as_str().into()),
            ("IS_CERTIFIED", |_| false.into()),
            ("LUID", |row| row.luid.as_str().into()),
            ("NAME", |row| row.shown(Some(row.name.clone()))),
            ("PROJECT_NAME", |row| row.shown_project(|project| project.name.clone())),
            ("VIZPORTAL_URL_ID", |row| row.number.to_string().into()),
        ],
        rows: |view| in_order(&view.index.datasources),
        id: |row| row.metadata_id.clone(),
        is_obfuscated: |row| row.is_obfuscated(),
    }
}

pub(super) fn sites() -> &'static Collection<Site> {
    &Collection {
        type_name: "TableauSite",
        list_field: "tableauSites",
        connection_field: "tableauSitesConnection",
        connection_type: "TableauSitesConnection",
        filter_type: "TableauSite_Filter",
        order_type: "TableauSiteSortOrder",
        order_field_type: "TableauSiteOrderField",
        facets: &[
            Facet { name: "id", type_name: "ID", get: |site| site.metadata_id.as_str().into() },
            Facet { name: "luid", type_name: "String", get: |site| site.luid.as_str().into() },
            Facet { name: "name", type_name: "String", get: |site| site.name.as_str().into() },
        ],
        orders: &[
            ("ID", |site| site.metadata_id.as_str().into()),
            ("LUID", |site| site.luid.as_str().into()),
            ("NAME", |site| site.name.as_str().into()),
        ],
        // A session sees its own site and no other.
        rows: |view| vec![Arc::clone(&view.index.site)],
        id: |site| site.metadata_id.clone(),
        is_obfuscated: |_| false,
    }
}

fn in_order(rows: &Rows) -> Vec<Resource> {
    rows.values().cloned().collect()
}

/// A list of the lineage, which can be filtered by the id alone.
macro_rules! by_id {
    ($row:ty, $type:literal, $list:literal, $plural:literal, $rows:expr, $id:expr) => {{
        const ID: fn(&$row) -> String = $id;
        &Collection::<$row> {
            type_name: $type,
            list_field: $list,
            connection_field: concat!($list, "Connection"),
            connection_type: concat!($plural, "Connection"),
            filter_type: concat!($type, "_Filter"),
            order_type: concat!($type, "SortOrder"),
            order_field_type: concat!($type, "OrderField"),
            facets: &[Facet { name: "id", type_name: "ID", get: |row| ID(row).into() }],
            orders: &[("ID", |row| ID(row).into())],
            rows: |view| {
                let mut rows: Vec<$row> = $rows(view);
                rows.sort_by_cached_key(ID);
                rows
            },
            id: ID,
            is_obfuscated: |_| false,
        }
    }};
}

fn fields(view: &super::View, are_calculated: bool) -> Vec<Exactly> {
    let fields = all::fields(view).into_iter().filter(|field| field.is_calculated == are_calculated);
    fields.map(Exactly).collect()
}

/// Adds the lists of what the lineage is made of.
pub(super) fn add_lineage(schema: SchemaBuilder, query: Object, old: bool) -> (SchemaBuilder, Object) {
    let mut both = (schema, query);
    macro_rules! add {
        ($($list:tt)*) => {{
            let collection = by_id!($($list)*);
            both = (register(both.0, collection, old), add_to(both.1, collection, old));
        }};
    }
    add!(WorkbookView, "Sheet", "sheets", "Sheets", all::sheets, WorkbookView::id);
    add!(WorkbookView, "Dashboard", "dashboards", "Dashboards", all::dashboards, WorkbookView::id);
    add!(
        Embedded,
        "EmbeddedDatasource",
        "embeddedDatasources",
        "EmbeddedDatasources",
        all::embedded,
        Embedded::id
    );
    add!(Source, "Datasource", "datasources", "Datasources", all::sources, Source::id);
    add!(Table, "DatabaseTable", "databaseTables", "DatabaseTables", all::database_tables, |table| {
        AnyTable::Database(table.clone()).id()
    });
    add!(CustomSql, "CustomSQLTable", "customSQLTables", "CustomSQLTables", all::custom_sql, |sql| {
        AnyTable::Custom(sql.clone()).id()
    });
    add!(AnyTable, "Table", "tables", "Tables", all::tables, AnyTable::id);
    add!(
        DatabaseServer,
        "DatabaseServer",
        "databaseServers",
        "DatabaseServers",
        |view: &super::View| vec![DatabaseServer(Arc::clone(&view.index.site))],
        DatabaseServer::id
    );
    add!(Column, "Column", "columns", "Columns", all::columns, Column::id);
    add!(SourceField, "Field", "fields", "Fields", all::fields, SourceField::id);
    add!(Exactly, "ColumnField", "columnFields", "ColumnFields", |view| fields(view, false), |it| it.0.id());
    add!(
        Exactly,
        "CalculatedField",
        "calculatedFields",
        "CalculatedFields",
        |view| fields(view, true),
        |it| it.0.id()
    );
    add!(Nothing, "GroupField", "groupFields", "GroupFields", |_| Vec::new(), |_| String::new());
    add!(Nothing, "BinField", "binFields", "BinFields", |_| Vec::new(), |_| String::new());
    both
}
