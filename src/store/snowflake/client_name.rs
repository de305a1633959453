//! The client that this program signs in as.

/// Results come as Arrow to the Go driver, which the crate pretends to be.
pub(super) const APP_ID: &str = "Go";

/// "Recommended client versions" on docs.snowflake.com sets the driver's minimum to 1.11.2 from 30 September 2026; the crate
/// claims to be 1.6.22.
pub(super) const APP_VERSION: &str = "1.18.0";
