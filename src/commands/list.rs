//! `tabmap list`: the map as a table, CSV or JSON.

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::with_store;
use crate::config::Config;
use crate::mapping::Row;
use crate::report::{self, FORMAT_VERSION, ResourceReport};
use crate::resource::{ResourceKind, SiteName};
use crate::store::Store;
use crate::store::columns::MAP;
use crate::text::on_one_line;

/// Print the map
#[derive(Debug, Args)]
pub struct List {
    /// Only workbooks, or only data sources
    #[arg(long, value_enum)]
    kind: Option<ResourceKind>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: ListFormat,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ListFormat {
    /// For people.
    #[default]
    Table,
    /// With the column names of the table; names byte for byte.
    Csv,
    /// A document with a `format_version`.
    Json,
}

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
        let mut rows = with_store(config, None, async |store| rows(store, &config.sites).await).await?;
        rows.retain(|row| self.kind.is_none_or(|kind| row.resource.key.kind == kind));
        rows.sort_by(|a, b| a.resource.cmp(&b.resource));
        match self.format {
            ListFormat::Table => report::print(&table(&rows))?,
            ListFormat::Csv => report::print(&csv(&rows)?)?,
            ListFormat::Json => {
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

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["SITE", "KIND", "LUID", "URL NUMBER", "PROJECT", "NAME"]);
    for row in rows {
        let resource = &row.resource;
        table.add_row([
            resource.key.site.to_string(),
            resource.key.kind.to_string(),
            on_one_line(resource.luid.as_str()),
            on_one_line(resource.details.vizportal_url_id.as_deref().unwrap_or_default()),
            on_one_line(&resource.key.project.to_string()),
            on_one_line(&resource.key.name),
        ]);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
    lines.join("\n") + "\n"
}

fn csv(rows: &[Row]) -> Result<String, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(MAP.iter().map(|column| column.name))?;
    for row in rows {
        let values = MAP.iter().map(|column| column.text(row).unwrap_or_default().into_owned());
        writer.write_record(values)?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    String::from_utf8(bytes).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
}
