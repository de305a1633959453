//! A connection to the repository: reached, encrypted and signed in, each within a time.

use std::io;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_postgres::config::SslMode as Negotiated;
use tokio_postgres::{Client, Config, NoTls};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::error::RepositoryError;
use super::settings::{RepositorySettings, SslMode};
use super::tls;
use crate::retry::RetryPolicy;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that restarts is back in a moment.
const ATTEMPTS: RetryPolicy = RetryPolicy::new(3, Duration::from_millis(500));
/// PostgreSQL's request for TLS: its length, and 1234.5679 in place of a version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// `invalid_authorization_specification`: the server takes no such connection, as a rule of `pg_hba.conf`.
const NO_SUCH_CONNECTION: &str = "28000";

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Where the repository is, and how to get in.
pub(super) struct Connector {
    /// Host and port, for messages.
    pub address: String,
    host: String,
    settings: RepositorySettings,
    password: SecretString,
    tls: Option<TlsConnector>,
}

impl Connector {
    /// Reads the certificates, and sends nothing yet. `server_host` is the machine where the settings name none.
    pub fn new(
        server_host: &str,
        settings: RepositorySettings,
        password: SecretString,
    ) -> Result<Self, RepositoryError> {
        let host = settings.host.as_deref().unwrap_or(server_host);
        // Addresses have an IPv6 address in brackets, sockets do not.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let address = if host.contains(':') {
            format!("[{host}]:{}", settings.port)
        } else {
            format!("{host}:{}", settings.port)
        };
        let tls = tls::connector(&settings)?;
        Ok(Self { address, host, settings, password, tls })
    }

    /// Connects and signs in; tries again while nobody answers.
    pub async fn open(&self) -> Result<Client, RepositoryError> {
        let again = |error: &RepositoryError, pause| {
            let is_passing = match error {
                RepositoryError::Unreachable { .. } => true,
                RepositoryError::Refused { code, .. } => code == "57P03",
                _ => false,
            };
            is_passing.then(|| {
                tracing::info!(repository = self.address, reason = %error, "trying again");
                pause
            })
        };
        ATTEMPTS.run(|| self.open_once(), again).await
    }

    async fn open_once(&self) -> Result<Client, RepositoryError> {
        let tls = self.tls.as_ref();
        match self.enter(tls).await {
            // As PostgreSQL's own clients do.
            Err(error) if self.settings.sslmode == SslMode::Prefer && is_about_tls(&error) => {
                tracing::info!(repository = self.address, reason = %error, "trying without TLS");
                // The first failure tells more than that the server wants TLS.
                self.enter(None).await.map_err(|_| error)
            }
            entered => entered,
        }
    }

    async fn enter(&self, tls: Option<&TlsConnector>) -> Result<Client, RepositoryError> {
        let doing = "connect";
        let within = tokio::time::timeout(CONNECT_TIMEOUT, async {
            let wire = self.wire(tls).await?;
            let (client, connection) =
                self.login().connect_raw(wire, NoTls).await.map_err(|error| self.failed(doing, error))?;
            // It ends when the client is dropped, or the server goes; what is asked meanwhile is told of it.
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(reason = %error, "the connection to the repository ended");
                }
            });
            Ok(client)
        });
        within.await.unwrap_or_else(|_| {
            let source = io::Error::new(io::ErrorKind::TimedOut, "no answer within 10 s");
            Err(RepositoryError::Unreachable { address: self.address.clone(), source })
        })
    }

    /// The login; whether it is encrypted is settled before.
    fn login(&self) -> Config {
        let mut login = Config::new();
        login
            .user(&self.settings.user)
            .password(self.password.expose_secret())
            .dbname(&self.settings.database)
            .application_name(concat!("tabmap/", env!("CARGO_PKG_VERSION")))
            .ssl_mode(Negotiated::Disable);
        login
    }

    /// A connection that is encrypted as far as both sides want it.
    async fn wire(&self, tls: Option<&TlsConnector>) -> Result<Box<dyn Wire>, RepositoryError> {
        let unreachable = |source| RepositoryError::Unreachable { address: self.address.clone(), source };
        let mut tcp =
            TcpStream::connect((self.host.as_str(), self.settings.port)).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        let mode = self.settings.sslmode;
        let Some(tls) = tls else { return Ok(Box::new(tcp)) };
        tcp.write_all(&SSL_REQUEST).await.map_err(unreachable)?;
        match tcp.read_u8().await.map_err(unreachable)? {
            b'S' => {}
            _ if mode == SslMode::Prefer => {
                tracing::info!(repository = self.address, "the connection is not encrypted");
                return Ok(Box::new(tcp));
            }
            _ => return Err(RepositoryError::NoTls { address: self.address.clone(), mode }),
        }
        let failed = |source| RepositoryError::Handshake { address: self.address.clone(), mode, source };
        let name =
            ServerName::try_from(self.host.clone()).map_err(|error| failed(io::Error::other(error)))?;
        Ok(Box::new(tls.connect(name, tcp).await.map_err(failed)?))
    }

    /// What PostgreSQL refused, or that it is gone.
    pub fn failed(&self, doing: &'static str, error: tokio_postgres::Error) -> RepositoryError {
        let address = self.address.clone();
        match error.as_db_error() {
            Some(refusal) => RepositoryError::Refused {
                doing,
                address,
                user: self.settings.user.clone(),
                mode: self.settings.sslmode,
                code: refusal.code().code().to_owned(),
                message: refusal.message().to_owned(),
            },
            None => RepositoryError::Lost { doing, address, source: error },
        }
    }
}

fn is_about_tls(error: &RepositoryError) -> bool {
    match error {
        RepositoryError::Handshake { .. } => true,
        RepositoryError::Refused { code, .. } => code == NO_SUCH_CONNECTION,
        _ => false,
    }
}
