"""Statements: run, answered late, polled for, aborted, timed out; and the log of all of them."""

import asyncio
import contextlib
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import duckdb
import fakesnow.server as fakesnow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import control
import results
import sessions
import shows
from answers import Refused, body_of, statement_failed, succeeded
from sessions import Session

SLOW_AFTER = 45.0

# docs.snowflake.com "Query size limits" asks for at most 1 MB of text per statement; here it is a rule.
LONGEST_TEXT = 1_000_000

WAIT = re.compile(r"^\s*(?:select|call)\s+system\$wait\(\s*([\d.]+)\s*\)", re.IGNORECASE)

# fakesnow empties the table before it reads the query, which may be of the same table.
OVERWRITE = re.compile(r"^(?P<insert>.*?INSERT\s+OVERWRITE\s+INTO\s+\S+\s+)(?P<query>SELECT.*)$", re.IGNORECASE | re.DOTALL)

# fakesnow knows no parameters; each is kept as it is written.
ALTER_SESSION = re.compile(r"^\s*ALTER\s+SESSION\s+SET\s+(.*)$", re.IGNORECASE | re.DOTALL)
PARAMETER = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.|'')*'|\w+)")

# What fakesnow turns into several DuckDB statements.
SEVERAL = re.compile(r"^\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*(?:merge|insert\s+overwrite)\b", re.IGNORECASE | re.DOTALL)


# DuckDB takes no full name of a temporary table: such a one is found by its last name, in a session that has a schema.
TEMPORARY = re.compile(
    r'^\s*CREATE\s+(?:OR\s+REPLACE\s+)?TEMPORARY\s+TABLE\s+(?P<schema>"[^"]+"\."[^"]+")\.(?P<table>"[^"]+")', re.IGNORECASE
)


def with_last_names(session: Session, sql: str) -> str:
    if made := TEMPORARY.match(sql):
        session.connection.cursor().execute(f"USE SCHEMA {made['schema']}")
        session.temporary[f"{made['schema']}.{made['table']}"] = made["table"]
    for full, last in session.temporary.items():
        sql = sql.replace(full, last)
    return sql


# fakesnow makes functions of its own in each database, and DuckDB looks for them in the current one.
DATABASE = re.compile(r'"(?P<name>[^".]+)"\."[^"]+"\."')


def find_functions(session: Session, sql: str) -> None:
    if (named := DATABASE.search(sql)) and not session.connection.database_set:
        with contextlib.suppress(duckdb.Error):
            session.connection._duck_conn.execute(f"SET schema='{named['name']}.main'")  # noqa: SLF001


@dataclass
class Statement:
    session: Session
    sql: str
    request_id: str
    query: dict[str, str]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: str = "running"  # then `ok`, `stood in`, an error code, or `dropped`
    aborted: bool = False
    executed: bool = False
    task: "asyncio.Task[Response] | None" = None

    def entry(self) -> dict[str, Any]:
        return {
            "user": self.session.user.name,
            "session": self.session.number,
            "parameters": self.session.parameters,
            "sql": self.sql,
            "request_id": self.request_id,
            "query_id": self.id,
            "query": self.query,
            "outcome": self.outcome,
            "aborted": self.aborted,
            "executed": self.executed,
        }


statements: list[Statement] = []
aborts: list[dict[str, Any]] = []


async def submit(request: Request) -> Response:
    try:
        session = sessions.of(request)
        body = await body_of(request)
    except Refused as refused:
        return refused.answer()
    statement = Statement(session, body["sqlText"], request.query_params.get("requestId", ""), dict(request.query_params))
    statements.append(statement)
    fault = control.taken("statement", session.user.name, statement.sql)
    if fault and fault.before and (answer := await fault.answer(request, session)):
        statement.outcome = fault.code
        return answer
    # A task of its own: like Snowflake, it finishes a statement whose client is gone.
    statement.task = asyncio.create_task(timed(statement, body, request, fault))
    answer = await answered(statement)
    if fault and "rowless" in fault.action:
        return results.without_rows(answer)
    if fault and not fault.before:
        late = await fault.answer(request, session)
        if late:
            statement.outcome = fault.code
            return late
    return answer


async def poll(request: Request) -> Response:
    try:
        session = sessions.of(request)
    except Refused as refused:
        return refused.answer()
    if (fault := control.taken("poll", session.user.name, "")) and (answer := await fault.answer(request, session)):
        return answer
    for statement in statements:
        if statement.id == request.path_params["query_id"] and statement.session is session:
            return await answered(statement, again=True)
    return Refused("000709", "Statement not found.").answer()


async def answered(statement: Statement, again: bool = False) -> Response:
    assert statement.task
    done, _ = await asyncio.wait([statement.task], timeout=SLOW_AFTER)
    if done:
        return statement.task.result()
    data = {
        "getResultUrl": f"/queries/{statement.id}/result",
        "queryAbortsAfterSecs": 300,
        "queryId": statement.id,
        "progressDesc": None,
    }
    code = "333334" if again else "333333"
    return JSONResponse({"data": data, "code": code, "message": "Query execution in progress", "success": True})


async def timed(statement: Statement, body: dict[str, Any], request: Request, fault: "control.Fault | None") -> Response:
    limit = float(statement.session.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS", 172_800))
    try:
        answer = await asyncio.wait_for(run(statement, body, request, fault), limit)
        return answer
    except TimeoutError:
        statement.outcome = "000630"
        message = f"Statement reached its statement or warehouse timeout of {limit:.0f} second(s) and was canceled."
        return statement_failed("000630", message, statement.id, "57014")
    except asyncio.CancelledError:
        statement.outcome = "000604"
        return statement_failed("000604", "SQL execution canceled", statement.id, "57014")


async def run(statement: Statement, body: dict[str, Any], request: Request, fault: "control.Fault | None") -> Response:
    if fault and fault.before:
        await fault.pause()
    if len(statement.sql.encode()) > LONGEST_TEXT:
        statement.outcome = "000603"
        return statement_failed("000603", "The statement's text is longer than 1 MB.", statement.id)
    stand_in = fault.stand_in(statement.sql) if fault else None
    if stand_in:
        body = body | {"sqlText": stand_in}
    if wait := WAIT.match(statement.sql):
        await asyncio.sleep(float(wait[1]))
        body = body | {"sqlText": f"SELECT 'waited {wait[1]} seconds' AS \"SYSTEM$WAIT\""}
    if set_parameters := ALTER_SESSION.match(statement.sql):
        statement.session.parameters |= {name: value for name, value in PARAMETER.findall(set_parameters[1])}
        body = body | {"sqlText": "SELECT 'Statement executed successfully.' AS \"status\""}
    try:
        if shown := shows.answer(statement.session, body["sqlText"]):
            statement.executed, statement.outcome = True, "ok"
            return results.completed(shown, statement.id, statement.sql, statement.session.user.name)
    except Refused as refused:
        statement.outcome = refused.code
        return statement_failed(refused.code, refused.message, statement.id)
    body = body | {"sqlText": shows.with_context(statement.session, body["sqlText"])}
    async with sessions.one_at_a_time:
        find_functions(statement.session, body["sqlText"])
        body = body | {"sqlText": with_last_names(statement.session, body["sqlText"])}
        if overwrite := OVERWRITE.match(statement.sql):
            kept = body | {"sqlText": f"CREATE OR REPLACE TEMPORARY TABLE EMULATOR_KEPT AS {overwrite['query']}"}
            await execute(statement.session, kept, request)
            body = body | {"sqlText": f"{overwrite['insert']} SELECT * FROM EMULATOR_KEPT"}
        answer = await execute(statement.session, body, request)
    statement.executed = True
    if fault and not fault.before:
        await fault.pause()
    content = json.loads(answer.body)
    if not content["success"]:
        statement.outcome = content["code"]
        state = (content.get("data") or {}).get("sqlState", "42000")
        return statement_failed(content["code"], content["message"], statement.id, state)
    statement.outcome = "stood in" if stand_in else "ok"
    return results.completed(content["data"], statement.id, statement.sql, statement.session.user.name)


async def execute(session: Session, body: dict[str, Any], request: Request) -> Response:
    """fakesnow executes in a thread, which goes on when the task is cancelled: the statement ends with the thread.

    It is interrupted then, unless it is several for DuckDB: those are whole or nothing for Snowflake, so an abort
    comes too late for them.
    """
    work = asyncio.ensure_future(fakesnow.query_request(sessions.with_body(request, body, session.token)))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            if not SEVERAL.match(body["sqlText"]):
                session.connection._duck_conn.interrupt()  # noqa: SLF001
            await asyncio.wait([work], timeout=0.01)
        raise


async def abort(request: Request) -> Response:
    try:
        session = sessions.of(request)
    except Refused as refused:
        return refused.answer()
    wanted = (await body_of(request)).get("requestId")
    aborts.append({"user": session.user.name, "request_id": wanted})
    if (fault := control.taken("abort", session.user.name, "")) and (answer := await fault.answer(request, session)):
        return answer
    for statement in statements:
        if statement.session is session and statement.request_id == wanted and statement.task:
            if not statement.task.done() and not statement.aborted:
                statement.aborted = True
                statement.task.cancel()
            return succeeded(None)
    return Refused("000605", "Identified SQL statement is not currently executing.").answer()
