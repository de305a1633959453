"""Whose workload a proof belongs to, for each provider of workload identities.

A user's `workload_identity` holds `provider`, and what the provider's proofs must say: `issuer`, `subject` and
`public_key` of the issuer for tokens; `key_id`, `key` and `session_token` for AWS, which here stand for the role that AWS
would answer. The codes are this emulator's own choice.
"""

import base64
import hmac
import json
import re
import time
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from answers import Refused

# Whom a proof must be for ("Workload identity federation", docs.snowflake.com): Snowflake, and with Azure its
# application in Entra ID.
AUDIENCE = "snowflakecomputing.com"
APPLICATION = "api://fd3f753b-eed3-462c-b6a7-a4b5bb650aad"

# What AWS's Security Token Service answers to; a proof for any other host could have been made by anybody.
STS = re.compile(r"sts\.([a-z]+(-[a-z]+)+-\d)\.amazonaws\.com(\.cn)?")

SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/sts/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)")


def is_token_of(identity: dict[str, Any], proof: str, audience: str = AUDIENCE) -> bool:
    try:
        claims = jwt.decode(
            proof,
            identity["public_key"],
            algorithms=["RS256"],
            issuer=identity["issuer"],
            audience=audience,
            options={"require": ["iss", "sub", "aud", "exp"]},
        )
    except (jwt.InvalidTokenError, jwt.InvalidKeyError):
        return False
    return claims["sub"] == identity["subject"]


def is_token_of_entra(identity: dict[str, Any], proof: str) -> bool:
    return is_token_of(identity, proof, identity.get("audience", APPLICATION))


def is_request_of(identity: dict[str, Any], proof: str) -> bool:
    """Whether AWS would answer to the request that this is the identity: signed with its key, now, and for Snowflake."""
    try:
        request = json.loads(base64.b64decode(proof, validate=True))
        headers, url = request["headers"], urlsplit(request["url"])
        key_id, region, signed, signature = SIGNED.fullmatch(headers["Authorization"]).groups()
        host = STS.fullmatch(url.netloc)
        sent = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except (ValueError, KeyError, AttributeError):
        return False
    wanted = {"host", "x-amz-date", "x-snowflake-audience"} | ({"x-amz-security-token"} if identity.get("session_token") else set())
    rightly = (
        request["method"] == "POST"
        and url.scheme == "https"
        and url.path == "/"
        and dict(parse_qsl(url.query)) == {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
        and host is not None
        and host.group(1) == region
        and headers["Host"] == url.netloc
        and headers["X-Snowflake-Audience"] == AUDIENCE
        and set(signed.split(";")) == wanted == {name.lower() for name in headers} - {"authorization"}
        and headers.get("X-Amz-Security-Token") == identity.get("session_token")
        and abs(time.time() - sent.timestamp()) < 300
        and key_id == identity["key_id"]
    )
    return rightly and hmac.compare_digest(signature, signature_of(identity, request, region))


def signature_of(identity: dict[str, Any], request: dict[str, Any], region: str) -> str:
    """The signature that AWS's own library makes of the request with the identity's key."""
    headers = {name: value for name, value in request["headers"].items() if name != "Authorization"}
    again = AWSRequest(method=request["method"], url=request["url"], headers=headers)
    again.context["timestamp"] = headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials(identity["key_id"], identity["key"], identity.get("session_token")), "sts", region)
    return signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)


CHECKS = {"OIDC": is_token_of, "GCP": is_token_of, "AZURE": is_token_of_entra, "AWS": is_request_of}


def holder(data: dict[str, Any], users: Iterable[Any]) -> Any:
    """The service user whose workload sent the login request's `data`."""
    provider = data.get("PROVIDER")
    if provider not in CHECKS or data.get("LOGIN_NAME"):
        raise Refused("395090", "Workload identity: a provider that is not known here, or a login name beside it.")
    for user in users:
        identity = user.workload_identity
        if identity and identity.get("provider", "OIDC") == provider and CHECKS[provider](identity, data.get("TOKEN") or ""):
            return user
    raise Refused("395091", "Workload identity: no user has this issuer, subject and audience.")
