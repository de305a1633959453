"""People who sign in in a browser (`externalbrowser`): what it brought back, and whose it is."""

import hmac
from typing import Any

from answers import Refused

tokens: dict[str, dict[str, str]] = {}  # by the token: the person, and the proof key that must come with it


def holder(data: dict[str, Any], users: dict[str, Any]) -> Any:
    """The person whose token is in the login request's `data`. The code for a wrong token is this emulator's own choice."""
    brought = tokens.pop(data.get("TOKEN") or "", None)
    if not brought or not hmac.compare_digest(brought["key"], data.get("PROOF_KEY") or ""):
        raise Refused("390192", "The SAML response or the proof key is invalid.")
    if data.get("LOGIN_NAME", "").upper() not in ("", brought["person"]):
        raise Refused("390191", "The user you were trying to authenticate as differs from the user currently logged in at the IDP.")
    return users[brought["person"]]
