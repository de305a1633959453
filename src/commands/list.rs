//! `tabmap list`: the map as a table, CSV or JSON.

use clap::Args;
use serde::Serialize;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::with_store;
use crate::config::Config;
use crate::mapping::Row;
use crate::report::table::{Column, Fit, TableFormat, TableOptions, print_csv, print_table};
use crate::report::{self, FORMAT_VERSION, ResourceReport};
use crate::resource::{ResourceKind, SiteName};
use crate::store::Store;
use crate::store::columns::MAP;

/// Print the map
#[derive(Debug, Args)]
pub struct List {
    /// Only workbooks, or only data sources
    #[arg(long, value_enum)]
    kind: Option<ResourceKind>,
    #[command(flatten)]
    options: TableOptions,
}

const COLUMNS: [Column; 6] = [
    Column { title: "SITE", fit: Fit::Dropped(2) },
    Column { title: "KIND", fit: Fit::Dropped(3) },
    Column { title: "LUID", fit: Fit::Whole },
    Column { title: "URL NUMBER", fit: Fit::Dropped(1) },
    Column { title: "PROJECT", fit: Fit::Shortened },
    Column { title: "NAME", fit: Fit::Shortened },
];

#[derive(Debug, Serialize)]
struct Document {
    format_version: u32,
    resources: Vec<DocumentRow>,
}

#[derive(Debug, Serialize)]
struct DocumentRow {
    #[serde(flatten)]
    resource: ResourceReport,
    first_seen_at: Option<jiff::Timestamp>,
    changed_at: Option<jiff::Timestamp>,
}

impl List {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        self.options.check()?;
        let mut rows = with_store(config, None, async |store| rows(store, &config.sites).await).await?;
        rows.retain(|row| self.kind.is_none_or(|kind| row.resource.key.kind == kind));
        rows.sort_by(|a, b| a.resource.cmp(&b.resource));
        match self.options.format {
            TableFormat::Table => print_table(&COLUMNS, rows.iter().map(cells).collect(), self.options)?,
            TableFormat::Csv => {
                print_csv(MAP.iter().map(|column| column.name), rows.iter().map(texts), self.options)?;
            }
            TableFormat::Json => {
                let resources = rows.iter().map(|row| DocumentRow {
                    resource: ResourceReport::of(&row.resource),
                    first_seen_at: row.first_seen_at,
                    changed_at: row.changed_at,
                });
                let resources = resources.collect();
                report::print_json(&Document { format_version: FORMAT_VERSION, resources })?;
            }
        }
        Ok(Exit::Done)
    }
}

/// The rows of the sites that are asked for, of all sites where none is.
async fn rows(store: &dyn Store, wanted: &[SiteName]) -> Result<Vec<Row>, CommandError> {
    let mut rows = Vec::new();
    for site in store.sites().await? {
        if site.is_among(wanted) {
            rows.extend(store.load(&site).await?.rows);
        }
    }
    for site in wanted {
        if !rows.iter().any(|row| row.resource.key.site.is_same_site(site)) {
            tracing::warn!("the map has no rows of site `{site}`");
        }
    }
    Ok(rows)
}

fn cells(row: &Row) -> Vec<String> {
    let resource = &row.resource;
    vec![
        resource.key.site.to_string(),
        resource.key.kind.to_string(),
        resource.luid.to_string(),
        resource.details.vizportal_url_id.clone().unwrap_or_default(),
        resource.key.project.to_string(),
        resource.key.name.clone(),
    ]
}

/// The columns of the table, in their order.
fn texts(row: &Row) -> Vec<String> {
    MAP.iter().map(|column| column.text(row).unwrap_or_default().into_owned()).collect()
}
