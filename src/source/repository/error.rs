//! What can go wrong with Tableau's repository, and what to do about it.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::settings::SslMode;
use crate::resource::SiteName;
use crate::text::plural;

/// How access is opened, as Tableau's documentation has it.
const OPEN_ACCESS: &str =
    "`tsm data-access repository-access enable --repository-username readonly --repository-password ...`";

/// Why the repository gave no snapshot.
#[derive(Debug, Error, Diagnostic)]
pub enum RepositoryError {
    /// No certificates to check the server's by.
    #[error("could not prepare to check the certificate of Tableau's repository{}", of_file(path.as_ref()))]
    #[diagnostic(
        code(tabmap::repository::certificates),
        help(
            "`ca_file` under `[tableau.repository]` (or TABLEAU_REPOSITORY_CA_FILE) must be a PEM file that this user may \
             read: authorities, or what `tsm security repository-ssl get-certificate-file --file FILE` writes"
        )
    )]
    Certificates {
        /// `ca_file`, where one is named.
        path: Option<PathBuf>,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Certificates that nothing would be checked by.
    #[error(
        "`ca_file` of Tableau's repository is set, and with `sslmode = \"{mode}\"` no certificate is checked"
    )]
    #[diagnostic(
        code(tabmap::repository::unused_ca_file),
        help(
            "set `sslmode = \"verify-full\"` under `[tableau.repository]`, or TABLEAU_REPOSITORY_SSLMODE; or take `ca_file` out"
        )
    )]
    UnusedCaFile {
        /// The mode.
        mode: SslMode,
    },
    /// No connection, after all attempts.
    #[error("could not reach Tableau's repository at {address}")]
    #[diagnostic(
        code(tabmap::repository::unreachable),
        help(
            "check `host` and `port` under `[tableau.repository]`, and that no firewall is in between. Tableau Server answers \
             other machines only once access was opened: {OPEN_ACCESS}"
        )
    )]
    Unreachable {
        /// Host and port.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The server speaks no TLS.
    #[error("Tableau's repository at {address} offers no TLS, and `sslmode` is `{mode}`")]
    #[diagnostic(
        code(tabmap::repository::no_tls),
        help(
            "switch it on with `tsm security repository-ssl enable`; with `sslmode = \"prefer\"` an unencrypted connection is \
             taken where the server offers no other"
        )
    )]
    NoTls {
        /// Host and port.
        address: String,
        /// The mode.
        mode: SslMode,
    },
    /// The TLS handshake failed.
    #[error("could not agree on TLS with Tableau's repository at {address} (`sslmode` is `{mode}`)")]
    #[diagnostic(
        code(tabmap::repository::handshake),
        help(
            "with `verify-full` the certificate must be one of those in `ca_file`, or signed by one of them for the name in \
             `host`: `tsm security repository-ssl get-certificate-file --file FILE` writes the server's own"
        )
    )]
    Handshake {
        /// Host and port.
        address: String,
        /// The mode.
        mode: SslMode,
        /// Why.
        source: io::Error,
    },
    /// PostgreSQL refused.
    #[error("Tableau's repository at {address} refused to {doing} ({code}: {message})")]
    #[diagnostic(code(tabmap::repository::refused), help("{}", remedy(code, user, *mode)))]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// Host and port.
        address: String,
        /// The user.
        user: String,
        /// The mode.
        mode: SslMode,
        /// PostgreSQL's code.
        code: String,
        /// PostgreSQL's words.
        message: String,
    },
    /// The conversation broke off.
    #[error("could not {doing}: the connection to Tableau's repository at {address} was lost")]
    #[diagnostic(
        code(tabmap::repository::lost),
        help(
            "nothing was written. Run again once the server is up; if it is, something else may listen on this port, or the \
             server uses a way to sign in that is not known here (a password by SCRAM or MD5 is)"
        )
    )]
    Lost {
        /// What was being done.
        doing: &'static str,
        /// Host and port.
        address: String,
        /// Why.
        source: tokio_postgres::Error,
    },
    /// No answer in time.
    #[error("could not {doing}: Tableau's repository at {address} did not answer within {seconds} s")]
    #[diagnostic(
        code(tabmap::repository::timeout),
        help(
            "nothing was written. Run again when the server has less to do, or raise `timeout_seconds` under `[tableau]`"
        )
    )]
    TimedOut {
        /// What was being done.
        doing: &'static str,
        /// Host and port.
        address: String,
        /// The limit.
        seconds: u64,
    },
    /// A site that is not there, or asleep.
    #[error("the repository at {address} has {found} site `{site}`")]
    #[diagnostic(
        code(tabmap::repository::site),
        help(
            "check the site, and that `host` under `[tableau.repository]` is the repository of the server that TABLEAU_SERVER names{hint}"
        )
    )]
    Site {
        /// Host and port.
        address: String,
        /// `no`, or what hinders.
        found: String,
        /// The site.
        site: SiteName,
        /// What somebody probably meant.
        hint: String,
    },
    /// Nothing of the map is in this repository.
    #[error(
        "the repository at {address} knows nothing of the map, which has {}: it is another server's; nothing was changed",
        plural(*rows as u64, "row")
    )]
    #[diagnostic(
        code(tabmap::repository::other_server),
        help(
            "`host` under `[tableau.repository]` must be the repository of {server}. If that is so, and all content was made anew, \
             run once with `--source rest`"
        )
    )]
    OtherServer {
        /// Host and port.
        address: String,
        /// How many rows the map has.
        rows: usize,
        /// The server of the map.
        server: String,
    },
}

fn of_file(path: Option<&PathBuf>) -> String {
    path.map(|path| format!(" by `{}`", path.display())).unwrap_or_default()
}

/// What to do, by PostgreSQL's code.
fn remedy(code: &str, user: &str, mode: SslMode) -> String {
    match code {
        "28P01" => format!(
            "check TABLEAU_REPOSITORY_PASSWORD, the password of the user `{user}` of the repository (no user of Tableau). \
             This sets it: {OPEN_ACCESS}"
        ),
        "28000" => format!(
            "the server accepts no connection of user `{user}` from this machine with `sslmode = \"{mode}\"`: it may want an \
             encrypted one (`require`), or access was not opened yet: {OPEN_ACCESS}"
        ),
        "3D000" => {
            "check `database` under `[tableau.repository]`; Tableau Server calls it `workgroup`".to_owned()
        }
        "42501" => format!(
            "the user `{user}` may not read the tables. Use `readonly`: the user `tableau` sees views alone, which have no \
             LUIDs. This opens the repository to it: {OPEN_ACCESS}"
        ),
        "42P01" | "42703" => {
            "this is not a repository of Tableau Server 2019.3 or later, or of one that is newer than this \
             tabmap: check `host` and `database` under `[tableau.repository]`, or use `--source rest`"
                .to_owned()
        }
        "53300" => "the server has all the connections that it allows: run again later".to_owned(),
        "57P01" | "57P02" | "57P03" => {
            "the server is starting or shutting down; nothing was written. Run again once it is up".to_owned()
        }
        _ => "nothing was written. What the code means is in PostgreSQL's documentation, \"Error Codes\""
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_explained_by_postgresqls_code() {
        for (code, word) in [
            ("28P01", "TABLEAU_REPOSITORY_PASSWORD"),
            ("28000", "`sslmode = \"disable\"`"),
            ("3D000", "`workgroup`"),
            ("42501", "Use `readonly`"),
            ("42P01", "2019.3"),
            ("42703", "--source rest"),
            ("53300", "later"),
            ("57P01", "shutting down"),
            ("57P03", "starting"),
            ("XX000", "Error Codes"),
        ] {
            let remedy = remedy(code, "tableau", SslMode::Disable);
            assert!(remedy.contains(word), "{code}: {remedy}");
        }
    }
}
