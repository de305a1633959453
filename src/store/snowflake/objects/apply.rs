//! Applying the files: in order, each statement once, never over what is there.
//!
//! Before an object is created, Snowflake is asked whether it is there. What is there stays as it is, but for the
//! procedure, its functions and the view: those are replaced with their grants (COPY GRANTS), to bring a new version.
//! Network rules and external access integrations have no IF NOT EXISTS (docs.snowflake.com, "CREATE NETWORK RULE",
//! "CREATE EXTERNAL ACCESS INTEGRATION"), so for them it is the answer to that question which decides.
//!
//! Grants are given each time: that takes nothing away and does no harm twice.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::{File, Objects, ObjectsError};
use crate::store::StoreError;
use crate::store::snowflake::quoting::{identifier, literal};
use crate::store::snowflake::{Row, Session, SnowflakeError, SnowflakeStore};

const ROLE: &str = "take the role ACCOUNTADMIN";

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedFile {
    /// The file.
    pub name: &'static str,
    /// Whether it took ACCOUNTADMIN.
    pub needs_administrator: bool,
    /// What it creates, and what was found: `role "TABMAP_SYNC": created`.
    pub steps: Vec<String>,
    /// Why it was left out.
    pub left_out: Option<&'static str>,
}

/// The objects that were missing when this run first looked. After a lost answer they are there, and this run's own.
type Missing = Mutex<BTreeSet<String>>;

impl SnowflakeStore {
    /// Applies the files. What was applied stays when a later statement fails; applying again goes on from there.
    pub async fn apply_objects(&self, objects: &Objects) -> Result<Vec<AppliedFile>, ObjectsError> {
        if !objects.has_token {
            let missing = self.in_session(|session| {
                Box::pin(async move { Ok(is_secret_missing(&session, objects).await?) })
            });
            if missing.await.map_err(|source| refused(source, objects))? {
                return Err(ObjectsError::TokenMissing);
            }
        }
        let missing = &Missing::default();
        let mut applied = Vec::new();
        for file in &objects.files {
            let steps = match file.left_out {
                Some(_) => Vec::new(),
                None => self
                    .in_session(|session| Box::pin(async move { Ok(apply(&session, file, missing).await?) }))
                    .await
                    .map_err(|source| refused(source, objects))?,
            };
            let needs_administrator = file.needs_administrator();
            applied.push(AppliedFile {
                name: file.name,
                needs_administrator,
                steps,
                left_out: file.left_out,
            });
        }
        Ok(applied)
    }
}

/// Whether a file that would create a secret finds none, and so would need the token.
async fn is_secret_missing(session: &Session, objects: &Objects) -> Result<bool, SnowflakeError> {
    // Other roles may not see them.
    session.query(ROLE, "USE ROLE ACCOUNTADMIN").await?;
    for file in &objects.files {
        for object in file.statements.iter().filter_map(|statement| Object::created_by(statement)) {
            if object.kind == "SECRET" && object.found(session).await?.is_none() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

async fn apply(session: &Session, file: &File, missing: &Missing) -> Result<Vec<String>, SnowflakeError> {
    let mut steps: Vec<String> = Vec::new();
    let mut is_new = true;
    for statement in &file.statements {
        let Some(object) = Object::created_by(statement) else {
            // Completes what was created before it. Whoever disabled an integration since does not want it enabled.
            if is_new || !statement.starts_with("ALTER ") {
                session.query(file.doing, statement).await?;
            }
            continue;
        };
        let found = object.found(session).await?;
        let label = format!("{} {}", object.kind.to_lowercase(), object.qualified());
        is_new = is_own(missing, &label, found.is_none());
        let what = match (is_new, object.is_replaced) {
            (true, _) => "created",
            (false, true) => "replaced",
            (false, false) if found.as_ref().is_some_and(is_disabled) => "is there, and disabled",
            (false, false) => "is there",
        };
        if found.is_none() || object.is_replaced {
            session.execute(file.doing, statement).await?;
        }
        // A function has two signatures under its one name, of which the first says what was found.
        if !steps.iter().any(|step| step.starts_with(&label)) {
            steps.push(format!("{label}: {what}"));
        }
    }
    Ok(steps)
}

fn is_own(missing: &Missing, label: &str, is_missing: bool) -> bool {
    let mut missing = missing.lock().unwrap_or_else(PoisonError::into_inner);
    if is_missing {
        missing.insert(label.to_owned());
    }
    missing.contains(label)
}

/// Integrations show whether they are enabled (docs.snowflake.com, "SHOW INTEGRATIONS").
fn is_disabled(row: &Row) -> bool {
    row.iter().flatten().any(|column| column.eq_ignore_ascii_case("false"))
}

fn refused(source: StoreError, objects: &Objects) -> ObjectsError {
    let doing = match &source {
        StoreError::Snowflake(error) => error.doing,
        _ => "",
    };
    let first = objects.files.first().filter(|_| doing == ROLE);
    let file = first.or_else(|| objects.files.iter().find(|file| file.doing == doing));
    let help = match file {
        Some(file) if file.name == "50_refresh_procedure.sql" => {
            "a procedure or function of this name with other arguments is in the way: rename it (ALTER PROCEDURE … RENAME \
             TO …) or drop it yourself, then apply again, which goes on from here"
        }
        Some(file) if file.name == "40_map.sql" => {
            "a map with fewer columns must be upgraded first, by `tabmap init` as the role that owns it; then apply again, which goes \
             on from here"
        }
        Some(file) if file.needs_administrator() => {
            "this needs ACCOUNTADMIN: connect as somebody who may use that role, or give them what `--print` prints; then \
             apply again, which goes on from here"
        }
        _ => "apply again: it goes on from here",
    };
    ObjectsError::Refused { source, help }
}

/// What a statement creates.
struct Object {
    /// `NETWORK RULE`, in Snowflake's words.
    kind: String,
    /// From the outermost name inwards.
    names: Vec<String>,
    is_replaced: bool,
}

impl Object {
    /// Reads `CREATE [OR REPLACE] kind [IF NOT EXISTS] "name"` off a statement of ours, where every name is quoted.
    fn created_by(statement: &str) -> Option<Self> {
        let lines = statement.lines().skip_while(|line| line.starts_with("--") || line.is_empty());
        let text = lines.collect::<Vec<_>>().join("\n");
        let (words, names) = text.split_at(text.find('"')?);
        let words = words.strip_prefix("CREATE ")?;
        let (words, is_replaced) =
            words.strip_prefix("OR REPLACE ").map_or((words, false), |words| (words, true));
        let kind = words.trim_end().trim_end_matches("IF NOT EXISTS").trim_end().to_owned();
        Some(Self { kind, names: quoted_names(names), is_replaced })
    }

    fn qualified(&self) -> String {
        let names: Vec<_> = self.names.iter().map(|name| identifier(name)).collect();
        names.join(".")
    }

    /// What Snowflake shows of it. `SHOW … LIKE` minds neither case nor `_`, so the exact name must be in the row.
    async fn found(&self, session: &Session) -> Result<Option<Row>, SnowflakeError> {
        let Some((name, outer)) = self.names.split_last() else {
            return Ok(None);
        };
        let rows = match session.query("look for what exists already", &self.show(name, outer)).await {
            Err(error) if error.fault.is_object_missing() => return Ok(None), // The schema is not there either.
            rows => rows?,
        };
        Ok(rows.into_iter().find(|row| row.iter().flatten().any(|column| column == name)))
    }

    fn show(&self, name: &str, outer: &[String]) -> String {
        let kinds = match self.kind.as_str() {
            "FUNCTION" => "USER FUNCTIONS".to_owned(),
            kind if kind.ends_with("INTEGRATION") => "INTEGRATIONS".to_owned(),
            kind => format!("{kind}S"),
        };
        let within = match outer {
            [] => String::new(),
            [database] => format!(" IN DATABASE {}", identifier(database)),
            _ => {
                let names: Vec<_> = outer.iter().map(|name| identifier(name)).collect();
                format!(" IN SCHEMA {}", names.join("."))
            }
        };
        format!("SHOW {kinds} LIKE {}{within}", literal(name))
    }
}

/// `"a"."b""c"(…` as `a` and `b"c`.
fn quoted_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(inside) = rest.strip_prefix('"') {
        let mut name = String::new();
        let mut letters = inside.char_indices().peekable();
        let mut end = inside.len();
        while let Some((at, letter)) = letters.next() {
            if letter != '"' {
                name.push(letter);
            } else if letters.next_if(|(_, next)| *next == '"').is_some() {
                name.push('"');
            } else {
                end = at + 1;
                break;
            }
        }
        names.push(name);
        rest = &inside[end..];
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_creates_is_read_off_it() {
        let sql = "-- a comment; with a semicolon\nCREATE OR REPLACE PROCEDURE \"A\".\"b\"\"c\".\"P\"(\n    X VARCHAR";
        let object = Object::created_by(sql).unwrap();
        assert_eq!((object.kind.as_str(), object.is_replaced), ("PROCEDURE", true));
        assert_eq!(object.names, ["A", "b\"c", "P"]);
        assert_eq!(object.qualified(), r#""A"."b""c"."P""#);
        assert_eq!(object.show("P", &object.names[..2]), r#"SHOW PROCEDURES LIKE 'P' IN SCHEMA "A"."b""c""#);

        let role = Object::created_by("CREATE ROLE IF NOT EXISTS \"R\" COMMENT = 'x'").unwrap();
        assert_eq!(
            (role.kind.as_str(), role.is_replaced, role.qualified()),
            ("ROLE", false, "\"R\"".to_owned())
        );
        assert_eq!(role.show("R", &[]), "SHOW ROLES LIKE 'R'");
        let integration = Object::created_by("CREATE EXTERNAL ACCESS INTEGRATION \"I\"\n").unwrap();
        assert_eq!(integration.show("I", &[]), "SHOW INTEGRATIONS LIKE 'I'");
        assert!(Object::created_by("GRANT USAGE ON DATABASE \"A\" TO ROLE \"R\"").is_none());
    }
}
