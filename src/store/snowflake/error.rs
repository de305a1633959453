//! What can go wrong with Snowflake, told apart as far as callers act on it.

use std::fmt;
use std::time::Duration;

use miette::Diagnostic;
use thiserror::Error;

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
    /// The connection broke while a statement was under way: it may have been executed.
    #[error("lost the connection to Snowflake while a statement was under way ({reason})")]
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

    /// The fault of a failed answer. See "Key-pair authentication and key-pair rotation: troubleshooting" on
    /// docs.snowflake.com for 3943xx; the others are in the official drivers.
    pub(crate) fn from_code(code: &str, message: &str, query_id: Option<String>) -> Self {
        let (code, message) = (code.to_owned(), message.to_owned());
        match code.as_str() {
            "390104" | "390110" | "390111" | "390112" | "390113" | "390114" | "390115" | "390195" => {
                Self::SessionEnded { code, message }
            }
            _ => Self::Statement { code, message, query_id },
        }
    }

    fn help(&self) -> Option<&'static str> {
        let help = match self {
            Self::SignInRefused { code, .. } => match code.as_str() {
                "390100" => {
                    "check `account`, `user` and `password` of the connection; service users cannot use passwords any more: take a key pair or a programmatic access token"
                }
                "390144" | "394300" => {
                    "check that the user's RSA_PUBLIC_KEY belongs to the connection's private key (`DESC USER`), and that `account` and `user` are right"
                }
                "394302" | "394303" | "394304" | "394305" | "394306" => {
                    "the key pair's token was refused: check RSA_PUBLIC_KEY of the user, and this machine's clock, which may be at most 60 seconds off"
                }
                "394307" => {
                    "`account` of the connection and the host that was called belong to different accounts"
                }
                "390186" => "grant the role to the user, or name another `role` in the connection",
                "390201" => {
                    "create the warehouse or grant USAGE on it to the role, or name another `warehouse` in the connection"
                }
                "394400" => {
                    "the programmatic access token was removed or has expired, after 15 days if nobody said otherwise: make a new one with ALTER USER … ADD PROGRAMMATIC ACCESS TOKEN"
                }
                "390432" => {
                    "a programmatic access token works only for a user under a network policy: ALTER USER … SET NETWORK_POLICY"
                }
                "390303" | "390318" => {
                    "get a new OAuth token; the one of the connection is invalid or has expired"
                }
                _ => {
                    "check the connection's settings; `snow connection test` of the Snowflake CLI reads the same file"
                }
            },
            Self::SessionEnded { .. } => "run again",
            Self::Statement { code, .. } => match code.as_str() {
                "002003" | "002043" => {
                    "the object is missing, or the role of the connection may not see it: the database must exist, `tabmap \
                     init` creates the schema and the tables in it; the role needs USAGE on database and schema, and \
                     SELECT, INSERT, UPDATE and DELETE on the tables"
                }
                "000904" => "the table lacks a column: `tabmap init` upgrades it",
                "003001" => "grant the privilege to the role of the connection",
                "000606" => "name a `warehouse` in the connection, or give the user a default one",
                "000625" => "other statements wait for the same table: run again when they are done",
                "000630" => {
                    "the statement ran into STATEMENT_TIMEOUT_IN_SECONDS of the session or the warehouse: raise it, or use a larger warehouse"
                }
                "000604" => "somebody cancelled the statement: run again",
                _ => return None,
            },
            Self::Unreachable { .. } => {
                "check `account` or `host` of the connection, the network policy, and HTTPS_PROXY"
            }
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
