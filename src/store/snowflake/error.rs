//! What can go wrong with Snowflake, told apart as far as callers act on it.

use std::fmt;
use std::time::Duration;

use miette::Diagnostic;
use thiserror::Error;

use super::refusals;

/// A failure of Snowflake, with what was being done.
#[derive(Debug, Error)]
#[error("could not {doing}")]
pub struct SnowflakeError {
    /// Such as "load the map".
    pub doing: &'static str,
    /// What went wrong.
    #[source]
    pub fault: Fault,
}

/// What went wrong.
#[derive(Debug, Error)]
pub enum Fault {
    /// Sign-in was refused. Trying again changes nothing and may lock the user.
    #[error("Snowflake refused to sign in (code {code}): {message}")]
    SignInRefused {
        /// Snowflake's code.
        code: String,
        /// Snowflake's words.
        message: String,
        /// What to do about it, by the code and the way to sign in.
        remedy: &'static str,
    },
    /// There was nothing to sign in with, so Snowflake was not asked.
    #[error("could not get the token to sign in to Snowflake with: {reason}")]
    NoToken {
        /// Which token, and why.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The session is over: what lived in it (temporary tables) is gone, and one must sign in again.
    #[error("the Snowflake session ended (code {code}): {message}")]
    SessionEnded {
        /// Snowflake's code.
        code: String,
        /// Snowflake's words.
        message: String,
    },
    /// A statement failed.
    #[error("Snowflake rejected a statement (code {code}{}): {message}", in_query(query_id.as_ref()))]
    Statement {
        /// Snowflake's code.
        code: String,
        /// Snowflake's words.
        message: String,
        /// The statement in Snowflake's query history.
        query_id: Option<String>,
    },
    /// Nothing reached Snowflake.
    #[error("could not reach Snowflake at {server}")]
    Unreachable {
        /// Scheme, host and port.
        server: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The connection broke while a statement was running: it may have been executed.
    #[error("lost the connection to Snowflake while a statement was running ({reason})")]
    ConnectionLost {
        /// How.
        reason: String,
    },
    /// The statement took longer than this program waits for one. It was told to stop, and may have been executed.
    #[error("a statement took longer than {} seconds and was aborted", limit.as_secs())]
    DeadlinePassed {
        /// How long this program waits.
        limit: Duration,
    },
    /// The answer was none of Snowflake's.
    #[error("Snowflake's answer could not be understood: {what}")]
    Answer {
        /// Status, type and start of the body, or what is missing.
        what: String,
    },
}

fn in_query(query_id: Option<&String>) -> String {
    query_id.map(|id| format!(", query {id}")).unwrap_or_default()
}

impl Fault {
    /// Snowflake's code, where it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::SignInRefused { code, .. }
            | Self::SessionEnded { code, .. }
            | Self::Statement { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the statement may or may not have been executed.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. } | Self::DeadlinePassed { .. })
    }

    /// Whether a new session is needed.
    #[must_use]
    pub fn is_session_ended(&self) -> bool {
        matches!(self, Self::SessionEnded { .. })
    }

    /// Whether a table, column, schema or database is missing, or hidden from the role: Snowflake does not say which.
    #[must_use]
    pub fn is_object_missing(&self) -> bool {
        matches!(self, Self::Statement { code, .. } if ["002003", "002043", "000904"].contains(&code.as_str()))
    }

    /// The fault of a failed answer. The codes are in the official drivers.
    pub(crate) fn from_code(code: &str, message: &str, query_id: Option<String>) -> Self {
        let (code, message) = (code.to_owned(), message.to_owned());
        match code.as_str() {
            "390104" | "390110" | "390111" | "390112" | "390113" | "390114" | "390115" | "390195" => {
                Self::SessionEnded { code, message }
            }
            _ => Self::Statement { code, message, query_id },
        }
    }

    pub(super) fn help(&self) -> Option<&'static str> {
        let help = match self {
            Self::SignInRefused { remedy, .. } | Self::NoToken { remedy, .. } => remedy,
            Self::SessionEnded { .. } => "run again",
            Self::Statement { code, .. } => match code.as_str() {
                "002003" | "002043" => {
                    "the object is missing, or the role of the connection may not see it: the database must exist (`tabmap \
                     init` creates it where `create_database = true` stands under `[snowflake]`), and `tabmap init` creates the \
                     schema and the tables in it; the role needs USAGE on database and schema, and \
                     SELECT, INSERT, UPDATE and DELETE on the tables"
                }
                "000904" => "the table lacks a column: `tabmap init` upgrades it",
                "003001" => "grant the privilege to the role of the connection",
                "000606" => "name a `warehouse` in the connection, or give the user a default one",
                "090073" | "100090" => {
                    "a resource monitor has suspended the warehouse until its quota is renewed: ask ACCOUNTADMIN to raise the quota (ALTER RESOURCE MONITOR … SET CREDIT_QUOTA), or name another `warehouse` in the connection"
                }
                "000625" => "other statements wait for the same table: run again when they are done",
                "000630" => {
                    "the statement ran into STATEMENT_TIMEOUT_IN_SECONDS of the session or the warehouse: raise it, or use a larger warehouse"
                }
                "000604" => "somebody cancelled the statement: run again",
                _ => return None,
            },
            Self::Unreachable { source, .. } => refusals::unreachable(source),
            Self::ConnectionLost { .. } | Self::DeadlinePassed { .. } => {
                "run again: the next run finds out what became of this one"
            }
            Self::Answer { .. } => {
                "something between this machine and Snowflake may have answered instead (a proxy, a network policy); check `host` of the connection"
            }
        };
        Some(help)
    }
}

impl Diagnostic for SnowflakeError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new("tabmap::snowflake"))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.fault.help().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_by_what_a_caller_does_next() {
        for code in ["390104", "390111", "390112", "390114"] {
            assert!(Fault::from_code(code, "", None).is_session_ended(), "{code}");
        }
        assert!(Fault::from_code("002003", "", None).is_object_missing());
        let waiting = Fault::from_code("000625", "too many", Some("01b".into()));
        assert!(!waiting.is_session_ended() && !waiting.is_object_missing() && !waiting.is_outcome_unknown());
        assert_eq!(waiting.code(), Some("000625"));
        assert_eq!(waiting.to_string(), "Snowflake rejected a statement (code 000625, query 01b): too many");
    }
}
