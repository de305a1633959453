"""How Snowflake answers: HTTP 200 with `success`, and a code and a message when it is false."""

import gzip
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse


class Refused(Exception):
    """A request that is answered with an error code. `data` stays null, as it does for sessions and tokens."""

    def __init__(self, code: str, message: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.data = code, message, data

    def answer(self) -> JSONResponse:
        return JSONResponse(
            {"data": self.data, "code": self.code, "message": self.message, "success": False, "headers": None}
        )


def succeeded(data: dict[str, Any] | None) -> JSONResponse:
    return JSONResponse({"data": data, "code": None, "message": None, "success": True})


def statement_failed(code: str, message: str, query_id: str, state: str = "42000") -> JSONResponse:
    """A failed statement. Its `data` names the query, so that a person can find it in the query history."""
    data = {
        "internalError": False,
        "errorCode": code,
        "sqlState": state,
        "queryId": query_id,
        "age": 0,
        "line": -1,
        "pos": -1,
        "type": "COMPILATION",
    }
    return JSONResponse({"data": data, "code": code, "message": message, "success": False, "headers": None})


async def body_of(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body) or {}
