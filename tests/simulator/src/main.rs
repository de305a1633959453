//! The simulator as a program: starts a server, prints its URL, runs until it is killed.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use tableau_simulator::{ConnectedApp, Content, Generate, IndexMode, Language, Options, Simulator, Token};

/// Stands in for a Tableau server: REST and Metadata API, content that changes, faults on demand.
///
/// Prints its URL once it answers. `GET /simulator` below that URL tells how to change what it holds.
#[derive(Parser)]
#[command(version)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line are what they are")]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Content from this JSON file instead of generated content
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "sites", "projects", "workbooks", "datasources"])]
    content: Option<PathBuf>,

    /// The same seed generates the same content
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Sites to generate: `MySite`, `Site2` and so on
    #[arg(long, default_value_t = 1)]
    sites: usize,

    /// Projects on each site, `default` among them
    #[arg(long, default_value_t = 12)]
    projects: usize,

    /// Workbooks on each site
    #[arg(long, default_value_t = 40)]
    workbooks: usize,

    /// Data sources on each site
    #[arg(long, default_value_t = 20)]
    datasources: usize,

    /// Workbooks in a Personal Space on each site, on top of the others
    #[arg(long, default_value_t = 0)]
    personal_space: usize,

    /// Entries of the Metadata API with an empty LUID on each site
    #[arg(long, default_value_t = 0)]
    empty_luids: usize,

    /// Generate the first site as the Default site, whose content URL is empty
    #[arg(long)]
    default_site: bool,

    /// Behave like Tableau Cloud
    #[arg(long)]
    cloud: bool,

    /// Behave like Tableau Server 2019.4
    #[arg(long)]
    old_server: bool,

    /// Write error summaries in German
    #[arg(long)]
    german: bool,

    /// The Metadata API learns of a change this many seconds later
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    index_lag: f64,

    /// Milliseconds on top of every answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,

    /// Minutes after which an unused session dies
    #[arg(long, value_name = "MINUTES", default_value_t = 240)]
    idle_timeout: u64,

    /// Name of the personal access token
    #[arg(long, value_name = "NAME", default_value_t = Token::default().name)]
    pat_name: String,

    /// Secret of the personal access token
    #[arg(long, value_name = "SECRET", default_value_t = Token::default().secret)]
    pat_secret: String,

    /// Name of the account
    #[arg(long, default_value_t = Options::default().username)]
    username: String,

    /// Password of the account
    #[arg(long, default_value_t = Options::default().password)]
    password: String,

    /// Client id of the connected app
    #[arg(long, value_name = "ID", default_value_t = ConnectedApp::default().client_id)]
    jwt_client_id: String,

    /// Id of the connected app's secret
    #[arg(long, value_name = "ID", default_value_t = ConnectedApp::default().secret_id)]
    jwt_secret_id: String,

    /// The connected app's secret
    #[arg(long, value_name = "SECRET", default_value_t = ConnectedApp::default().secret)]
    jwt_secret: String,
}

impl Arguments {
    fn into_options(self) -> Result<Options, Box<dyn Error>> {
        let content = match self.content {
            Some(file) => Content::from_json(&fs::read_to_string(file)?)?,
            None => Content::generate(&Generate {
                seed: self.seed,
                sites: self.sites,
                projects: self.projects,
                workbooks: self.workbooks,
                datasources: self.datasources,
                personal_space: self.personal_space,
                empty_luids: self.empty_luids,
                default_site: self.default_site,
            }),
        };
        let lag = Duration::try_from_secs_f64(self.index_lag)?;
        Ok(Options {
            content,
            port: self.port,
            tokens: vec![Token { name: self.pat_name, secret: self.pat_secret }],
            username: self.username,
            password: self.password,
            connected_app: ConnectedApp {
                client_id: self.jwt_client_id,
                secret_id: self.jwt_secret_id,
                secret: self.jwt_secret,
            },
            cloud: self.cloud,
            old_server: self.old_server,
            language: if self.german { Language::German } else { Language::English },
            index: if lag.is_zero() { IndexMode::Immediate } else { IndexMode::After(lag) },
            latency: Duration::from_millis(self.latency),
            idle_timeout: Duration::from_secs(self.idle_timeout * 60),
            ..Options::default()
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::start(Arguments::parse().into_options()?)?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", simulator.url())?;
    // Whoever started it may be waiting for the line at the other end of a pipe.
    stdout.flush()?;
    loop {
        std::thread::park();
    }
}
