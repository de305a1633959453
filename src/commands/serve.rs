//! `tabmap serve`: receive dbt's webhooks, then refresh.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};

use super::error::{CommandError, ServeError};
use super::exit::Exit;
use super::in_store::interrupted;
use super::open::{open_store, tableau};
use crate::config::{Config, ConfigError};
use crate::refresh::budget::Budget;
use crate::refresh::ledger::Ledger;
use crate::refresh::sessions::Sessions;
use crate::refresh::{IfRunning, Options, RefreshError, Refresher};
use crate::report::{self, FORMAT_VERSION, Format};
use crate::serve::delivery::Secrets;
use crate::serve::listen_address::ListenAddress;
use crate::serve::map::CachedMap;
use crate::serve::metrics::Metrics;
use crate::serve::queue::{Entry, Queue};
use crate::serve::serve;
use crate::serve::server::{MOST_DELIVERIES, Server};
use crate::serve::turned_away::TurnedAway;
use crate::store::Store;
use crate::text::{on_one_line, plural};

/// The secrets of dbt's webhooks; white space between several.
const SECRET: &str = "DBT_WEBHOOK_SECRET";

const EXAMPLES: &str =
    "dbt sends to /webhooks/dbt and signs with the secret in DBT_WEBHOOK_SECRET (or DBT_WEBHOOK_SECRET_FILE).
A status page is at /; /healthz, /readyz and /metrics are for machines. TLS, and who may see all this, is left
to the proxy in front.

What to refresh is in tabmap.toml:
  [[webhook.rule]]
  job_name = \"Nightly\"
  refresh = [{ workbook = \"Weekly Sales\", project = \"Finance/EMEA\", site = \"MySite\" }]";

/// Receive dbt's webhooks, and refresh what depends on the job
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<ListenAddress>,
    /// Print the refreshes that failed for good, and exit
    #[arg(long, conflicts_with_all = ["listen", "retry"])]
    list_failed: bool,
    /// Put a refresh that failed back into the queue, by its number, or `all`; and exit
    #[arg(long, value_name = "NUMBER", value_parser = number, conflicts_with = "listen")]
    retry: Option<Retry>,
    /// Form of --list-failed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy)]
enum Retry {
    One(i64),
    All,
}

fn number(text: &str) -> Result<Retry, String> {
    if text == "all" {
        return Ok(Retry::All);
    }
    text.parse().map(Retry::One).map_err(|_| "write a number that `--list-failed` shows, or `all`".to_owned())
}

#[derive(Serialize)]
struct Document {
    format_version: u32,
    failed: Vec<Entry>,
}

impl Serve {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let file = &config.refresh.file;
        if self.list_failed {
            return self.print_failed(&Queue::new(open(file)?)).await;
        }
        if let Some(retry) = self.retry {
            return put_back(retry, &Queue::new(open(file)?)).await;
        }
        let secrets = secrets(config)?;
        if config.webhook.rules.is_empty() {
            return Err(missing_rule().into());
        }
        let tableau = tableau(config, &[])?;
        let store = open_store(config)?;
        let ledger = open(file)?;
        let _lock = lock(file)?;
        let address = self.listen.unwrap_or_else(|| config.serve.listen.clone());
        let listener = TcpListener::bind(address.as_str()).await;
        let listener = listener.map_err(|source| ServeError::Listen { address, source })?;
        let server = Arc::new(server(config, secrets, Sessions::new(tableau), ledger, Arc::clone(&store)));
        report::print(&format!("listening on http://{}\n", listener.local_addr()?))?;
        let (stop, stopping) = watch::channel(false);
        let interrupted_twice = async {
            interrupted().await;
            tracing::info!("stopping");
            let _ = stop.send(true);
            interrupted().await;
        };
        tokio::select! {
            () = serve(server, listener, stopping) => {}
            // Whoever asks again wants no more patience; the queue holds what was accepted.
            () = interrupted_twice => {
                store.abort().await;
                return Err(CommandError::Interrupted);
            }
        }
        store.close().await?;
        Ok(Exit::Done)
    }

    async fn print_failed(&self, queue: &Queue) -> Result<Exit, CommandError> {
        let failed = queue.failed().await.map_err(RefreshError::from)?;
        match self.format {
            Format::Json => report::print_json(&Document { format_version: FORMAT_VERSION, failed })?,
            Format::Text => report::print(&failed.iter().map(line).collect::<String>())?,
        }
        Ok(Exit::Done)
    }
}

fn server(
    config: &Config,
    secrets: Secrets,
    sessions: Sessions,
    ledger: Ledger,
    store: Arc<dyn Store>,
) -> Server {
    let settings = &config.refresh;
    let budget = Budget::new(ledger.clone(), sessions.server(), settings);
    Server {
        secrets,
        rules: config.webhook.rules.clone(),
        queue: Queue::new(ledger),
        refresher: Refresher::new(sessions, budget),
        options: Options {
            wait: true,
            timeout: settings.timeout.0,
            cancel_on_timeout: false,
            if_running: IfRunning::Adopt,
            ready_at: None,
            first_poll: settings.first_poll.0,
            longest_poll: settings.longest_poll.0,
        },
        max_parallel: settings.max_parallel.get(),
        sites: config.sites.clone(),
        map: CachedMap::new(store),
        window: config.serve.window,
        attempts: config.serve.attempts,
        retry_after: config.serve.retry_after.0,
        metrics: Metrics::default(),
        turned_away: TurnedAway::default(),
        hosts: config.serve.hosts.clone(),
        wake: Notify::new(),
        places: Semaphore::new(MOST_DELIVERIES),
    }
}

fn line(entry: &Entry) -> String {
    let Entry { id, target, finished_at, message, .. } = entry;
    let when = finished_at.map(|time| time.to_string()).unwrap_or_default();
    format!("{id}  {when}  {target}: {}\n", on_one_line(message.as_deref().unwrap_or_default()))
}

async fn put_back(retry: Retry, queue: &Queue) -> Result<Exit, CommandError> {
    let id = match retry {
        Retry::One(id) => Some(id),
        Retry::All => None,
    };
    let count = queue.retry(id).await.map_err(RefreshError::from)?;
    if count == 0 && id.is_some() {
        return Err(ServeError::NothingToRetry.into());
    }
    let count = plural(u64::try_from(count).unwrap_or(u64::MAX), "failed target");
    report::print(&format!("{count} put back into the queue\n"))?;
    Ok(Exit::Done)
}

fn open(path: &Path) -> Result<Ledger, RefreshError> {
    Ok(Ledger::open(path)?)
}

fn secrets(config: &Config) -> Result<Secrets, ConfigError> {
    let help = format!(
        "set {SECRET}, or {SECRET}_FILE to the path of a file that holds it: dbt shows it once, when the webhook is made"
    );
    let missing = || ConfigError::Missing { what: SECRET, help: help.clone() };
    let secrets = Secrets::read(&config.environment.secret(SECRET)?.ok_or_else(missing)?);
    if secrets.is_empty() { Err(missing()) } else { Ok(secrets) }
}

fn missing_rule() -> ConfigError {
    ConfigError::Missing {
        what: "a rule that says what to refresh",
        help: "write `[[webhook.rule]]` in tabmap.toml, with `job_id`, `job_name` or `environment`, and `refresh = [{ workbook = \
               \"NAME\" }]`"
            .to_owned(),
    }
}

/// One process to a queue, whatever name leads to its file. The lock goes with the process, however it ends. It is on a
/// file beside the queue, for on some systems a lock on the queue itself would keep SQLite out.
fn lock(queue: &Path) -> Result<File, ServeError> {
    let canonical = queue.canonicalize();
    let queue = &canonical.map_err(|source| ServeError::Lock { path: queue.to_owned(), source })?;
    let mut path = queue.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let mut options = File::options();
    options.create(true).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW);
    let file = options.open(&path).map_err(|source| ServeError::Lock { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServeError::Taken { path: queue.to_owned() }),
        Err(TryLockError::Error(source)) => Err(ServeError::Lock { path, source }),
    }
}
