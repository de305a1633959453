"""The shape of a successful answer: every field that Snowflake sends, JSON or Arrow, large results in chunks."""

import base64
import gzip
import json
import re
import secrets
from typing import Any

import pyarrow
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import control
from answers import succeeded

CHUNK_ROWS = 10_000

CHUNK_KEY = secrets.token_hex(16)  # chunks are served only to requests with the answer's `chunkHeaders`
chunks: dict[tuple[str, int], tuple[str, bytes]] = {}  # and whose they are

SELECT = re.compile(r"^\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*(?:select|with)\b", re.IGNORECASE | re.DOTALL)


def completed(data: dict[str, Any], query_id: str, sql: str, user: str) -> JSONResponse:
    """fakesnow's answer, completed. Snowflake sends Arrow for queries only, JSON for everything else."""
    data |= {
        "queryId": query_id,
        "returned": data["total"],
        "finalRoleName": "PUBLIC",
        "finalWarehouseName": None,
        "numberOfBinds": 0,
        "version": 1,
        "sqlState": "00000",
        "statementTypeId": data.get("statementTypeId", 4096),
    }
    if data.get("queryResultFormat") == "arrow" and data.get("rowsetBase64"):
        table = pyarrow.ipc.open_stream(base64.b64decode(data["rowsetBase64"])).read_all()
        if not SELECT.match(sql):
            del data["rowsetBase64"]
            rows = zip(*[column.to_pylist() for column in table.columns], strict=True)
            data |= {
                "queryResultFormat": "json",
                "rowset": [[None if value is None else str(value) for value in row] for row in rows],
            }
        elif table.num_rows > CHUNK_ROWS:
            data |= split(table, query_id, user)
    return succeeded(data)


def without_rows(answer: Response) -> JSONResponse:
    """The answer as it comes at times: it announces rows and has none. They are at the statement's own address."""
    content = json.loads(answer.body)
    for key in ("rowset", "rowsetBase64", "chunks"):
        content["data"].pop(key, None)
    return JSONResponse(content)


def split(table: pyarrow.Table, query_id: str, user: str) -> dict[str, Any]:
    """The first rows inline, the others in chunks behind URLs of their own."""
    inline = CHUNK_ROWS // 2
    described = []
    for number, start in enumerate(range(inline, table.num_rows, CHUNK_ROWS)):
        part = table.slice(start, CHUNK_ROWS)
        content = ipc(part)
        chunks[query_id, number] = (user, content)
        described.append({"number": number, "rowCount": part.num_rows, "uncompressedSize": len(content)})
    # Storage that encrypts wants its key with each request: in headers that are told, or as the `qrmk` of old.
    is_old = control.taken("key", user, query_id)
    return {
        "rowsetBase64": base64.b64encode(ipc(table.slice(0, inline))).decode(),
        "chunks": [{"url": f"{control.BASE}/chunks/{query_id}/{d.pop('number')}", "compressedSize": 1, **d} for d in described],
        **({"qrmk": CHUNK_KEY} if is_old else {"chunkHeaders": {"x-emulator-chunk-key": CHUNK_KEY}}),
    }


def ipc(table: pyarrow.Table) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


async def chunk(request: Request) -> Response:
    """A chunk. The store behind it is not Snowflake's: a session token sent there would be a leak."""
    query_id, number = request.path_params["query_id"], request.path_params["number"]
    if "Authorization" in request.headers:
        return Response("the session token was sent to the chunk store", status_code=400)
    of_old = request.headers.get("x-amz-server-side-encryption-customer-algorithm") == "AES256"
    if request.headers.get("x-amz-server-side-encryption-customer-key" if of_old else "x-emulator-chunk-key") != CHUNK_KEY:
        return Response("<Error><Code>AccessDenied</Code></Error>", status_code=403, media_type="application/xml")
    user, content = chunks[query_id, number]
    if fault := control.taken("chunk", user, f"{query_id}/{number}"):
        if "bare" in fault.action:
            return Response(gzip.compress(content), media_type="application/octet-stream")
        if answer := await fault.answer(request):
            return answer
    return Response(gzip.compress(content), headers={"Content-Encoding": "gzip"}, media_type="application/octet-stream")
