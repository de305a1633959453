//! What the role of a session may do with the map: the privileges that SHOW GRANTS shows, of the role, of those that it
//! inherits, and of the session's secondary roles.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::identity;
use crate::store::inspect::Access;
use crate::store::snowflake::migrate::found_columns;
use crate::store::snowflake::place::Place;
use crate::store::snowflake::quoting::identifier;
use crate::store::snowflake::session::Shown;
use crate::store::snowflake::{Session, SnowflakeError};

/// More roles than this one inherits are not looked at.
const MOST_ROLES: usize = 50;

/// What a sync does with each of the tables.
const WRITES: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Of one kind of object and one name, the privileges.
type Held = BTreeMap<(String, Vec<String>), BTreeSet<String>>;

pub(super) async fn access(place: &Place, session: &Session) -> Result<Access, SnowflakeError> {
    let who = identity(session).await?;
    let Some(role) = who.role else {
        return Ok(Access {
            missing: vec!["the session has no role".to_owned()],
            remedy: vec![format!(
                "name a `role` in the connection, or ALTER USER {} SET DEFAULT_ROLE = …",
                identifier(&who.user)
            )],
            ..Access::default()
        });
    };
    let held = held(session, std::iter::once(role.clone()).chain(who.secondary_roles.clone())).await?;
    let tables = &place.tables;
    let found = found_columns(session, tables).await?;
    let is_there = |table: &&String| found.contains_key(*table);
    let all = [&tables.resources, &tables.runs, &tables.changes];
    let (database, schema) =
        (vec![tables.database.clone()], vec![tables.database.clone(), tables.schema.clone()]);
    let mut needed = vec![("DATABASE", database, vec!["USAGE"]), ("SCHEMA", schema.clone(), vec!["USAGE"])];
    if !all.iter().all(is_there) {
        needed.push(("SCHEMA", schema.clone(), vec!["CREATE TABLE"]));
    }
    needed.extend(all.into_iter().filter(is_there).map(|table| {
        let name = [&schema[..], std::slice::from_ref(table)].concat();
        ("TABLE", name, WRITES.to_vec())
    }));

    let secondary = match who.secondary_roles.as_slice() {
        [] => String::new(),
        roles => format!(", and the secondary roles {}", roles.join(", ")),
    };
    let mut access = Access { held: vec![format!("role {role}{secondary}")], ..Access::default() };
    for (kind, name, privileges) in needed {
        let lacking = lacking(&held, kind, &name, &privileges).join(", ");
        if !lacking.is_empty() {
            let name = name.iter().map(|part| identifier(part)).collect::<Vec<_>>().join(".");
            access.missing.push(format!("no {lacking} on {} {name}", kind.to_lowercase()));
            access.remedy.push(format!("GRANT {lacking} ON {kind} {name} TO ROLE {};", identifier(&role)));
        }
    }
    Ok(access)
}

/// The privileges that are needed and not held. Who owns an object may do everything with it.
fn lacking<'a>(held: &Held, kind: &str, name: &[String], needed: &[&'a str]) -> Vec<&'a str> {
    let of_object = held.get(&(kind.to_owned(), name.to_vec()));
    let has = |privilege: &str| of_object.is_some_and(|held| held.contains(privilege));
    if has("OWNERSHIP") || has("ALL") {
        return Vec::new();
    }
    needed.iter().filter(|privilege| !has(privilege)).copied().collect()
}

/// All privileges of some roles and of those that they inherit, PUBLIC's among them.
async fn held(session: &Session, roles: impl Iterator<Item = String>) -> Result<Held, SnowflakeError> {
    let (mut held, mut seen) = (Held::new(), BTreeSet::new());
    let of_account = |role: String| ("ROLE".to_owned(), vec![role]);
    let mut pending: Vec<_> = roles.chain(["PUBLIC".to_owned()]).map(of_account).collect();
    while let Some((kind, name)) = pending.pop() {
        if seen.len() == MOST_ROLES || !seen.insert((kind.clone(), name.clone())) {
            continue;
        }
        let role = name.iter().map(|part| identifier(part)).collect::<Vec<_>>().join(".");
        let statement = format!("SHOW GRANTS TO {kind} {role}");
        for row in session.shown("read the privileges of a role", &statement).await? {
            let Some((privilege, kind, name)) = grant(&row) else { continue };
            if privilege == "USAGE" && ["ROLE", "DATABASE ROLE"].contains(&&*kind) {
                pending.push((kind.clone(), name.clone()));
            }
            held.entry((kind, name)).or_default().insert(privilege);
        }
    }
    Ok(held)
}

/// A privilege, on what kind of object, and on which.
fn grant(row: &Shown) -> Option<(String, String, Vec<String>)> {
    let text = |column: &str| row.get(column)?.clone();
    Some((text("privilege")?, text("granted_on")?.replace('_', " "), parts(&text("name")?)))
}

/// The parts of a name as Snowflake shows it: `DB.SCHEMA."my.table"`.
fn parts(name: &str) -> Vec<String> {
    let (mut parts, mut is_quoted) = (vec![String::new()], false);
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                parts.last_mut().into_iter().for_each(|part| part.push('"'));
            }
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(String::new()),
            letter => parts.last_mut().into_iter().for_each(|part| part.push(letter)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_snowflake_shows_it() {
        for (name, expected) in [
            ("DB", &["DB"][..]),
            ("DB.PUBLIC.T", &["DB", "PUBLIC", "T"]),
            (r#"DB."my.schema"."a""b""#, &["DB", "my.schema", "a\"b"]),
        ] {
            assert_eq!(parts(name), expected, "{name}");
        }
    }

    #[test]
    fn an_owner_lacks_nothing_and_others_lack_what_they_do_not_hold() {
        let name = vec!["DB".to_owned()];
        let of = |held: &[&str]| {
            let held = held.iter().map(|one| (*one).to_owned()).collect();
            Held::from([(("TABLE".to_owned(), name.clone()), held)])
        };
        for (held, expected) in [
            (of(&["OWNERSHIP"]), &[][..]),
            (of(&["SELECT", "INSERT", "UPDATE", "DELETE"]), &[]),
            (of(&["SELECT", "REFERENCES"]), &["INSERT", "UPDATE", "DELETE"]),
            (Held::new(), &WRITES),
        ] {
            assert_eq!(lacking(&held, "TABLE", &name, &WRITES), expected);
        }
    }
}
