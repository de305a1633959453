"""Sessions: signing in, tokens that expire, renewal with the master token, closing."""

import asyncio
import itertools
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import fakesnow.server as fakesnow
from starlette.requests import Request
from starlette.responses import Response

import accounts
import control
from answers import Refused, body_of, succeeded
from accounts import User

# Snowflake signs in to a database that does not exist, without creating it.
fakesnow.shared_fs.create_database_on_connect = False
fakesnow.shared_fs.create_schema_on_connect = False

numbers = itertools.count(1)
logins: list[dict[str, Any]] = []
renewals: list[dict[str, Any]] = []
# What is one statement for Snowflake may be several for fakesnow, and no other session may see between them.
one_at_a_time = asyncio.Lock()

sessions: dict[str, "Session"] = {}  # by session token, also those that expired


@dataclass
class Session:
    number: int
    user: User
    token: str
    master: str
    parameters: dict[str, Any]
    client: str
    asked: dict[str, str]  # role, warehouse, database and schema as the client sent them
    expired: bool = False
    master_expired: bool = False
    closed: bool = False
    temporary: dict[str, str] = field(default_factory=dict)  # the last name of each of its temporary tables, by the full one

    @property
    def connection(self) -> Any:
        return fakesnow.sessions[self.token]

    def end(self) -> None:
        """Ends the session, and with it its temporary tables."""
        self.closed = True
        if connection := fakesnow.sessions.pop(self.token, None):
            connection.close()


async def login(request: Request) -> Response:
    data = (await body_of(request))["data"]
    asked = {name: value for name, value in request.query_params.items() if name.endswith("Name") or name == "warehouse"}
    note = {
        "user": data.get("LOGIN_NAME", "").upper(),
        "client": client_of(data),
        "authenticator": data.get("AUTHENTICATOR", "SNOWFLAKE"),
        "sent": sorted(data),
        "query": sorted(request.query_params),
        "headers": manners(request),
        "proof": {name: value for name, value in data.items() if name in accounts.PROOF},
        "parameters": data.get("SESSION_PARAMETERS", {}),
        "asked": asked,
        "code": None,
    }
    logins.append(note)
    try:
        user = accounts.signed_in(data)
        note["user"] = user.name
        if (fault := control.taken("login", user.name, "")) and (answer := await fault.answer(request)):
            return answer
        check_asked(user, asked)
        session = await opened(request, data, user, asked)
    except Refused as refused:
        note["code"] = refused.code
        return refused.answer()
    return succeeded(
        {
            "token": session.token,
            "masterToken": session.master,
            "validityInSeconds": 3600,
            "masterValidityInSeconds": 14400,
            "sessionId": session.number,
            "serverVersion": "10.0.0",
            "parameters": [{"name": "AUTOCOMMIT", "value": True}],
            "sessionInfo": {
                "databaseName": session.connection.database,
                "schemaName": session.connection.schema,
                "warehouseName": asked.get("warehouse"),
                "roleName": asked.get("roleName", "PUBLIC"),
            },
        }
    )


def client_of(data: dict[str, Any]) -> str:
    return f"{data.get('CLIENT_APP_ID')} {data.get('CLIENT_APP_VERSION')}"


def manners(request: Request) -> dict[str, str]:
    """The headers by which a server may tell one request from another."""
    return {name: request.headers[name] for name in ("Accept", "Content-Type") if name in request.headers}


async def opened(request: Request, data: dict[str, Any], user: User, asked: dict[str, str]) -> Session:
    # fakesnow wants SESSION_PARAMETERS, which clients leave out when they have none.
    data = data | {"SESSION_PARAMETERS": data.get("SESSION_PARAMETERS", {})}
    answer = await fakesnow.login_request(with_body(request, {"data": data}))
    token = json.loads(answer.body)["data"]["token"]
    session = Session(next(numbers), user, token, secrets.token_urlsafe(32), data["SESSION_PARAMETERS"], client_of(data), asked)
    sessions[token] = session
    return session


def check_asked(user: User, asked: dict[str, str]) -> None:
    role, warehouse = asked.get("roleName"), asked.get("warehouse")
    if role and folded(role) not in user.roles:
        raise Refused("390186", f"Role '{role}' specified in the connect string is not granted to this user.", {"errorCode": "390186"})
    if warehouse and folded(warehouse) not in user.warehouses:
        raise Refused("390201", f"The requested warehouse '{warehouse}' does not exist or is not authorized.", {"errorCode": "390201"})


def folded(name: str) -> str:
    """An identifier as Snowflake understands it: upper case unless it is quoted."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.upper()


def of(request: Request) -> Session:
    """The live session whose token the request carries, or `Refused`."""
    header = request.headers.get("Authorization", "")
    if not header.startswith('Snowflake Token="'):
        raise Refused("390103", "Session token not found in the request data.")
    session = sessions.get(header[17:-1])
    if session is None:
        raise Refused("390104", "User must login again to access the service.")
    if session.closed:
        raise Refused("390111", "Session no longer exists. New login required to access the service.")
    if session.expired or header[17:-1] != session.token:
        raise Refused("390112", "Your session has expired. Please login again.")
    return session


async def renew(request: Request) -> Response:
    master = request.headers.get("Authorization", "")[17:-1]
    session = next((s for s in sessions.values() if s.master == master and not s.closed), None)
    body = await body_of(request)
    if session:
        renewals.append(
            {
                "user": session.user.name,
                "client": session.client,
                "sent": {name: "the session's" if value == session.token else value for name, value in body.items()},
                "query": sorted(request.query_params),
                "headers": manners(request) | {"Authorization": "the master's"},
            }
        )
    if session is None or body.get("oldSessionToken") != session.token or body.get("requestType") != "RENEW":
        return Refused("390115", "Master token is invalid. New login required.").answer()
    if (fault := control.taken("renew", session.user.name, "")) and (answer := await fault.answer(request)):
        return answer
    if session.master_expired:
        return Refused("390114", "Authentication token has expired. The user must authenticate again.").answer()
    connection = fakesnow.sessions.pop(session.token)
    session.token, session.master, session.expired = secrets.token_urlsafe(32), secrets.token_urlsafe(32), False
    fakesnow.sessions[session.token] = connection
    sessions[session.token] = session
    return succeeded(
        {
            "sessionToken": session.token,
            "validityInSecondsST": 3600,
            "masterToken": session.master,
            "validityInSecondsMT": 14400,
            "sessionId": session.number,
        }
    )


async def close(request: Request) -> Response:
    try:
        session = of(request)
        if (fault := control.taken("close", session.user.name, "")) and (answer := await fault.answer(request)):
            return answer
    except Refused as refused:
        return refused.answer()
    async with one_at_a_time:  # a statement that was aborted may still be ending
        session.end()
    return succeeded(None)


def with_body(request: Request, body: dict[str, Any], token: str | None = None) -> Request:
    """The request as fakesnow shall see it."""
    raw = json.dumps(body).encode()
    headers = [(name, value) for name, value in request.scope["headers"] if name not in (b"content-encoding", b"authorization")]
    if token:
        headers.append((b"authorization", f'Snowflake Token="{token}"'.encode()))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    return Request({**request.scope, "headers": headers}, receive)
