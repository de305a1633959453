//! What a statement of ours creates, and the question whether it is there.

use crate::store::snowflake::quoting::{identifier, literal};
use crate::store::snowflake::{Row, Session, SnowflakeError};

const LOOK: &str = "look for what exists already";

/// What a statement creates.
pub(super) struct Object {
    /// `NETWORK RULE`, in Snowflake's words.
    pub(super) kind: String,
    /// From the outermost name inwards.
    names: Vec<String>,
    pub(super) is_replaced: bool,
}

impl Object {
    /// Reads `CREATE [OR REPLACE] kind [IF NOT EXISTS] "name"` off a statement of ours, where every name is quoted.
    pub(super) fn created_by(statement: &str) -> Option<Self> {
        let lines = statement.lines().skip_while(|line| line.starts_with("--") || line.is_empty());
        let text = lines.collect::<Vec<_>>().join("\n");
        let (words, names) = text.split_at(text.find('"')?);
        let words = words.strip_prefix("CREATE ")?;
        let (words, is_replaced) =
            words.strip_prefix("OR REPLACE ").map_or((words, false), |words| (words, true));
        let kind = words.trim_end().trim_end_matches("IF NOT EXISTS").trim_end().to_owned();
        Some(Self { kind, names: quoted_names(names), is_replaced })
    }

    pub(super) fn qualified(&self) -> String {
        let names: Vec<_> = self.names.iter().map(|name| identifier(name)).collect();
        names.join(".")
    }

    /// What Snowflake shows of it, if it is there. `SHOW … LIKE` minds neither case nor `_`, so the exact name must be
    /// in the row.
    pub(super) async fn shown(&self, session: &Session) -> Result<Option<Vec<Row>>, SnowflakeError> {
        let Some((name, outer)) = self.names.split_last() else {
            return Ok(None);
        };
        let rows = match session.query(LOOK, &self.show(name, outer)).await {
            Err(error) if error.fault.is_object_missing() => return Ok(None), // The schema is not there either.
            rows => rows?,
        };
        let Some(row) = rows.into_iter().find(|row| row.iter().flatten().any(|column| column == name)) else {
            return Ok(None);
        };
        let mut rows = vec![row];
        if self.is_integration() || self.kind == "NETWORK RULE" {
            let describe = format!("DESCRIBE {} {}", self.kind, self.qualified());
            rows.extend(session.query(LOOK, &describe).await?);
        }
        Ok(Some(rows))
    }

    pub(super) fn is_integration(&self) -> bool {
        self.kind.ends_with("INTEGRATION")
    }

    fn show(&self, name: &str, outer: &[String]) -> String {
        let kinds = match self.kind.as_str() {
            "FUNCTION" => "USER FUNCTIONS".to_owned(),
            _ if self.is_integration() => "INTEGRATIONS".to_owned(),
            kind => kind.strip_suffix('Y').map_or_else(|| format!("{kind}S"), |stem| format!("{stem}IES")),
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
        let images = Object::created_by("CREATE IMAGE REPOSITORY IF NOT EXISTS \"A\".\"B\".\"C\"").unwrap();
        assert_eq!(
            images.show("C", &images.names[..2]),
            r#"SHOW IMAGE REPOSITORIES LIKE 'C' IN SCHEMA "A"."B""#
        );
        assert!(Object::created_by("GRANT USAGE ON DATABASE \"A\" TO ROLE \"R\"").is_none());
    }
}
