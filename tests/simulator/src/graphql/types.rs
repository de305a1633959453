//! What the fields of sites, users, workbooks and data sources answer.

use std::sync::Arc;

use async_graphql::Value;
use async_graphql::dynamic::Object;

use super::below::{Tag, WorkbookView, with_lineage};
use super::collections::{datasources, workbooks};
use super::connection::add_to;
use super::lineage::{Source, embedded, upstream};
use super::schema::{Type, text_or_null};
use crate::index::{ProjectRow, Row, SiteRow};
use crate::world::{User, Visibility};

/// A workbook or data source.
pub(super) type Resource = Arc<Row>;
pub(super) type Site = Arc<SiteRow>;

/// The user who owns everything on a site.
struct Owner(Site);

impl Row {
    pub(super) fn is_obfuscated(&self) -> bool {
        self.visibility != Visibility::Full
    }

    /// What only those may know who see the resource.
    pub(super) fn shown(&self, value: Option<String>) -> Value {
        value.filter(|_| !self.is_obfuscated()).map_or(Value::Null, Value::from)
    }

    pub(super) fn shown_project(&self, get: impl FnOnce(&ProjectRow) -> String) -> Value {
        self.shown(self.project.as_ref().map(get))
    }

    fn container_type(&self) -> &'static str {
        if self.project.is_some() { "project" } else { "personal space" }
    }

    pub(super) fn container_name(&self) -> String {
        self.project.as_ref().map_or_else(|| "Personal Space".to_owned(), |project| project.name.clone())
    }

    fn uri(&self) -> String {
        format!("sites/{}/{}/{}", self.site.number, self.kind.plural(), self.number)
    }
}

pub(super) fn objects(old: bool) -> Vec<Object> {
    vec![tableau_site(old), tableau_user(), workbook(old), published_datasource()]
}

fn tableau_site(old: bool) -> Object {
    let site = Type::<Site>::new("TableauSite")
        .scalar("id", "ID!", |site| site.metadata_id.as_str().into())
        .scalar("uri", "String!", |site| format!("sites/{}", site.number).into())
        .scalar("luid", "String!", |site| site.luid.as_str().into())
        .scalar("name", "String!", |site| site.name.as_str().into())
        .scalar("createdAt", "DateTime", |site| site.created_at.as_str().into());
    add_to(add_to(site.object, workbooks(), old), datasources(), old)
}

fn tableau_user() -> Object {
    fn user(owner: &Owner) -> &User {
        &owner.0.user
    }
    Type::<Owner>::new("TableauUser")
        .scalar("id", "ID!", |owner| user(owner).metadata_id.as_str().into())
        .scalar("uri", "String!", |owner| {
            format!("sites/{}/users/{}", owner.0.number, user(owner).number).into()
        })
        .scalar("vizportalId", "String!", |owner| user(owner).number.to_string().into())
        .scalar("luid", "String!", |owner| user(owner).luid.as_str().into())
        .scalar("username", "String", |owner| user(owner).name.as_str().into())
        .scalar("name", "String", |owner| user(owner).name.as_str().into())
        .scalar("domain", "String", |_| User::DOMAIN.into())
        .scalar("email", "String", |_| Value::Null)
        .object
}

/// What workbooks and data sources have in common.
fn resource(name: &str) -> Type<Resource> {
    Type::<Resource>::new(name)
        .implements("Taggable")
        .scalar("id", "ID!", |row| row.metadata_id.as_str().into())
        .scalar("name", "String", |row| row.shown(Some(row.name.clone())))
        .scalar("luid", "String!", |row| row.luid.as_str().into())
        .scalar("containsUnsupportedCustomSql", "Boolean", |_| false.into())
        .one("site", "TableauSite!", |row| Some(Arc::clone(&row.site)))
        .scalar("projectVizportalUrlId", "String", |row| {
            row.shown_project(|project| project.number.to_string())
        })
        .scalar("projectName", "String", |row| row.shown_project(|project| project.name.clone()))
        .scalar("containerType", "String!", |row| row.container_type().into())
        .scalar("containerName", "String", |row| row.shown(Some(row.container_name())))
        .one("owner", "TableauUser!", |row| Some(Owner(Arc::clone(&row.site))))
        .many("tags", "[Tag!]!", |_| Vec::<Tag>::new())
        .scalar("description", "String", |_| "".into())
        .scalar("uri", "String", |row| row.shown(Some(row.uri())))
        .scalar("vizportalUrlId", "String!", |row| row.number.to_string().into())
}

fn workbook(old: bool) -> Object {
    let workbook = resource("Workbook")
        .scalar("createdAt", "DateTime!", |row| row.created_at.as_str().into())
        .scalar("updatedAt", "DateTime!", |row| row.updated_at.as_str().into())
        .many("sheets", "[Sheet!]!", |row| vec![WorkbookView::sheet(row)])
        .many("dashboards", "[Dashboard!]!", |row| vec![WorkbookView::dashboard(row)])
        .many_as("views", "[View!]!", |row| {
            [WorkbookView::sheet(row), WorkbookView::dashboard(row)]
                .map(|view| (view.type_name(), view))
                .into()
        })
        .nodes("embeddedDatasources", "[EmbeddedDatasource!]!", embedded)
        .nodes("upstreamDatasources", "[PublishedDatasource!]!", upstream)
        .nodes("upstreamTables", "[DatabaseTable!]!", |view, row| {
            embedded(view, row).into_iter().map(|it| Source::Embedded(it).table()).collect()
        });
    if old {
        return workbook.object;
    }
    workbook.scalar("projectLuid", "String", |row| row.shown_project(|project| project.luid.clone())).object
}

fn published_datasource() -> Object {
    const REASON: &str = "No longer supported. Use 'dataQualityCertifications'";
    let object = resource("PublishedDatasource")
        .implements("Datasource")
        .implements("Warnable")
        .implements("Certifiable")
        .implements("CanHaveLabels")
        .scalar("hasUserReference", "Boolean", |_| false.into())
        .scalar("hasExtracts", "Boolean", |row| row.has_extract.into())
        .scalar("extractLastRefreshTime", "DateTime", |row| extract_time(row))
        .scalar("extractLastIncrementalUpdateTime", "DateTime", |_| Value::Null)
        .scalar("extractLastUpdateTime", "DateTime", |row| extract_time(row))
        .scalar("isCertified", "Boolean!", |_| false.into())
        .scalar("hasActiveWarning", "Boolean!", |_| false.into())
        .deprecated("certifier", "TableauUser", REASON)
        .deprecated("certificationNote", "String", REASON)
        .deprecated("certifierDisplayName", "String", REASON)
        .scalar("vizportalId", "String!", |row| row.number.to_string().into())
        .scalar("createdAt", "DateTime", |row| row.created_at.as_str().into())
        .scalar("updatedAt", "DateTime", |row| row.updated_at.as_str().into());
    with_lineage(object, |row| Source::Published(Arc::clone(row))).object
}

pub(super) fn extract_time(row: &Row) -> Value {
    text_or_null(row.has_extract.then_some(row.refreshed_at.as_str()))
}
