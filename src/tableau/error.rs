//! What can go wrong in a conversation with Tableau, and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use miette::Diagnostic;
use reqwest::StatusCode;
use thiserror::Error;

use super::unreachable::unreachable_remedy;
use crate::bounded_body::mebibytes;
use crate::resource::{ResourceKind, SiteName};

/// A failed conversation with Tableau.
#[derive(Debug, Error, Diagnostic)]
pub enum TableauError {
    /// The file of certificate authorities.
    #[error("could not read the certificate authorities in `{}`", path.display())]
    #[diagnostic(code(tabmap::tableau::ca_bundle), help("it must be a PEM file that this user may read"))]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer, after all attempts.
    #[error("could not {doing}: {server} did not answer")]
    #[diagnostic(code(tabmap::tableau::unreachable), help("{}", unreachable_remedy(source)))]
    Unreachable {
        /// What was being done.
        doing: String,
        /// The server.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// No credentials for a site.
    #[error("no Tableau credentials are set for site `{site}`")]
    #[diagnostic(
        code(tabmap::tableau::no_credentials),
        help(
            "set TABLEAU_PAT_NAME and TABLEAU_PAT_SECRET, with the site's `prefix` before both names where \
             `[[tableau.site]]` in tabmap.toml gives it one"
        )
    )]
    NoCredentials {
        /// The site.
        site: SiteName,
    },
    /// Credentials or site refused.
    #[error("Tableau refused to sign in to site `{site}` ({code}: {detail})")]
    #[diagnostic(code(tabmap::tableau::sign_in), help("{remedy}"))]
    SignInRefused {
        /// The site.
        site: SiteName,
        /// Tableau's code.
        code: String,
        /// Tableau's words.
        detail: String,
        /// What to check, for this kind of credentials.
        remedy: String,
    },
    /// The sign-in led to another site than the one that was asked for.
    #[error("asked to sign in to site `{asked}`, and the session is for site `{granted}`")]
    #[diagnostic(
        code(tabmap::tableau::other_site),
        help(
            "nothing was read and nothing was changed. Check what stands between here and Tableau: a gateway that answers for \
             it, or rewrites sign-ins, may send everybody to one site"
        )
    )]
    OtherSite {
        /// The site that was asked for.
        asked: SiteName,
        /// The site that the answer names.
        granted: SiteName,
    },
    /// The session ended twice.
    #[error("could not {doing}: the session was ended by another sign-in, twice (401002)")]
    #[diagnostic(
        code(tabmap::tableau::session_taken),
        help(
            "another process uses the same personal access token, and each sign-in ends the other's session: give every job \
             a token of its own, or use a connected app"
        )
    )]
    SessionTaken {
        /// What was being done.
        doing: String,
    },
    /// The session was refused twice, and no other sign-in can be the cause.
    #[error("could not {doing}: the session was refused, also after a new sign-in: {answer}")]
    #[diagnostic(
        code(tabmap::tableau::session_refused),
        help(
            "with a connected app, this server may not take its tokens for this call (jobs since API 3.25, the Metadata API \
             since 2023.3), or the app may not grant the scope; otherwise check whether a proxy or gateway between here and \
             Tableau drops the header X-Tableau-Auth"
        )
    )]
    SessionRefused {
        /// What was being done.
        doing: String,
        /// How the answer begins.
        answer: String,
    },
    /// The session is good for other calls, and not for this one.
    #[error("could not {doing}: the session is valid for other calls, but not for this one (401002)")]
    #[diagnostic(
        code(tabmap::tableau::scope),
        help(
            "with a connected app, the app must grant the scope `{scope}`, and the server must take its tokens for this \
             call: for jobs it does since API 3.25, for the list of jobs since 3.27"
        )
    )]
    OutOfScope {
        /// What was being done.
        doing: String,
        /// The scope.
        scope: &'static str,
    },
    /// Tableau Cloud was asked for its sites.
    #[error("Tableau Cloud does not list its sites (403069)")]
    #[diagnostic(
        code(tabmap::tableau::cloud_lists_no_sites),
        help("name the sites in TABLEAU_SITE, `--site`, or `sites` under `[tableau]` in tabmap.toml")
    )]
    CloudListsNoSites,
    /// Somebody else than an administrator asked for the sites.
    #[error("Tableau does not list the sites of the server to the user who signed in to site `{at}`")]
    #[diagnostic(
        code(tabmap::tableau::no_administrator),
        help(
            "sign in as a server administrator, or name the sites in TABLEAU_SITE, `--site`, or `sites` under `[tableau]` in \
             tabmap.toml"
        )
    )]
    NoAdministrator {
        /// Where the user signed in.
        at: SiteName,
    },
    /// The list of sites did not stand still.
    #[error("the list of the server's sites changed each time it was read")]
    #[diagnostic(
        code(tabmap::tableau::unsettled_sites),
        help("run again when no sites are being added or deleted")
    )]
    UnsettledSites,
    /// Tableau's own error.
    #[error("could not {doing}: Tableau answered {code}: {summary}: {detail}")]
    #[diagnostic(code(tabmap::tableau::refused))]
    Refused {
        /// What was being done.
        doing: String,
        /// Tableau's code, such as `404006`; its first three digits are the HTTP status.
        code: String,
        /// Tableau's words, in the server's language.
        summary: String,
        /// More of them.
        detail: String,
    },
    /// An answer without Tableau's error body.
    #[error("could not {doing}: {server} answered HTTP {status}: {body}")]
    #[diagnostic(
        code(tabmap::tableau::status),
        help(
            "this does not look like Tableau: check TABLEAU_SERVER, and whether a proxy or gateway answers in its place"
        )
    )]
    Status {
        /// What was being done.
        doing: String,
        /// The server.
        server: String,
        /// The status.
        status: StatusCode,
        /// How the body begins.
        body: String,
    },
    /// An answer that does not end.
    #[error("could not {doing}: the answer of {server} is larger than {}", mebibytes(*limit))]
    #[diagnostic(
        code(tabmap::tableau::too_large),
        help("no answer of Tableau is that large: check whether a proxy or gateway answers in its place")
    )]
    TooLarge {
        /// What was being done.
        doing: String,
        /// The server.
        server: String,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// Tableau's own XML.
    #[error("could not {doing}: {server} answered in XML, although JSON was asked for: {body}")]
    #[diagnostic(
        code(tabmap::tableau::xml),
        help("a proxy or gateway on the way drops or changes the header Accept: let it pass")
    )]
    Xml {
        /// What was being done.
        doing: String,
        /// The server.
        server: String,
        /// How the body begins.
        body: String,
    },
    /// The server sends us elsewhere. Not followed: the session token would travel along.
    #[error("could not {doing}: {server} redirects to `{location}`")]
    #[diagnostic(
        code(tabmap::tableau::redirect),
        help(
            "if that is your Tableau server, set TABLEAU_SERVER to it; if it is a login page, a gateway wants people to sign in \
             first: let the paths /api/ and /relationship-service-war/ of the server pass it"
        )
    )]
    Redirected {
        /// What was being done.
        doing: String,
        /// The server.
        server: String,
        /// Scheme and host of the place.
        location: String,
    },
    /// A longer pause was asked for than we take.
    #[error("could not {doing}: Tableau limits the rate and asks to wait {} s", wait.as_secs())]
    #[diagnostic(code(tabmap::tableau::rate), help("run again after that time"))]
    RateLimited {
        /// What was being done.
        doing: String,
        /// How long.
        wait: Duration,
    },
    /// An answer that is not what the API promises.
    #[error("could not {doing}: the answer is not {expected}: {body}")]
    #[diagnostic(
        code(tabmap::tableau::decoding),
        help(
            "this does not look like Tableau: check TABLEAU_SERVER, and whether a proxy or gateway answers in its place"
        )
    )]
    Decoding {
        /// What was being done.
        doing: String,
        /// The type.
        expected: &'static str,
        /// How the body begins.
        body: String,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// The Metadata API refused to answer.
    #[error("could not {doing}: the Metadata API answered {code}: {message}")]
    #[diagnostic(code(tabmap::metadata::refused))]
    Metadata {
        /// What was being done.
        doing: &'static str,
        /// Tableau's code, or `error` where it gave none.
        code: String,
        /// Tableau's words.
        message: String,
        /// The remedy.
        #[help]
        help: Option<&'static str>,
    },
    /// The token for a connected app could not be made.
    #[error("could not make the token of the connected app")]
    #[diagnostic(code(tabmap::tableau::jwt))]
    Jwt(#[source] jsonwebtoken::errors::Error),
}

impl TableauError {
    /// Whether Tableau says that the resource does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        ResourceKind::ALL.into_iter().any(|kind| self.has_code(kind.facts().not_found))
    }

    /// Whether it is about the session or the account, so that nothing else will be answered either.
    #[must_use]
    pub fn concerns_the_run(&self) -> bool {
        matches!(
            self,
            Self::SessionTaken { .. }
                | Self::SessionRefused { .. }
                | Self::NoCredentials { .. }
                | Self::SignInRefused { .. }
                | Self::OtherSite { .. }
                | Self::RateLimited { .. }
        )
    }

    /// Whether a query that asks for less may pass where this one failed: a gateway lost patience, or the answer
    /// did not come through whole.
    #[must_use]
    pub fn may_pass_with_less(&self) -> bool {
        match self {
            Self::Status { status, .. } => status.is_server_error(),
            Self::Refused { code, .. } => code.starts_with('5'),
            Self::Unreachable { source, .. } => !source.is_connect(),
            Self::Decoding { .. } => true,
            _ => false,
        }
    }

    /// Whether Tableau refused what was asked for as malformed.
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code.starts_with("400"))
    }

    /// Whether Tableau answered with this code.
    #[must_use]
    pub fn has_code(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }
}
