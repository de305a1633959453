//! A folder, an environment and a Tableau server to run the binary with, and what it answered.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::Value;
use tableau_simulator::{Content, Generate, Item, Kind, Options, Simulator};
use tempfile::TempDir;

/// Where a person sits who runs `tabmap`.
pub struct Desk {
    /// The server that the variables name.
    pub tableau: Simulator,
    /// Where commands run; empty at first.
    pub folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// What the binary answered.
#[derive(Debug)]
pub struct Answer {
    /// All of it.
    pub stdout: String,
    /// All of it.
    pub stderr: String,
    /// The exit code.
    pub exit: i32,
}

impl Desk {
    /// A server with one site, `MySite`, that holds nothing but the project `default`.
    pub fn empty() -> Self {
        Self::with(Content::from_json(r#"{"sites": [{"content_url": "MySite"}]}"#).expect("valid content"))
    }

    /// A server with generated content.
    pub fn generated(sites: usize, workbooks: usize, datasources: usize) -> Self {
        Self::with(Content::generate(&Generate {
            seed: 7,
            sites,
            projects: 12,
            workbooks,
            datasources,
            ..Generate::default()
        }))
    }

    /// A server with a site of each size, `Site1` and so on: so many resources, a third of them data sources.
    pub fn sized(sizes: &[usize]) -> Self {
        Self::with(sized(sizes))
    }

    /// A server with this content.
    pub fn with(content: Content) -> Self {
        Self::at(Simulator::start(Options { content, ..Options::default() }).expect("start the simulator"))
    }

    /// A desk in front of this server; all of its sites are to be synced, and the map is in `tabmap.db`.
    pub fn at(tableau: Simulator) -> Self {
        let (name, secret) = tableau.pat();
        let sites: Vec<String> = tableau
            .sites()
            .into_iter()
            .map(|site| if site.is_empty() { "Default".to_owned() } else { site })
            .collect();
        let environment = [
            ("TABLEAU_SERVER", tableau.url().to_owned()),
            ("TABLEAU_SITE", sites.join(",")),
            ("TABLEAU_PAT_NAME", name.to_owned()),
            ("TABLEAU_PAT_SECRET", secret.to_owned()),
        ];
        Self {
            folder: TempDir::new().expect("make a folder"),
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            tableau,
        }
    }

    /// Publishes to `MySite`, and makes the project and those above it where they are missing.
    pub fn publish(&self, kind: Kind, project: &[&str], name: &str) -> String {
        self.project(project);
        self.tableau.publish("MySite", kind, project, name)
    }

    /// Makes a project on `MySite`, and those above it, where they are missing.
    pub fn project(&self, project: &[&str]) {
        for depth in 1..=project.len() {
            let path = &project[..depth];
            if !self.tableau.projects("MySite").iter().any(|(known, _)| known == path) {
                self.tableau.create_project("MySite", path);
            }
        }
    }

    /// Puts a variable into the environment.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Signs in as the server's connected app from now on.
    pub fn sign_in_as_app(&mut self) -> &mut Self {
        let options = self.tableau.options().clone();
        let app = options.connected_app;
        self.unset("TABLEAU_PAT_NAME").unset("TABLEAU_PAT_SECRET");
        self.set("TABLEAU_JWT_CLIENT_ID", app.client_id).set("TABLEAU_JWT_SECRET_ID", app.secret_id);
        self.set("TABLEAU_JWT_SECRET", app.secret).set("TABLEAU_JWT_USERNAME", options.username)
    }

    /// Takes a variable out of the environment.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.environment.remove(name);
        self
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("write a file");
        path
    }

    /// The command, not yet started: no variable but this desk's own, no terminal.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(crate::tabmap(), arguments)
    }

    /// The same with another program.
    pub fn command_of(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(&self.environment);
        command.env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        let output = self.command(arguments).output().expect("start tabmap");
        Answer {
            stdout: String::from_utf8(output.stdout).expect("text on stdout"),
            stderr: String::from_utf8(output.stderr).expect("text on stderr"),
            exit: output.status.code().expect("an exit code"),
        }
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        let answer = self.run(arguments);
        assert_eq!(answer.exit, 0, "tabmap {arguments:?}\n{}{}", answer.stdout, answer.stderr);
        answer.stdout
    }

    /// Syncs, and returns the report on the first site.
    #[track_caller]
    pub fn sync(&self) -> Value {
        self.report(&["sync", "--format", "json"], 0)
    }

    /// Runs a command that prints a sync report, and returns what it says of the first site.
    #[track_caller]
    pub fn report(&self, arguments: &[&str], exit: i32) -> Value {
        let answer = self.run(arguments);
        assert_eq!(answer.exit, exit, "tabmap {arguments:?}\n{}{}", answer.stdout, answer.stderr);
        let mut document: Value = serde_json::from_str(&answer.stdout).expect("a JSON report");
        assert_eq!(document["format_version"], 1);
        document["sites"][0].take()
    }

    /// The map's database.
    pub fn map(&self) -> Connection {
        Connection::open(self.path("tabmap.db")).expect("open the map")
    }

    /// The rows of a query as text, columns joined by `|`.
    pub fn query(&self, sql: &str) -> Vec<String> {
        let map = self.map();
        let mut statement = map.prepare(sql).expect("a valid query");
        let width = statement.column_count();
        let rows = statement.query_map([], |row| {
            let mut line = String::new();
            for column in 0..width {
                let value: rusqlite::types::Value = row.get(column)?;
                let separator = if column == 0 { "" } else { "|" };
                let _ = match value {
                    rusqlite::types::Value::Null => write!(line, "{separator}null"),
                    rusqlite::types::Value::Integer(number) => write!(line, "{separator}{number}"),
                    rusqlite::types::Value::Text(text) => write!(line, "{separator}{text}"),
                    other => panic!("no column holds {other:?}"),
                };
            }
            Ok(line)
        });
        rows.expect("a result").collect::<Result<_, _>>().expect("readable rows")
    }

    /// What the map holds of a site: kind, path, name, LUID and number, sorted.
    pub fn mapped(&self, site: &str) -> Vec<[String; 5]> {
        let map = self.map();
        let sql = "SELECT RESOURCE_TYPE, COALESCE(PROJECT_PATH, PROJECT_NAME), RESOURCE_NAME, RESOURCE_ID, VIZPORTAL_URL_ID \
                   FROM API__TABLEAU__RESOURCES WHERE SITE_ID = ?1";
        let mut statement = map.prepare(sql).expect("a valid query");
        let rows = statement
            .query_map([site], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]))
            .expect("a result");
        let mut rows: Vec<[String; 5]> = rows.collect::<Result<_, _>>().expect("readable rows");
        rows.sort();
        rows
    }

    /// What is on a site, in the same form.
    pub fn present(&self, site: &str) -> Vec<[String; 5]> {
        let mut rows: Vec<[String; 5]> = self
            .tableau
            .resources(site)
            .iter()
            .filter(|item| !item.project_path.is_empty())
            .map(|item| {
                let kind = item.kind.word().to_owned();
                [
                    kind,
                    printed_path(item),
                    item.name.clone(),
                    item.luid.clone(),
                    item.vizportal_url_id.clone(),
                ]
            })
            .collect();
        rows.sort();
        rows
    }
}

/// A site of each size, `Site1` and so on: so many resources, a third of them data sources.
pub fn sized(sizes: &[usize]) -> Content {
    let site = |(at, size): (usize, &usize)| {
        let seed = at as u64 + 1;
        let generate =
            Generate { seed, workbooks: size - size / 3, datasources: size / 3, ..Generate::default() };
        let mut site = Content::generate(&generate).sites.remove(0);
        site.content_url = format!("Site{seed}");
        site
    };
    Content { seed: 7, sites: sizes.iter().enumerate().map(site).collect() }
}

/// A project path as the map prints it.
pub fn printed_path(item: &Item) -> String {
    let names: Vec<String> =
        item.project_path.iter().map(|name| name.replace('\\', r"\\").replace('/', r"\/")).collect();
    names.join("/")
}

impl Answer {
    /// Checks the exit code.
    #[track_caller]
    pub fn exit_is(&self, exit: i32) -> &Self {
        assert_eq!(self.exit, exit, "{}{}", self.stdout, self.stderr);
        self
    }

    /// Checks the exit code and that stderr says all of `words`, in a message with a remedy.
    #[track_caller]
    pub fn refused(&self, exit: i32, words: &[&str]) -> &Self {
        assert_eq!(self.exit, exit, "{}{}", self.stdout, self.stderr);
        for word in words.iter().chain(&["error: ", "help: "]) {
            assert!(self.stderr.contains(word), "`{word}` is missing in\n{}", self.stderr);
        }
        self
    }
}
