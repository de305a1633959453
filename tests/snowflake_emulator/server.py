"""A Snowflake to test against: fakesnow (SQL on DuckDB, in memory) behind the manners of the real service.

fakesnow answers SQL, but not like Snowflake: it takes any credentials, never expires a token, never answers
"still running", never splits a result and leaves response fields out. This server adds those, so that a client
meets here what it will meet there:

    accounts.py   who may sign in, by each way of signing in, and the checks of what a login request says
    identity_provider.py  tokens for clients and for people in a browser, from somebody whom Snowflake trusts
    people.py     what a browser brought back, and whose it is
    workloads.py  whose workload a proof belongs to, by provider
    sessions.py   tokens that expire, are renewed and end
    statements.py running, polling, aborting and timing out statements; the log of all of them
    shows.py      SHOW GRANTS, WAREHOUSES and PARAMETERS, and context functions
    results.py    the shape of an answer: all fields, JSON or Arrow, chunks
    control.py    what tests may do: add users, arm faults, hold a statement, read the log

Start it with `python server.py`. It prints `listening on PORT` and ends when its standard input is closed, so it
cannot outlive the test that started it.
"""

import argparse
import os
import socket
import sys
import threading
import time
from email.utils import formatdate
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import control
import identity_provider
import results
import sessions
import statements



async def front(request: Request) -> Response:
    """What Snowflake answers to those who are not signed in: the way to the console."""
    return RedirectResponse("/console/login", status_code=302)


class Dated:
    """The app with the date of each answer, by a clock that a test may set for one name of this host."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope.get("headers", [])).get(b"host", b"").decode().split(":")[0]
        date = formatdate(time.time() + control.clocks.get(host, 0), usegmt=True)

        async def dated(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = message | {"headers": [*message.get("headers", []), (b"date", date.encode())]}
            await send(message)

        await self.app(scope, receive, dated)


ROUTES = [
    Route("/", front, methods=["GET"]),
    Route("/session/v1/login-request", sessions.login, methods=["POST"]),
    Route("/session/token-request", sessions.renew, methods=["POST"]),
    Route("/session", sessions.close, methods=["POST"]),
    Route("/queries/v1/query-request", statements.submit, methods=["POST"]),
    Route("/queries/{query_id}/result", statements.poll, methods=["GET"]),
    Route("/queries/v1/abort-request", statements.abort, methods=["POST"]),
    Route("/chunks/{query_id}/{number:int}", results.chunk, methods=["GET"]),
    Route("/session/authenticator-request", identity_provider.page, methods=["POST"]),
    Route("/identity-provider/sso", identity_provider.sign_on, methods=["GET"]),
    Route("/identity-provider/token", identity_provider.token, methods=["POST"]),
    Route("/oauth/authorize", identity_provider.authorize, methods=["GET"]),
    Route("/oauth/token-request", identity_provider.token, methods=["POST"]),
    *control.ROUTES,
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slow-after", type=float, default=45.0, help="seconds until an answer becomes `still running`")
    parser.add_argument("--chunk-rows", type=int, default=10_000, help="rows above which a result is split")
    options = parser.parse_args()
    statements.SLOW_AFTER = options.slow_after
    results.CHUNK_ROWS = options.chunk_rows

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"listening on {listener.getsockname()[1]}", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server = uvicorn.Server(uvicorn.Config(Dated(Starlette(routes=ROUTES)), log_level="error", date_header=False))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
