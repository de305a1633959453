//! What `doctor` asks of Snowflake: statements that read and nothing else.

mod identity;
mod privileges;
mod warehouse;

use async_trait::async_trait;

use self::identity::identity;
use super::load::time;
use super::migrate::seen_tables;
use super::quoting::{identifier, literal};
use super::{SnowflakeStore, sql};
use crate::store::inspect::{Access, Clock, Compute, Inspect, Reached, RunGroup, TablesSeen, TokenPolicy};
use crate::store::{StoreError, rows};

/// The way to sign in that a network policy is asked of.
const ACCESS_TOKEN: &str = "PROGRAMMATIC_ACCESS_TOKEN";

#[async_trait]
impl Inspect for SnowflakeStore {
    async fn reach(&self) -> Result<Reached, StoreError> {
        let (clock, who) = self
            .in_session(|session| {
                Box::pin(async move {
                    let clock = Clock::Its(session.clock().await?);
                    Ok((clock, identity(&session).await?))
                })
            })
            .await?;
        let server = self.connection.server.as_str().trim_end_matches('/');
        let way = self.connection.authenticator.name();
        let said = vec![
            format!("the connection `{}` to {server}, Snowflake {}", self.connection.name, who.version),
            format!("signed in as user {}, authenticator {way}", who.user),
        ];
        Ok(Reached { said, clock })
    }

    async fn tables_seen(&self) -> Result<TablesSeen, StoreError> {
        self.in_session(|session| Box::pin(async move { seen_tables(&self.place, &session).await })).await
    }

    async fn access(&self) -> Result<Access, StoreError> {
        self.in_session(|session| {
            Box::pin(async move { Ok(privileges::access(&self.place, &session).await?) })
        })
        .await
    }

    async fn run_groups(&self) -> Result<Vec<RunGroup>, StoreError> {
        self.in_session(|session| {
            Box::pin(async move {
                let statement = self.place.tables.render(sql::RUN_GROUPS, &[]);
                let rows = session.query("read the runs", &statement).await;
                let rows = rows.map_err(|error| self.place.not_initialised(error))?.into_iter();
                let groups = rows.map(|texts| rows::run_group(texts, time)).collect::<Result<_, _>>();
                groups.map_err(self.place.unreadable(&self.place.tables.runs))
            })
        })
        .await
    }

    async fn compute(&self) -> Result<Compute, StoreError> {
        self.in_session(|session| Box::pin(async move { Ok(warehouse::compute(&session).await?) })).await
    }

    async fn token_policy(&self) -> Result<TokenPolicy, StoreError> {
        let way = self.connection.authenticator.name();
        if way != ACCESS_TOKEN {
            return Ok(TokenPolicy::NoToken(format!("authenticator {way}")));
        }
        self.in_session(|session| {
            Box::pin(async move {
                let user = identity(&session).await?.user;
                // Shows the account's policy where the user has none.
                let statement = format!(
                    "SHOW PARAMETERS LIKE {} IN USER {}",
                    literal("NETWORK_POLICY"),
                    identifier(&user)
                );
                let shown = session.shown("look for the network policy", &statement).await?;
                let policy = shown.into_iter().next().and_then(|mut row| row.remove("value").flatten());
                Ok(match policy.filter(|policy| !policy.is_empty()) {
                    Some(policy) => TokenPolicy::Policy(policy),
                    None => TokenPolicy::Missing { user },
                })
            })
        })
        .await
    }
}
