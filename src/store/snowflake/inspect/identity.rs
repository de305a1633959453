//! As whom a session is signed in.

use serde::Deserialize;

use crate::store::snowflake::{Session, SnowflakeError, sql};

/// As whom a session is signed in.
pub(super) struct Identity {
    pub(super) version: String,
    pub(super) user: String,
    pub(super) role: Option<String>,
    pub(super) warehouse: Option<String>,
    /// The roles whose privileges count beside those of the first.
    pub(super) secondary_roles: Vec<String>,
}

pub(super) async fn identity(session: &Session) -> Result<Identity, SnowflakeError> {
    let rows = session.query("ask who is signed in", sql::IDENTITY.trim_end()).await?;
    let mut columns = rows.into_iter().next().unwrap_or_default().into_iter();
    let mut next = || columns.next().flatten().filter(|text| !text.is_empty());
    Ok(Identity {
        version: next().unwrap_or_else(|| "of an unknown version".to_owned()),
        user: next().unwrap_or_default(),
        role: next(),
        warehouse: next(),
        secondary_roles: next().map(|json| roles_of(&json)).unwrap_or_default(),
    })
}

/// `{"roles":"A,B","value":"ALL"}`, as `CURRENT_SECONDARY_ROLES` answers.
fn roles_of(json: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Answer {
        roles: String,
    }
    let roles = serde_json::from_str::<Answer>(json).map(|answer| answer.roles).unwrap_or_default();
    roles.split(',').map(str::trim).filter(|role| !role.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secondary_roles_are_read_off_the_answer_and_none_where_there_are_none() {
        assert_eq!(roles_of(r#"{"roles":"A, B","value":"ALL"}"#), ["A", "B"]);
        for none in [r#"{"roles":"","value":""}"#, "", "null"] {
            assert!(roles_of(none).is_empty(), "{none}");
        }
    }
}
