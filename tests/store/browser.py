"""Stands in for a person with a browser: goes to the address, and where that leads.

The variable TEST_BROWSER says, as JSON, who the person is (`person`), whether they say no (`denies`), and whether the answer is lost
(`loses`). With `foreign`, a file, others send requests to the client first; their statuses are written to it.
"""

import json
import os
import sys
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

settings = json.loads(os.environ["TEST_BROWSER"])


class Staying(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


opener = build_opener(ProxyHandler({}), Staying)


def asked(url, method="GET", **headers):
    """Status and `Location` of the answer."""
    request = Request(url, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.headers.get("Location")
    except HTTPError as error:
        return error.code, error.headers.get("Location")


# Clients want https here, which the emulator does not speak.
page = sys.argv[1].replace("https://127.0.0.1", "http://127.0.0.1", 1)
cookies = f"person={settings['person']}" + ("; denies=1" if settings.get("denies") else "")
_, back = asked(page, Cookie=cookies)
if not back or settings.get("loses"):
    sys.exit()
if "foreign" in settings:
    parts = urlsplit(back)
    own = f"{parts.scheme}://{parts.netloc}{parts.path}"
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    statuses = [
        asked(back, "POST")[0],
        asked(back, Origin="https://evil.example")[0],
        asked(back, Sec_Fetch_Mode="no-cors")[0],
        asked(back, Host="evil.example")[0],
        asked(own)[0],
        asked(f"{parts.scheme}://{parts.netloc}/favicon.ico")[0],
    ]
    if "state" in query:
        statuses.append(asked(f"{own}?{urlencode(query | {'state': 'of somebody else', 'code': 'theirs'})}")[0])
    with open(settings["foreign"], "w") as file:
        json.dump(statuses, file)
asked(back)
