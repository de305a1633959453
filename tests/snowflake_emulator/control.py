"""What only tests may do: add users and databases, arm faults, hold statements, run SQL aside, read the log."""

import asyncio
import itertools
import re
from dataclasses import dataclass, field
from typing import Any

import fakesnow.server as fakesnow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import accounts
import identity_provider
import sessions
import statements
from answers import Refused, statement_failed

BASE = ""  # this server's own address, learnt from the first request


@dataclass
class Fault:
    """Something that goes wrong at `at` (statement, login, token, renew, close, poll, abort, key, chunk), `times` times.

    One `action` each: {"code", "message"?, "null"?} answers an error; {"http", "body"?} another HTTP status;
    {"drop"} closes the connection without an answer; {"endless"} answers white space for ever; {"expire": "session" | "both"} lets tokens expire;
    {"forget"} ends the session; {"hold"} waits for the release; {"wait": seconds} is slow; {"sql"} runs this statement
    in its place, for what fakesnow does not know (`\\1` is the first group of `match`). `when` is `before` the statement
    runs, or `after` it ran. {"rowless"} leaves the rows out of the
    answer. {"bare"} leaves a chunk's Content-Encoding out; at `key` any action gives out `qrmk`.
    """

    at: str
    action: dict[str, Any]
    user: str = ""
    match: str = ""
    when: str = "before"
    skip: int = 0
    times: int = 1
    hits: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def before(self) -> bool:
        return self.when == "before"

    @property
    def code(self) -> str:
        return str(self.action.get("code") or self.action.get("http") or next(iter(self.action)))

    def stand_in(self, sql: str) -> str | None:
        found = re.search(self.match, sql, re.DOTALL)
        return found.expand(self.action["sql"]) if found and "sql" in self.action else None

    async def pause(self) -> None:
        self.reached.set()
        if "hold" in self.action:
            await self.released.wait()
        await asyncio.sleep(self.action.get("wait", 0))

    async def answer(self, request: Request, session: "sessions.Session | None" = None) -> Response | None:
        """The answer that the fault puts in place of the real one, if it does."""
        self.reached.set()
        match self.action:
            case {"code": code, "null": True}:
                return Refused(code, self.action.get("message", "as the test asked")).answer()
            case {"code": code}:
                return statement_failed(code, self.action.get("message", "as the test asked"), "01b0-emulator-fault")
            case {"http": status}:
                body = self.action.get("body", "<html><body>Service Unavailable</body></html>")
                return Response(body, status_code=status, media_type="text/html", headers=self.action.get("headers"))
            case {"endless": _}:
                return StreamingResponse(itertools.repeat(b" " * (1 << 20)), media_type="application/json")
            case {"drop": _}:
                return Dropped()
            case {"expire": what} if session:
                session.expired, session.master_expired = True, what == "both"
                return Refused("390112", "Your session has expired. Please login again.").answer()
            case {"forget": _} if session:
                session.end()
                return Refused("390111", "Session no longer exists. New login required to access the service.").answer()
        return None


class Dropped(Response):
    """Begins an answer and closes the connection: the client cannot know what happened."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]}
        await send(start)
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionResetError("dropped, as the test asked")


faults: dict[int, Fault] = {}
clocks: dict[str, float] = {}  # how many seconds the clock is ahead, by the name that a client calls this host by
numbers = itertools.count(1)


def taken(at: str, user: str, text: str) -> Fault | None:
    for fault in faults.values():
        if fault.at != at or fault.times <= 0 or fault.user not in ("", user) or not re.search(fault.match, text, re.DOTALL):
            continue
        if fault.skip > 0:
            fault.skip -= 1
            continue
        fault.times -= 1
        fault.hits += 1
        return fault
    return None


async def add_user(request: Request) -> Response:
    global BASE
    BASE = str(request.base_url).rstrip("/")
    user = accounts.User(**await request.json())
    accounts.users[user.name] = user
    return JSONResponse({})


async def add_database(request: Request) -> Response:
    name = (await request.json())["name"]
    fakesnow.FakeSnowflakeConnection(fakesnow.shared_fs.duck_conn.cursor(), {}, database=name)
    return JSONResponse({})


async def run_sql(request: Request) -> Response:
    """Statements run aside, without session, log and faults; the rows of the last one as text."""
    asked = await request.json()
    async with sessions.one_at_a_time:
        connection = fakesnow.shared_fs.connect(asked.get("database"), asked.get("schema"))
        cursor = connection.cursor()
        for sql in asked["statements"]:
            cursor.execute(sql)
        rows = [[None if value is None else str(value) for value in row] for row in cursor.fetchall()]
    return JSONResponse(rows)


async def arm(request: Request) -> Response:
    number = next(numbers)
    faults[number] = Fault(**await request.json())
    return JSONResponse({"id": number})


async def set_clock(request: Request) -> Response:
    asked = await request.json()
    clocks[asked["host"]] = asked["ahead"]
    return JSONResponse({})


async def reached(request: Request) -> Response:
    fault = faults[request.path_params["id"]]
    await asyncio.wait_for(fault.reached.wait(), 30)
    return JSONResponse({"hits": fault.hits})


async def release(request: Request) -> Response:
    faults[request.path_params["id"]].released.set()
    return JSONResponse({})


async def disarm(request: Request) -> Response:
    faults[request.path_params["id"]].times = 0
    return JSONResponse({})


def logged(entries: list[dict[str, Any]], request: Request) -> Response:
    user = request.query_params.get("user")
    return JSONResponse([entry for entry in entries if user in (None, entry["user"])])


async def statement_log(request: Request) -> Response:
    return logged([statement.entry() for statement in statements.statements], request)


async def login_log(request: Request) -> Response:
    return logged(sessions.logins, request)


async def renewal_log(request: Request) -> Response:
    return logged(sessions.renewals, request)


async def token_log(request: Request) -> Response:
    return logged(identity_provider.requests, request)


async def page_log(request: Request) -> Response:
    return logged(identity_provider.pages, request)


async def abort_log(request: Request) -> Response:
    return logged(statements.aborts, request)


async def session_log(request: Request) -> Response:
    """The sessions, tokens included: a test looks for them where they must not be."""
    found = {id(s): s for s in sessions.sessions.values()}.values()
    entries = [
        {"user": s.user.name, "number": s.number, "closed": s.closed, "token": s.token, "master_token": s.master}
        for s in found
    ]
    return logged(entries, request)


ROUTES = [
    Route("/emulator/users", add_user, methods=["POST"]),
    Route("/emulator/databases", add_database, methods=["POST"]),
    Route("/emulator/sql", run_sql, methods=["POST"]),
    Route("/emulator/faults", arm, methods=["POST"]),
    Route("/emulator/clocks", set_clock, methods=["POST"]),
    Route("/emulator/faults/{id:int}/reached", reached, methods=["GET"]),
    Route("/emulator/faults/{id:int}/release", release, methods=["POST"]),
    Route("/emulator/faults/{id:int}/disarm", disarm, methods=["POST"]),
    Route("/emulator/statements", statement_log, methods=["GET"]),
    Route("/emulator/logins", login_log, methods=["GET"]),
    Route("/emulator/renewals", renewal_log, methods=["GET"]),
    Route("/emulator/tokens", token_log, methods=["GET"]),
    Route("/emulator/pages", page_log, methods=["GET"]),
    Route("/emulator/aborts", abort_log, methods=["GET"]),
    Route("/emulator/sessions", session_log, methods=["GET"]),
]
