//! How many statements a sync sends to Snowflake, and how many bytes of SQL: by the log of the emulator.

use std::error::Error;
use std::fs;
use std::process::Command;

use tempfile::TempDir;
use test_support::emulator::Tenant;

use super::measure;
use super::tableau::{SITE, Tableau};

pub fn run() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("{:<38} {:>10} {:>12}", "Snowflake", "statements", "bytes of SQL");
    for (size, changes) in [(1_000, [0, 10, 100]), (10_000, [0, 1_000, 5_000])] {
        runtime.block_on(of(size, &changes))?;
    }
    Ok(())
}

async fn of(size: usize, changes: &[usize]) -> Result<(), Box<dyn Error>> {
    let tenant = Tenant::new().await;
    let mut tableau = Tableau::start(size)?;
    let folder = TempDir::new()?;
    fs::write(
        folder.path().join("tabmap.toml"),
        format!("[snowflake]\ndatabase = \"{}\"\n", tenant.database),
    )?;
    let (url, (name, secret)) = (tableau.url.clone(), tableau.token.clone());
    let tabmap = |word: &str| {
        let mut command = Command::new(measure::tabmap());
        command.arg(word).env_clear().envs(tenant.environment(&[])).env("TABMAP_STORE", "snowflake:test");
        command.env("TABLEAU_SERVER", &url).env("TABLEAU_SITE", SITE);
        command.env("TABLEAU_PAT_NAME", &name).env("TABLEAU_PAT_SECRET", &secret);
        measure::run(&command, 0, folder.path())
    };
    tabmap("init")?;
    tabmap("sync")?;
    for count in changes {
        if *count > 0 {
            tableau.ask(&format!("rename {count}"))?;
        }
        let before = tenant.log("statements").await.len();
        tabmap("sync")?;
        let log = tenant.log("statements").await;
        let sent: Vec<&str> = log[before..].iter().filter_map(|entry| entry["sql"].as_str()).collect();
        let bytes: usize = sent.iter().map(|sql| sql.len()).sum();
        let what = format!("{size} resources, {count} changes");
        println!("{what:<38} {:>10} {bytes:>12}", sent.len());
    }
    Ok(())
}
