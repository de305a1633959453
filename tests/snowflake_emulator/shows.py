"""SHOW statements and context functions, which fakesnow does not know: answered from what is known of the user.

The columns are those of docs.snowflake.com, "SHOW GRANTS", "SHOW WAREHOUSES" and "SHOW PARAMETERS", as far as clients read
them. Like Snowflake's, LIKE minds neither case nor `_`.
"""

import re
from collections.abc import Callable
from typing import Any

import sessions
from answers import Refused
from sessions import Session

Rows = tuple[list[str], list[list[str | None]]]

LIKE = re.compile(r"'((?:[^'\\]|''|\\.)*)'")


def grants(session: Session, role: str) -> Rows:
    """A role that is none of the user's, nor granted to one of them, may not be looked at. Names hold no dot here."""
    name = ".".join(sessions.folded(part) for part in role.strip().split("."))
    known = {*session.user.roles, *session.user.grants, "PUBLIC"}
    if name not in known:
        raise Refused("002003", f"SQL compilation error: Role '{name}' does not exist or not authorized.")
    columns = ["created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"]
    held = session.user.grants.get(name, [])
    return columns, [["2026-11-01", privilege, kind, of, "ROLE", name, "false", "SYSADMIN"] for privilege, kind, of in held]


def warehouses(session: Session, like: str) -> Rows:
    columns = ["name", "state", "type", "size", "is_default", "is_current", "auto_suspend", "auto_resume"]
    usual = {"state": "SUSPENDED", "type": "STANDARD", "size": "X-Small", "auto_suspend": "60", "auto_resume": "true"}
    pattern = re.compile(re.escape(unquoted(like)).replace("_", ".").replace("%", ".*"), re.IGNORECASE)
    rows = []
    for name in filter(pattern.fullmatch, session.user.warehouses):
        facts = usual | {"name": name} | session.user.warehouse_facts.get(name, {})
        rows.append([facts.get(column) for column in columns])
    return columns, rows


def parameters(session: Session, rest: str) -> Rows:
    """Of the user: what an account sets is shown where the user has nothing of its own."""
    columns = ["key", "value", "default", "level", "description", "type"]
    key = unquoted(rest).upper()
    value = session.user.parameters.get(key, "")
    return columns, [[key, value, "", "USER" if value else "", "", "STRING"]]


def unquoted(text: str) -> str:
    found = LIKE.search(text)
    return found[1].replace("''", "'").replace("\\\\", "\\") if found else "%"


SHOWS: list[tuple[re.Pattern[str], Callable[[Session, str], Rows]]] = [
    (re.compile(r"^\s*SHOW\s+GRANTS\s+TO\s+(?:DATABASE\s+)?ROLE\s+(.+?);?\s*$", re.IGNORECASE | re.DOTALL), grants),
    (re.compile(r"^\s*SHOW\s+WAREHOUSES(.*)$", re.IGNORECASE | re.DOTALL), warehouses),
    (re.compile(r"^\s*SHOW\s+PARAMETERS(.*)$", re.IGNORECASE | re.DOTALL), parameters),
]


def answer(session: Session, sql: str) -> dict[str, Any] | None:
    """The data of the answer, of a statement that is shown here."""
    for pattern, show in SHOWS:
        if found := pattern.match(sql):
            columns, rows = show(session, found[1])
            described = [{"name": name, "type": "text", "nullable": True} for name in columns]
            return {"rowtype": described, "rowset": rows, "total": len(rows), "queryResultFormat": "json", "parameters": []}
    return None


def with_context(session: Session, sql: str) -> str:
    """The statement with the values of context functions in their place."""
    role, warehouse = session.asked.get("roleName"), session.asked.get("warehouse")
    secondary = ",".join(session.user.secondary_roles)
    values = {
        "CURRENT_VERSION": "10.0.0",
        "CURRENT_USER": session.user.name,
        "CURRENT_ROLE": sessions.folded(role) if role else "PUBLIC",
        "CURRENT_WAREHOUSE": sessions.folded(warehouse) if warehouse else session.user.default_warehouse,
        "CURRENT_SECONDARY_ROLES": f'{{"roles":"{secondary}","value":"ALL"}}',
    }
    for function, value in values.items():
        literal = "NULL" if value is None else "'" + value.replace("'", "''") + "'"
        sql = re.sub(rf"\b{function}\(\)", lambda _: literal, sql)
    return sql
