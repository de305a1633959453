"""Prints a signed token (RS256) of the claims in the JSON object on standard input: {"key", "claims"}."""

import json
import sys
import time

import jwt

asked = json.load(sys.stdin)
now = int(time.time())
print(jwt.encode({"iat": now, "exp": now + 600} | asked["claims"], asked["key"], algorithm="RS256"), end="")
