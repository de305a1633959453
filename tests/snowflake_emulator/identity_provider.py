"""An identity provider that Snowflake trusts: tokens for clients (RFC 6749, section 4.4), and for people in a browser.

A person is who the cookie `person` says. Two ways lead through the browser: that of SAML (`externalbrowser`), in which Snowflake
names the page and a proof key, and the authorization code of OAuth (RFC 6749, section 4.1, with RFC 7636).
"""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

import accounts
import control
import people
from answers import Refused, body_of, succeeded

requests: list[dict[str, object]] = []
pages: list[dict[str, object]] = []  # that clients had shown in a browser

# Snowflake's own client for programs on a person's machine.
LOCAL_APPLICATION = "LOCAL_APPLICATION"

asked: dict[str, dict[str, str]] = {}  # by the request's id: what a client said when it asked for a page
codes: dict[str, dict[str, str]] = {}  # by the code that a browser brought back


async def page(request: Request) -> Response:
    """Snowflake's answer to a client that wants to show the identity provider's page."""
    data = (await body_of(request))["data"]
    name = data.get("LOGIN_NAME", "").upper()
    wanted = [data.get("AUTHENTICATOR", "").upper(), data.get("ACCOUNT_NAME", "").upper()]
    pages.append({"user": name, "sent": sorted(data)})
    user = accounts.users.get(name)
    if wanted != ["EXTERNALBROWSER", accounts.ACCOUNT] or not user or not user.sso:
        return Refused("390190", "There was an error related to the SAML Identity Provider account parameter.").answer()
    number, key = secrets.token_urlsafe(8), secrets.token_urlsafe(32)
    asked[number] = {"port": data["BROWSER_MODE_REDIRECT_PORT"], "key": "another" if user.tampered else key}
    # Clients take an encrypted page alone; the browser of a test knows that this server speaks http.
    base = control.BASE.replace("http://", "https://")
    return succeeded({"ssoUrl": f"{base}/identity-provider/sso?request={number}", "proofKey": key, "tokenUrl": None})


async def sign_on(request: Request) -> Response:
    """The page: whoever sits there signs in, and the browser goes back to the client."""
    question = asked.pop(request.query_params.get("request", ""), None)
    if not question:
        return PlainTextResponse("this page was shown already", status_code=410)
    token = f"sso-{secrets.token_urlsafe(32)}"
    people.tokens[token] = {"person": request.cookies.get("person", ""), "key": question["key"]}
    return RedirectResponse(f"http://localhost:{question['port']}/?{urlencode({'token': token})}", status_code=302)


async def authorize(request: Request) -> Response:
    """The page of the authorization code: the person allows all that the client may ask for."""
    query = request.query_params
    user = accounts.users[request.cookies.get("person", "")]
    pages.append({"user": user.name, "query": sorted(query)})
    client = client_of(user)
    if query.get("response_type") != "code" or query.get("client_id") != client["id"]:
        return PlainTextResponse("no such client", status_code=400)
    back = {"state": query.get("state", "")}
    if request.cookies.get("denies"):
        back |= {"error": "access_denied", "error_description": "The person said no."}
    elif query.get("code_challenge_method") != "S256" or "code_challenge" not in query:
        back |= {"error": "invalid_request"}
    else:
        code = f"code-{secrets.token_urlsafe(16)}"
        challenge = "another" if user.tampered else query["code_challenge"]
        codes[code] = {"person": user.name, "challenge": challenge, "redirect_uri": query["redirect_uri"]}
        back |= {"code": code}
    return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", status_code=302)


def client_of(user: accounts.User) -> dict[str, str]:
    return user.oauth_client or {"id": LOCAL_APPLICATION, "secret": LOCAL_APPLICATION}


def exchanged(form: dict[str, str], name: str | None, secret: str | None) -> Response:
    """A token for a code, which is good for once."""
    code = codes.pop(form.get("code", ""), None)
    if not code:
        return refused(400, "invalid_grant", "No such code.")
    user = accounts.users[code["person"]]
    client = client_of(user)
    requests[-1]["user"] = user.name
    if (name, secret) != (client["id"], client["secret"]):
        return refused(401, "invalid_client", f"The secret {secret} is wrong.")
    hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
    if challenge != code["challenge"] or form.get("redirect_uri") != code["redirect_uri"]:
        return refused(400, "invalid_grant", "The code was asked for by another client.")
    user.oauth_token = f"issued-{secrets.token_urlsafe(16)}"
    return JSONResponse({"access_token": user.oauth_token, "token_type": "Bearer", "expires_in": 600})


async def token(request: Request) -> Response:
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    user_of_client = {user.oauth_client["id"]: user for user in accounts.users.values() if user.oauth_client}
    name, secret, place = form.get("client_id"), form.get("client_secret"), "body"
    if (header := request.headers.get("Authorization", "")).startswith("Basic "):
        name, _, secret = base64.b64decode(header[6:]).decode().partition(":")
        place = "header"
    user = user_of_client.get(name or "")
    requests.append({"user": user.name if user else "", "place": place, "form": sorted(form)})
    if form.get("grant_type") == "authorization_code":
        return exchanged(form, name, secret)
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
