//! Everything that goes over Tableau's wire, in one signed-in session on one site.
//!
//! A personal access token has one session: "Signing in again with the same access token, whether at the same
//! site or a different site, will terminate the previous session" (help.tableau.com, `rest_api_concepts_auth`).
//! So a process signs in with one token to one site after another, never to two at once. Sessions of different tokens, of
//! connected apps and of users do not end each other.

mod client;
mod connected_app;
pub mod content;
mod credentials;
mod error;
mod greeting;
pub mod jobs;
mod listing;
pub mod metadata;
pub mod page;
pub mod permissions;
mod remedy;
mod reply;
mod server;
mod session;
pub(crate) mod shapes;
mod sign_in;
mod sign_ins;
mod sites;
mod unified_access;
mod unreachable;
mod who;

pub use self::client::Tableau;
pub use self::credentials::Credentials;
pub use self::error::TableauError;
pub use self::greeting::Greeting;
pub use self::server::{InvalidServer, ServerUrl};
pub use self::session::Session;
pub use self::sign_in::{SHORT_LIFE, TESTED_API};
pub use self::sign_ins::SignIns;
pub use self::unified_access::UnifiedAccess;
pub use self::who::Who;
