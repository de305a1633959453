"""An identity provider that Snowflake trusts: it gives out tokens for client credentials (RFC 6749, section 4.4)."""

import base64
import secrets
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import accounts
import control

requests: list[dict[str, object]] = []


async def token(request: Request) -> Response:
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    user_of_client = {user.oauth_client["id"]: user for user in accounts.users.values() if user.oauth_client}
    name, secret, place = form.get("client_id"), form.get("client_secret"), "body"
    if (header := request.headers.get("Authorization", "")).startswith("Basic "):
        name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
        place = "header"
    user = user_of_client.get(name or "")
    requests.append({"user": user.name if user else "", "place": place, "form": sorted(form)})
    if user and (fault := control.taken("token", user.name, "")) and (answer := await fault.answer(request)):
        return answer
    if not user or secret != user.oauth_client["secret"]:
        return refused(401, "invalid_client", f"The secret {secret} is wrong.")
    if form.get("grant_type") != "client_credentials":
        return refused(400, "unsupported_grant_type", "Only client_credentials.")
    if form.get("scope") != user.oauth_client["scope"]:
        return refused(400, "invalid_scope", "No such scope.")
    # For one sign-in: whoever keeps it for a second one is refused.
    user.oauth_token = f"issued-{secrets.token_urlsafe(16)}"
    user.oauth_token_is_for_once = True
    return JSONResponse({"access_token": user.oauth_token, "token_type": "Bearer", "expires_in": 600})


def refused(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)
