//! One session: statements in, rows of text out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, NullArray, RecordBatch};
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::Value;
use snowflake_api::{
    AuthArgs, AuthType, CertificateArgs, PasswordArgs, QueryResult, SnowflakeApi, SnowflakeApiBuilder,
};

use super::connection::Connection;
use super::error::{Fault, SnowflakeError};
use super::options::SessionOptions;
use super::transport::{Exchange, Repeatable, Transport};

/// One row: the columns as text.
pub type Row = Vec<Option<String>>;

/// One row of a statement that shows something: its columns by their names, in lower case.
pub type Shown = BTreeMap<String, Option<String>>;

/// A session. It signs in with its first statement, and never again: temporary tables would be gone.
pub struct Session {
    api: SnowflakeApi,
    transport: Arc<Transport>,
}

impl Session {
    /// A session that has not signed in yet.
    pub fn new(connection: &Connection, options: SessionOptions) -> Result<Self, SnowflakeError> {
        let doing = "prepare the connection to Snowflake";
        let transport =
            Transport::new(connection.clone(), options).map_err(|fault| SnowflakeError { doing, fault })?;
        let auth = AuthArgs {
            account_identifier: connection.account.clone(),
            username: connection.user.clone().unwrap_or_default(),
            // Left out here and added in the transport: the crate changes the case of names, and has no tokens.
            warehouse: None,
            database: None,
            schema: None,
            role: None,
            auth_type: match connection.authenticator.private_key() {
                Some(key) => {
                    AuthType::Certificate(CertificateArgs { private_key_pem: key.expose_secret().to_owned() })
                }
                None => AuthType::Password(PasswordArgs { password: String::new() }),
            },
        };
        let api = SnowflakeApiBuilder::new(auth).with_client(transport.client()).build();
        let api =
            api.map_err(|error| SnowflakeError { doing, fault: Fault::Answer { what: error.to_string() } })?;
        Ok(Self { api, transport })
    }

    /// Runs a statement that does no harm when it is executed twice: a query, or one that finds its work done.
    pub async fn query(&self, doing: &'static str, sql: &str) -> Result<Vec<Row>, SnowflakeError> {
        self.run(doing, sql, Repeatable::Yes).await
    }

    /// Runs a SHOW statement. Snowflake adds columns to what it shows, so they are told apart by their names.
    pub async fn shown(&self, doing: &'static str, sql: &str) -> Result<Vec<Shown>, SnowflakeError> {
        let result = self.send(doing, sql, Repeatable::Yes).await?;
        let names: Vec<_> = match &result {
            QueryResult::Json(result) => {
                result.schema.iter().map(|column| column.name.to_lowercase()).collect()
            }
            QueryResult::Arrow(_) | QueryResult::Empty => Vec::new(),
        };
        let rows = rows_of(result).map_err(|what| SnowflakeError { doing, fault: Fault::Answer { what } })?;
        Ok(rows.into_iter().map(|row| names.iter().cloned().zip(row).collect()).collect())
    }

    /// How far Snowflake's clock is ahead of this machine's, at the least; `None` where its answer has no date. Needs no
    /// sign-in.
    pub async fn clock(&self) -> Result<Option<SignedDuration>, SnowflakeError> {
        let doing = "reach Snowflake";
        self.transport.clock().await.map_err(|fault| SnowflakeError { doing, fault })
    }

    /// Runs a statement that changes something, once. Returns the counts that Snowflake answers: rows inserted,
    /// updated, deleted, as far as the statement has them.
    pub async fn execute(&self, doing: &'static str, sql: &str) -> Result<Vec<u64>, SnowflakeError> {
        let rows = self.run(doing, sql, Repeatable::No).await?;
        let counts = rows.first().into_iter().flatten();
        Ok(counts.filter_map(|count| count.as_ref()?.parse().ok()).collect())
    }

    async fn run(
        &self,
        doing: &'static str,
        sql: &str,
        repeatable: Repeatable,
    ) -> Result<Vec<Row>, SnowflakeError> {
        let result = self.send(doing, sql, repeatable).await?;
        rows_of(result).map_err(|what| SnowflakeError { doing, fault: Fault::Answer { what } })
    }

    async fn send(
        &self,
        doing: &'static str,
        sql: &str,
        repeatable: Repeatable,
    ) -> Result<QueryResult, SnowflakeError> {
        let exchange = Exchange::new(repeatable);
        let result = exchange.during(self.api.exec(sql)).await;
        let query_id = exchange.query_id();
        tracing::debug!(doing, query_id, "ran a statement in snowflake");
        result.map_err(|error| {
            let fault = exchange.into_fault().unwrap_or_else(|| Fault::Answer { what: error.to_string() });
            SnowflakeError { doing, fault }
        })
    }

    /// Aborts what is running, and returns when Snowflake was told: for Ctrl-C.
    pub async fn abort_running(&self) {
        self.transport.abort_running().await;
    }

    /// Ends the session, and with it its temporary tables.
    pub async fn close(&self) -> Result<(), SnowflakeError> {
        self.transport.abort_running().await;
        let doing = "close the Snowflake session";
        self.transport.close().await.map_err(|fault| SnowflakeError { doing, fault })
    }
}

fn rows_of(result: QueryResult) -> Result<Vec<Row>, String> {
    match result {
        QueryResult::Empty => Ok(Vec::new()),
        QueryResult::Arrow(batches) => {
            let mut rows = Vec::new();
            for batch in &batches {
                append(batch, &mut rows)?;
            }
            Ok(rows)
        }
        QueryResult::Json(result) => match result.value {
            Value::Array(rows) => rows.into_iter().map(row_of_json).collect(),
            _ => Err("the rows are not an array".to_owned()),
        },
    }
}

/// The type of a number or time depends on its values, so every query here selects text.
fn append(batch: &RecordBatch, rows: &mut Vec<Row>) -> Result<(), String> {
    let start = rows.len();
    rows.resize_with(start + batch.num_rows(), || Vec::with_capacity(batch.num_columns()));
    for (index, column) in batch.columns().iter().enumerate() {
        if let Some(texts) = column.as_string_opt::<i32>() {
            for (row, text) in rows[start..].iter_mut().zip(texts.iter()) {
                row.push(text.map(str::to_owned));
            }
        } else if column.as_any().is::<NullArray>() {
            rows[start..].iter_mut().for_each(|row| row.push(None));
        } else {
            return Err(format!("column {} is {}, not text", index + 1, column.data_type()));
        }
    }
    Ok(())
}

fn row_of_json(row: Value) -> Result<Row, String> {
    let Value::Array(columns) = row else {
        return Err("a row is not an array".to_owned());
    };
    let text = |value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    Ok(columns.into_iter().map(text).collect())
}
