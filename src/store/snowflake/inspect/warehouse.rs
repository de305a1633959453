//! What executes the statements of a session.

use super::identity::identity;
use crate::store::inspect::{Compute, Warehouse};
use crate::store::snowflake::quoting::literal;
use crate::store::snowflake::{Session, SnowflakeError};

pub(super) async fn compute(session: &Session) -> Result<Compute, SnowflakeError> {
    let Some(name) = identity(session).await?.warehouse else {
        return Ok(Compute::Missing);
    };
    let statement = format!("SHOW WAREHOUSES LIKE {}", literal(&name));
    let shown = session.shown("look at the warehouse", &statement).await?;
    // LIKE minds neither case nor `_`.
    let row = shown.into_iter().find(|row| row.get("name").is_some_and(|it| it.as_deref() == Some(&name)));
    let Some(mut row) = row else {
        return Ok(Compute::Hidden(name));
    };
    let mut text = |column: &str| row.remove(column).flatten().unwrap_or_default();
    Ok(Compute::Warehouse(Warehouse {
        state: text("state"),
        size: text("size"),
        // Both stand for never.
        auto_suspend: text("auto_suspend").parse().ok().filter(|seconds| *seconds > 0),
        auto_resume: text("auto_resume").eq_ignore_ascii_case("true"),
        name,
    }))
}
