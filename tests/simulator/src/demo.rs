//! A demo for people: a small company on a server, and the folder of somebody who relies on what it holds.
//!
//! The company does what makes a map necessary: as soon as its site has been read once, somebody republishes a workbook.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::change::Change;
use crate::content::Content;
use crate::faults::{Effect, Endpoint, Fault};
use crate::jobs::{JobPlan, Outcome};
use crate::options::{Options, Token};
use crate::simulator::Simulator;
use crate::world::{Item, Kind};

const SITE: &str = "MySite";
const REPUBLISHED: &str = "Weekly Sales";

const COMPANY: &str = r#"{
  "seed": 2026,
  "sites": [{
    "content_url": "MySite",
    "projects": [["default"], ["Finance"], ["Finance", "EMEA"], ["Marketing"], ["Operations"]],
    "workbooks": [
      { "name": "Weekly Sales", "project": ["Finance"] },
      { "name": "Budget", "project": ["Finance"] },
      { "name": "Pipeline", "project": ["Finance", "EMEA"] },
      { "name": "Campaigns", "project": ["Marketing"] },
      { "name": "Deliveries", "project": ["Operations"] }
    ],
    "datasources": [
      { "name": "Ledger", "project": ["Finance"] },
      { "name": "Orders", "project": ["Operations"] },
      { "name": "Web Traffic", "project": ["Marketing"] }
    ]
  }]
}"#;

/// A running demo. Dropping it stops the server and leaves the folder.
pub struct Demo {
    simulator: Simulator,
    folder: PathBuf,
    /// The LUID that the folder's script has.
    written: String,
    is_told: bool,
}

impl Demo {
    /// What to try in front of it, in this order. The README explains each.
    pub const COMMANDS: [&str; 5] = [
        "tabmap sync",
        "tabmap check",
        "tabmap check --fix",
        "tabmap check",
        "tabmap refresh workbook 'Weekly Sales' --project Finance",
    ];

    /// Starts the server on this port of 127.0.0.1 (0: a free one) and fills `folder`, which must not exist yet.
    pub fn start(folder: &Path, port: u16) -> io::Result<Self> {
        fs::create_dir(folder).map_err(|error| {
            let folder = folder.display();
            let message = if error.kind() == io::ErrorKind::AlreadyExists {
                format!("`{folder}` exists already; remove it, or name another folder: tabmap-demo FOLDER")
            } else {
                format!("could not create the folder `{folder}`: {error}")
            };
            io::Error::new(error.kind(), message)
        })?;
        let options = Options {
            content: Content::from_json(COMPANY).map_err(io::Error::other)?,
            port,
            tokens: vec![Token { name: "demo".to_owned(), secret: "not-a-real-secret".to_owned() }],
            // Long enough to be watched.
            jobs: JobPlan {
                pending: Duration::from_millis(500),
                running: Duration::from_secs(1),
                outcome: Outcome::Success,
            },
            ..Options::default()
        };
        let simulator = Simulator::start(options)?;
        let written = luid(&simulator).ok_or_else(|| io::Error::other("the company lost its workbook"))?;
        // At the end of the first session: whoever reads the site again finds another LUID.
        let republish =
            Change::Republish { site: SITE.to_owned(), kind: Kind::Workbook, luid: written.clone() };
        simulator.arm(Fault::on(Endpoint::SignOut, Effect::Change { changes: vec![republish] }).once());
        for (name, text) in files(&written) {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(path, text)?;
        }
        Ok(Self { simulator, folder: folder.canonicalize()?, written, is_told: false })
    }

    /// The address of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        self.simulator.url()
    }

    /// What a person pastes into a shell: the environment, the folder, and the map of last night.
    #[must_use]
    pub fn lines(&self) -> String {
        let (name, secret) = self.simulator.pat();
        let folder = self.folder.display().to_string().replace('\'', r"'\''");
        let mut lines = String::new();
        let _ = writeln!(lines, "export TABLEAU_SERVER={} TABLEAU_SITE={SITE}", self.url());
        let _ = writeln!(lines, "export TABLEAU_PAT_NAME={name} TABLEAU_PAT_SECRET={secret}");
        let _ = writeln!(lines, "cd '{folder}'");
        // Without a comment behind it: an interactive zsh would take that for arguments.
        lines.push_str("tabmap backfill\n");
        lines
    }

    /// What the company has done since the last call, as a sentence.
    pub fn news(&mut self) -> Option<String> {
        let now = luid(&self.simulator).filter(|now| !self.is_told && *now != self.written)?;
        self.is_told = true;
        Some(format!(
            "Somebody republished the workbook Finance/{REPUBLISHED}: its LUID was {}, and is {now} now.",
            self.written
        ))
    }
}

fn luid(simulator: &Simulator) -> Option<String> {
    let is_it = |one: &Item| one.kind == Kind::Workbook && one.name == REPUBLISHED;
    simulator.resources(SITE).into_iter().find(is_it).map(|one| one.luid)
}

/// Two callers of one workbook. One wrote a LUID down, the other looks the name up.
fn files(luid: &str) -> [(&'static str, String); 2] {
    let script =
        format!("# Refreshes Finance/Weekly Sales when the nightly load is done.\nWORKBOOK = \"{luid}\"\n");
    let call = "-- The same by name. It needs no correction when the workbook is republished.\n\
                CALL \"EXTERNAL_ACCESS\".\"PROCEDURES\".\"API__TABLEAU__REFRESH_RESOURCE\"(RESOURCE_TYPE => 'workbook',\n    \
                RESOURCE_NAME => 'Weekly Sales', PROJECT_NAME => 'Finance', SITE_ID => 'MySite');\n";
    [("jobs/weekly_sales.py", script), ("sql/weekly_sales.sql", call.to_owned())]
}
