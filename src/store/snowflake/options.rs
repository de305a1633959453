//! What a session asks of Snowflake.

use std::time::Duration;

/// What a session asks of Snowflake.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Stands beside every statement in Snowflake's query history.
    pub query_tag: String,
    /// How long Snowflake lets a statement run.
    pub statement_timeout: Duration,
    /// How long a statement waits for others that change the same table.
    pub lock_timeout: Duration,
    /// How long this program waits for a statement, before it aborts it.
    pub deadline: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            query_tag: concat!("tabmap ", env!("CARGO_PKG_VERSION")).to_owned(),
            statement_timeout: Duration::from_secs(900),
            lock_timeout: Duration::from_secs(300),
            deadline: Duration::from_secs(960),
        }
    }
}
