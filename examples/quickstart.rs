//! The main job from end to end, with nothing to configure: `cargo run --locked --example quickstart`.
//!
//! Starts a Tableau server that is simulated, keeps the map of one site in a SQLite file, and shows what
//! happens to the map when a workbook is published again.

use std::error::Error;

use secrecy::SecretString;
use tableau_simulator::{Content, Generate, Kind, Options, Simulator};
use tabmap::diff::Change;
use tabmap::plan::Limits;
use tabmap::resource::{Luid, SiteName};
use tabmap::source::metadata::MetadataSource;
use tabmap::store::sqlite::SqliteStore;
use tabmap::store::{ChangeFilter, Store};
use tabmap::sync::{Mode, Sync, Synced};
use tabmap::tableau::Credentials;
use tabmap::tableau::Tableau;

const PROJECT: &str = "default";
const WORKBOOK: &str = "Weekly Sales";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    say("1. A Tableau server with one site (simulated, on this machine)");
    let content = Content::generate(&Generate {
        sites: 1,
        projects: 4,
        workbooks: 3,
        datasources: 2,
        ..Generate::default()
    });
    let tableau = Simulator::start(Options { content, ..Options::default() })?;
    let luid = tableau.publish("MySite", Kind::Workbook, &[PROJECT], WORKBOOK);
    say(&format!("   {}, where somebody published the workbook `{WORKBOOK}`", tableau.url()));

    let folder = tempfile::tempdir()?;
    let store = SqliteStore::new(&folder.path().join("tabmap.db"));
    store.migrate().await?;
    let (name, secret) = tableau.pat();
    let credentials =
        Credentials::PersonalAccessToken { name: name.to_owned(), secret: SecretString::from(secret) };
    let source = MetadataSource::new(Tableau::new(tableau.url().parse()?, credentials, None)?);
    let sync = Sync {
        source: &source,
        store: &store,
        limits: Limits::default(),
        mode: Mode::Changes,
        is_live: true,
    };
    let site: SiteName = "MySite".parse()?;

    say("\n2. The first sync fills the map");
    show(&sync.site(&site).await?);
    let mut rows = store.load(&site).await?.rows;
    rows.sort_by(|a, b| a.resource.cmp(&b.resource));
    for row in &rows {
        let resource = &row.resource;
        say(&format!(
            "   {:<10} {}  {}::{}",
            resource.key.kind, resource.luid, resource.key.project, resource.key.name
        ));
    }

    say(&format!("\n3. Somebody deletes `{WORKBOOK}` and publishes it again: same name, another LUID"));
    let republished = tableau.republish("MySite", Kind::Workbook, &luid);
    say(&format!("   a script that remembers {luid} would fail now"));

    say("\n4. The next sync notices");
    show(&sync.site(&site).await?);
    say(&format!("   `{WORKBOOK}` resolves to {}", resolve(&store, &site).await?));
    assert_eq!(resolve(&store, &site).await?, republished, "the map has the current LUID");
    let old = Luid::new(&luid).ok_or("a LUID is never empty")?;
    for change in store.changes(&ChangeFilter::of_luid(&old)).await? {
        let after = change.after.as_ref().map_or("nothing", |side| side.luid.as_str());
        say(&format!("   the old LUID in the change log: {} -> {after}", change.change));
    }

    say("\n5. One more sync: nothing changed, so no row of the map is written");
    let synced = sync.site(&site).await?;
    show(&synced);
    assert_eq!(synced.rows_written, 0, "an unchanged site costs no write");
    Ok(())
}

/// What refresh callers do: the LUID by site, kind, project and name.
async fn resolve(store: &SqliteStore, site: &SiteName) -> Result<String, Box<dyn Error>> {
    let rows = store.load(site).await?.rows;
    let row = rows
        .iter()
        .find(|row| row.resource.key.name == WORKBOOK && row.resource.key.project.leaf() == PROJECT);
    Ok(row.ok_or("the map lost the workbook")?.resource.luid.to_string())
}

fn show(synced: &Synced) {
    for change in &synced.changes.changes {
        if let Change::Replaced { old, new } = change {
            say(&format!("   replaced: {} -> {}", old.luid, new.luid));
        }
    }
    let counts = synced.changes.counts();
    say(&format!(
        "   {} added, {} replaced, {} moved, {} removed; {} rows written",
        counts.added, counts.replaced, counts.moved, counts.removed, synced.rows_written
    ));
}

#[expect(clippy::print_stdout, reason = "an example speaks to a person")]
fn say(line: &str) {
    println!("{line}");
}
