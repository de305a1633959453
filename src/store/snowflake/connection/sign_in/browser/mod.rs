//! A person's browser: it shows an address, and a listener on this machine gets the answer.

mod listener;

use std::io::{self, IsTerminal as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use listener::Listener;
pub(super) use listener::Query;
use url::Url;

use super::authenticator::Asked;
use crate::loopback::is_loopback;
use crate::store::snowflake::connection::error::ConnectionError;
use crate::store::snowflake::connection::settings::variable;
use crate::store::snowflake::error::Fault;

/// The keys of each way that goes by a browser.
pub(super) const TIMEOUT: &str = "external_browser_timeout";

/// As Snowflake's Python client waits.
const USUAL_TIMEOUT: Duration = Duration::from_secs(120);

/// A fixed port, as in Snowflake's own clients: for a tunnel to another machine, where the browser is.
const PORT: &str = "SF_AUTH_SOCKET_PORT";

const UNATTENDED: &str = "run it at a terminal; a run that nobody attends takes a key pair, a programmatic access token or a workload identity";

const NO_ANSWER: &str = "run again, and sign in at the address that is shown; where the browser is on another machine, lead the port of \
                         SF_AUTH_SOCKET_PORT there (`ssh -L PORT:localhost:PORT`); `external_browser_timeout` of the connection is how long this waits";

/// How a browser is reached from here.
#[derive(Debug)]
pub(super) struct Browser {
    /// A program that shows an address; the platform's usual one without.
    program: Option<String>,
    port: u16,
    timeout: Duration,
}

impl Browser {
    /// Refused where nobody sits in front of a terminal.
    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, ConnectionError> {
        let settings = asked.settings;
        if !io::stderr().is_terminal() {
            return Err(
                settings.no_sign_in("its `authenticator` opens a browser, and nobody is there", UNATTENDED)
            );
        }
        let timeout = match settings.optional(TIMEOUT) {
            Some(text) => match text.trim().parse() {
                Ok(seconds @ 1..=3600) => Duration::from_secs(seconds),
                _ => return Err(settings.invalid(TIMEOUT, "it must be a number of seconds, up to 3600")),
            },
            None => USUAL_TIMEOUT,
        };
        let port = variable(asked.environment, PORT).map(|text| {
            let invalid = || settings.invalid("authenticator", format!("`{text}` in {PORT} is not a port"));
            text.parse().map_err(|_| invalid())
        });
        // A list of programs, of which the first is taken. Desktops know the usual one.
        let programs = variable(asked.environment, "BROWSER");
        let program = programs.and_then(|programs| programs.split(':').next().map(str::to_owned));
        Ok(Self { program, port: port.transpose()?.unwrap_or_default(), timeout })
    }

    /// Listens on the port of the settings, or of the environment, or on any.
    pub(super) async fn listen(&self, port: Option<u16>) -> Result<Listener, Fault> {
        Listener::bind(port.unwrap_or(self.port)).await.map_err(|error| Fault::NoToken {
            reason: format!("no port of this machine could be listened on for the browser: {error}"),
            remedy: "free the port of SF_AUTH_SOCKET_PORT or of `oauth_redirect_uri`, or leave them out for any port",
        })
    }

    /// Shows `address` and waits for the answer in which `wanted` finds what it looks for.
    pub(super) async fn answer<T: Send + 'static>(
        &self,
        listener: Listener,
        address: &Url,
        path: &str,
        wanted: impl Fn(&Query) -> Option<T> + Clone + Send + Sync + 'static,
    ) -> Result<T, Fault> {
        // The address goes as one argument to a program, never through a shell.
        let shown =
            self.command(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        if shown.is_ok() {
            tracing::warn!("sign in to Snowflake in the browser, which shows {address}");
        } else {
            tracing::error!("no browser could be started; sign in to Snowflake at {address}");
        }
        listener.answer(path, self.timeout, wanted).await.ok_or_else(|| Fault::NoToken {
            reason: format!("the browser brought no answer within {} seconds", self.timeout.as_secs()),
            remedy: NO_ANSWER,
        })
    }

    fn command(&self, address: &Url) -> Command {
        let (program, arguments): (&str, &[&str]) = match &self.program {
            Some(program) => (program, &[]),
            None if cfg!(target_os = "macos") => ("open", &[]),
            None if cfg!(windows) => ("rundll32", &["url.dll,FileProtocolHandler"]),
            None => ("xdg-open", &[]),
        };
        let mut command = Command::new(program);
        command.args(arguments).arg(address.as_str());
        command
    }
}

/// An address that a browser may be sent to: encrypted, or on this machine.
pub(super) fn page(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url)).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_to_encrypted_pages_and_to_this_machine_alone() {
        for good in ["https://idp.example/sso?a=b", "http://127.0.0.1:8080/sso", "http://localhost/"] {
            assert!(page(good).is_some(), "{good}");
        }
        for bad in
            ["http://idp.example/", "file:///etc/passwd", "javascript:alert(1)", "-flag", "", "calc.exe"]
        {
            assert!(page(bad).is_none(), "{bad}");
        }
    }
}
