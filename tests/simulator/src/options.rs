//! What kind of server it is.

use std::time::Duration;

use crate::content::Content;
use crate::generate::Generate;
use crate::index::IndexMode;
use crate::jobs::JobPlan;

/// The server to start. The default is Tableau Server of today with one small generated site.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it holds.
    pub content: Content,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The personal access tokens it accepts. [`Simulator::pat`](crate::Simulator::pat) answers the first.
    pub tokens: Vec<Token>,
    /// What is left of their lives, in `DAYS:HOURS:MINUTES` as the sign-in says it.
    pub token_lifetime: String,
    /// The one account, which every credential belongs to.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The connected app whose JWTs it accepts.
    pub connected_app: ConnectedApp,
    /// The configuration of unified access tokens; Tableau Cloud alone has them.
    pub unified_access: UnifiedAccess,
    /// Behave like Tableau Cloud: no list of sites, no switching, a site must be named at sign-in.
    pub cloud: bool,
    /// Behave like Server 2019.4: REST 3.6, and no `projectLuid` or `permissionMode` in the Metadata API.
    pub old_server: bool,
    /// The language of error summaries.
    pub language: Language,
    /// How the Metadata API lags behind.
    pub index: IndexMode,
    /// Added to every answer.
    pub latency: Duration,
    /// A session dies when unused for this long.
    pub idle_timeout: Duration,
    /// What becomes of refresh jobs.
    pub jobs: JobPlan,
    /// Whether the account may list the sites, and read and cancel jobs, which Tableau keeps to administrators; it may start
    /// jobs either way.
    pub administrator: bool,
    /// The LUID of whoever owns all content; the account where it is absent.
    pub owner: Option<String>,
    /// The rules for the account on each resource, capability and `Allow` or `Deny`, where it is told them without being
    /// owner or administrator.
    pub rules: Option<Vec<(String, String)>>,
    /// How many refreshes may start on a site within how long, as on Tableau Cloud; more are answered with 429000.
    pub refresh_limit: Option<(usize, Duration)>,
    /// How far the clock is ahead that dates the answers, which may be a gateway's.
    pub date_ahead: Duration,
    /// The largest page that REST gives, whatever is asked for.
    pub largest_page: usize,
    /// More nodes than this are left out of a metadata answer, with the warning `NODE_LIMIT_EXCEEDED`.
    pub node_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            content: Content::generate(&Generate::default()),
            port: 0,
            tokens: vec![Token::default()],
            token_lifetime: "361:30:30".to_owned(),
            username: "analyst".to_owned(),
            password: "correct horse battery staple".to_owned(),
            connected_app: ConnectedApp::default(),
            unified_access: UnifiedAccess::default(),
            cloud: false,
            old_server: false,
            language: Language::English,
            index: IndexMode::Immediate,
            latency: Duration::ZERO,
            idle_timeout: Duration::from_secs(240 * 60),
            jobs: JobPlan::default(),
            administrator: true,
            owner: None,
            rules: None,
            refresh_limit: None,
            date_ahead: Duration::ZERO,
            largest_page: 1000,
            node_limit: 20_000,
        }
    }
}

impl Options {
    /// The newest REST API version it speaks, without the leading `3.`.
    pub(crate) fn rest_minor(&self) -> u32 {
        if self.old_server { 6 } else { 29 }
    }

    /// `Tableau Server` or `Tableau Cloud`, as error messages say.
    pub(crate) fn product(&self) -> &'static str {
        if self.cloud { "Tableau Cloud" } else { "Tableau Server" }
    }
}

/// A personal access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its name.
    pub name: String,
    /// Its secret.
    pub secret: String,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            name: "simulator".to_owned(),
            secret: "Zm9vYmFyYmF6cXV4MTIzNA==:AbCdEfGhIjKlMnOpQrStUvWxYz012345".to_owned(),
        }
    }
}

/// A connected app (direct trust).
#[derive(Clone, Debug)]
pub struct ConnectedApp {
    /// The JWT's `iss`, in the header and in the claims.
    pub client_id: String,
    /// The JWT's `kid`.
    pub secret_id: String,
    /// Signs the JWT, HS256.
    pub secret: String,
}

impl Default for ConnectedApp {
    fn default() -> Self {
        Self {
            client_id: "6f9d8f4c-3c0a-4b7e-9a1d-2f5e8c7b6a50".to_owned(),
            secret_id: "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d".to_owned(),
            secret: "q7Lk0mX2vB9sR4tY6uW8zC1dF3gH5jN7pA0eI2oU4yE=".to_owned(),
        }
    }
}

/// A configuration of unified access tokens. The key is in `keys/`.
#[derive(Clone, Debug)]
pub struct UnifiedAccess {
    /// The claim `https://tableau.com/tenantId`.
    pub tenant_id: String,
    /// The JWT's `iss`.
    pub issuer: String,
    /// The claim that names the user.
    pub username_claim: String,
}

impl UnifiedAccess {
    /// The private key that signs, in PEM.
    pub const PRIVATE_KEY: &str = include_str!("../keys/unified_access.pem");
    /// The public key, in DER (PKCS#1).
    pub(crate) const PUBLIC_KEY: &[u8] = include_bytes!("../keys/unified_access.der");
}

impl Default for UnifiedAccess {
    fn default() -> Self {
        Self {
            tenant_id: "f1a2b3c4-d5e6-4f70-8192-a3b4c5d6e7f8".to_owned(),
            issuer: "https://acme.example/tableau".to_owned(),
            username_claim: "email".to_owned(),
        }
    }
}

/// Summaries of errors are written in the language of the account; codes are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}
