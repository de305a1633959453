"""Who may sign in, and the checks of a login request."""

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

import people
import workloads
from answers import Refused

# The account of every user here. A JWT's issuer must name it without region and cloud.
ACCOUNT = "EMULATOR"

# docs.snowflake.com "Client versions & support policy", as of 30 September 2026.
OLDEST_GO_DRIVER = (1, 11, 2)

# The fields of a login request that say who signs in, and how.
PROOF = {
    "AUTHENTICATOR",
    "EXT_AUTHN_DUO_METHOD",
    "LOGIN_NAME",
    "PASSCODE",
    "PASSWORD",
    "PROOF_KEY",
    "PROVIDER",
    "SPCS_TOKEN",
    "TOKEN",
}


@dataclass
class User:
    name: str
    password: str | None = None
    passcode: str | None = None  # the second factor
    access_token: str | None = None
    oauth_token: str | None = None
    oauth_token_is_for_once: bool = False
    oauth_client: dict[str, str] | None = None  # id, secret and scope at the identity provider
    sso: bool = False  # signs in to the identity provider in a browser
    tampered: bool = False  # somebody changes proof key and challenge on the way
    spcs_token: str | None = None  # must come with the OAuth token of a container
    public_key: str | None = None
    workload_identity: dict[str, str] | None = None  # see workloads.py
    roles: list[str] = field(default_factory=lambda: ["PUBLIC"])
    warehouses: list[str] = field(default_factory=lambda: ["COMPUTE_WH"])
    secondary_roles: list[str] = field(default_factory=list)
    default_warehouse: str | None = None
    warehouse_facts: dict[str, dict[str, str | None]] = field(default_factory=dict)  # what SHOW shows, beside the usual
    grants: dict[str, list[list[str]]] = field(default_factory=dict)  # by role: privilege, kind of object, its name
    parameters: dict[str, str] = field(default_factory=dict)


users: dict[str, User] = {}


def signed_in(data: dict[str, Any]) -> User:
    """The user that the login request's `data` proves to be, or `Refused`."""
    check_client(data)
    wrong = Refused("390100", "Incorrect username or password was specified.")
    if data.get("ACCOUNT_NAME", "").upper() != ACCOUNT:
        raise wrong
    authenticator = data.get("AUTHENTICATOR", "SNOWFLAKE").upper()
    token = data.get("TOKEN")
    if authenticator == "OAUTH":
        user = holder(data, "390303", "Invalid OAuth access token.", lambda user: user.oauth_token == token)
        if user.spcs_token and (data.get("SPCS_TOKEN") != user.spcs_token or "LOGIN_NAME" in data):
            raise Refused("390303", "Invalid OAuth access token: it belongs to a container.")
        if user.oauth_token_is_for_once:
            user.oauth_token = None
    elif authenticator == "PROGRAMMATIC_ACCESS_TOKEN":
        user = holder(data, "394400", "Programmatic access token is invalid.", lambda user: user.access_token == token)
    elif authenticator == "EXTERNALBROWSER":
        user = people.holder(data, users)
    elif authenticator == "WORKLOAD_IDENTITY":
        user = workloads.holder(data, users.values())
    elif not (user := users.get(data.get("LOGIN_NAME", "").upper())):
        raise Refused("390144", "JWT token is invalid.") if authenticator == "SNOWFLAKE_JWT" else wrong
    elif authenticator == "SNOWFLAKE_JWT":
        check_key_pair(user, token or "")
    elif authenticator in ("SNOWFLAKE", "USERNAME_PASSWORD_MFA"):
        check_password(user, data, wrong)
    else:
        raise Refused("390146", f"Authenticator {authenticator} is not supported here.")
    return user


def holder(data: dict[str, Any], code: str, message: str, owns: Callable[[User], bool]) -> User:
    """The user whose token it is. A login name beside it must be that user's."""
    named = data.get("LOGIN_NAME", "").upper()
    for user in users.values():
        if data.get("TOKEN") and owns(user) and named in ("", user.name):
            return user
    raise Refused(code, message)


def check_password(user: User, data: dict[str, Any], wrong: Refused) -> None:
    """A password, and the passcode beside it or as its end. The code for a wrong passcode is this emulator's own choice."""
    expected, code = user.password or "", user.passcode
    if code and data.get("EXT_AUTHN_DUO_METHOD") == "passcode" and "PASSCODE" not in data:
        expected, code = expected + code, None
    if not user.password or data.get("PASSWORD") != expected:
        raise wrong
    if code and data.get("EXT_AUTHN_DUO_METHOD") != "passcode":
        raise Refused("394508", "MFA with TOTP is required. Provide both your password and a current TOTP passcode.")
    if code and data.get("PASSCODE") != code:
        raise Refused("390129", "Incorrect passcode was specified.")


def check_client(data: dict[str, Any]) -> None:
    """Clients below the oldest supported version are turned away. The code is this emulator's own choice."""
    version = data.get("CLIENT_APP_VERSION", "")
    parts = tuple(int(part) for part in version.split(".") if part.isdigit())
    if data.get("CLIENT_APP_ID") == "Go" and parts < OLDEST_GO_DRIVER:
        raise Refused("390127", f"Client version Go {version} is no longer supported. Please upgrade.")


def check_key_pair(user: User, token: str) -> None:
    """docs.snowflake.com "Key-pair authentication troubleshooting": the codes and what each of them means."""
    if not user.public_key:
        raise Refused("394300", "The user has no public key.")
    key = serialization.load_pem_public_key(user.public_key.encode())
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    fingerprint = base64.b64encode(hashlib.sha256(encoded).digest()).decode()
    try:
        claims = jwt.decode(token, key, algorithms=["RS256"], options={"require": ["iss", "sub", "iat", "exp"]})
    except jwt.InvalidTokenError:
        raise Refused("394304", "JWT token is invalid: signature.") from None
    if claims["iss"] != f"{ACCOUNT}.{user.name}.SHA256:{fingerprint}":
        raise Refused("394307", "JWT token is invalid: issuer.")
    if claims["sub"] != f"{ACCOUNT}.{user.name}":
        raise Refused("390144", "JWT token is invalid: subject.")
    if abs(time.time() - claims["iat"]) > 60:
        raise Refused("394302", "JWT token is invalid: it arrived more than 60 seconds after it was issued.")
