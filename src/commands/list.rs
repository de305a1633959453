//! `tabmap list`: the map as a table, CSV or JSON.

use clap::Args;
use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;
use serde::Serialize;

use super::error::CommandError;
use super::exit::Exit;
use super::in_store::{refuse_unknown_site, with_store};
use super::since::parse_since;
use crate::browser_url::page_of;
use crate::config::Config;
use crate::mapping::Row;
use crate::report::table::{Column, Fit, TableFormat, TableOptions, print_csv, print_table};
use crate::report::{self, FORMAT_VERSION, ResourceReport};
use crate::resolve::LoadedMap;
use crate::resource::ResourceKind;
use crate::resource::matching::{Project, nfc};
use crate::store::columns::MAP;

/// Print the map
#[derive(Debug, Args)]
pub struct List {
    /// Only workbooks, or only data sources
    #[arg(long, value_enum)]
    kind: Option<ResourceKind>,
    /// Only the resources in a project, as `resolve` takes it: its name, or enough of its path to tell it apart
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// Only names that match, such as `'Weekly *'`: `*` stands for any text, `?` for one letter; case matters
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    name: Option<GlobMatcher>,
    /// Only rows that changed since then: how long ago (`1d`, `90m`), a date (`2026-11-18`) or a time, both in UTC
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    changed_since: Option<Timestamp>,
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
    first_seen_at: Option<Timestamp>,
    changed_at: Option<Timestamp>,
}

impl List {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        self.options.check()?;
        let rows = with_store(config, None, async |store| {
            refuse_unknown_site(config, store).await?;
            Ok(LoadedMap::load(store, &config.sites).await?.into_rows())
        });
        let mut rows = rows.await?;
        self.filter(&mut rows);
        rows.sort_by(|a, b| a.resource.cmp(&b.resource));
        match self.options.format {
            TableFormat::Table => {
                let server = config.server().ok();
                let page = |row: &Row| server.and_then(|server| page_of(&server.join("/"), &row.resource));
                let pages: Vec<_> = rows.iter().map(page).collect();
                print_table(&COLUMNS, rows.iter().map(cells).collect(), &pages, self.options)?;
            }
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

    /// Keeps the rows that are asked for.
    fn filter(&self, rows: &mut Vec<Row>) {
        let project = self.project.clone().map(Project::Tail);
        rows.retain(|Row { resource, changed_at, .. }| {
            self.kind.is_none_or(|kind| resource.key.kind == kind)
                && project.as_ref().is_none_or(|project| project.fits(&resource.key.project))
                && self.name.as_ref().is_none_or(|name| name.is_match(nfc(&resource.key.name)))
                && self.changed_since.is_none_or(|since| changed_at.is_some_and(|at| at >= since))
        });
    }
}

/// A pattern for names, in the form by which names are compared.
fn glob(text: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(&nfc(text)).literal_separator(false).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
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
