"""The handler of API__TABLEAU__REFRESH_RESOURCE: refreshes what a name stands for today.

A name is looked up in the map, its extract refresh is started in Tableau, and the job is awaited. What can be told
in one of the published answers is returned; everything else raises, so that the caller's statement or task fails.

Tables are read through Snowpark's DataFrame API alone, which runs under its local testing as well.
"""

import time
from collections.abc import Callable
from typing import NamedTuple, Optional, TypeVar
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import _snowflake
import requests
import tableauserverclient as TSC
from snowflake.snowpark import Session
from snowflake.snowpark.functions import col
from snowflake.snowpark.functions import max as newest_of
from tableauserverclient.server.endpoint.exceptions import (
    InternalServerError,
    NotSignedInError,
    ServerResponseError,
    TableauError,
    XMLError,
)

# The full names of the tables. The last lines of the procedure's text set them.
RESOURCES: str
RUNS: str

COMPLETE = "Resource refresh complete"
NOT_IN_MAP = "Resource not in mapping table"
MISSING_INPUTS = (
    "Missing inputs. Must provide all of resource_type, resource_name, project_name, site_id and connection_string"
)

DEFAULT_TIMEOUT_SECONDS = 3600
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # Tableau Cloud rations how often a site is asked for jobs.
REQUEST_TIMEOUT_SECONDS = 60
SIGN_INS = 5
MOST_JOBS_LOOKED_AT = 200
LOOKS_FOR_A_LOST_JOB = 3  # A job may show a little late.
OLDEST_API = "3.6"  # The first that takes personal access tokens.

# help.tableau.com, rest_api_concepts_errors: only codes are stable, the words depend on the account's language.
ALREADY_QUEUED = "409093"
FORBIDDEN = "403"  # How codes begin that no second question changes.

Answer = TypeVar("Answer")


class RefreshError(Exception):
    """Why nothing was refreshed, or not to its end."""


class Trouble(Exception):
    """No answer, or one that is not Tableau's: what became of the request is not known."""


class Key(NamedTuple):
    """What people call a resource. Without a path it may stand for several."""

    kind: str
    name: str
    project: str
    site: str
    path: Optional[str]

    def __str__(self) -> str:
        return f"{self.kind} `{self.name}` in project `{self.path or self.project}` on site `{self.site or 'Default'}`"


def refresh_resource(
    session: Session,
    resource_type: Optional[str],
    resource_name: Optional[str],
    project_name: Optional[str],
    site_id: Optional[str],
    connection_string: Optional[str],
    project_path: Optional[str],
    wait: Optional[bool],
    timeout_seconds: Optional[float],
) -> str:
    # An empty site is the Default site; a site that is NULL was forgotten.
    if not (resource_type and resource_name and project_name and connection_string) or site_id is None:
        return MISSING_INPUTS
    kind = resource_type.lower()
    if kind not in ("workbook", "datasource"):
        raise RefreshError(f"RESOURCE_TYPE is `workbook` or `datasource`, not `{resource_type}`")
    site = "" if site_id == "Default" else site_id
    key = Key(kind, resource_name, project_name, site, project_path or None)
    timeout = DEFAULT_TIMEOUT_SECONDS if timeout_seconds is None else timeout_seconds

    luid = resolve(session, key)
    if luid is None:
        return NOT_IN_MAP
    with Tableau(address(connection_string), site) as tableau:
        job, adopted = start(session, tableau, key, luid)
        if wait is False:
            return f"Resource refresh {'already ' if adopted else ''}queued: job {job}"
        wait_for(tableau, key, job, timeout)
    return COMPLETE


def resolve(session: Session, key: Key) -> Optional[str]:
    """The current LUID, or None. Never one of several."""
    rows = session.table(RESOURCES).filter(
        (col("RESOURCE_TYPE") == key.kind)
        & (col("SITE_ID") == key.site)
        & (col("PROJECT_NAME") == key.project)
        & (col("RESOURCE_NAME") == key.name)
    )
    if key.path is not None:
        rows = rows.filter(col("PROJECT_PATH") == key.path)
    paths = {row["RESOURCE_ID"]: row["PROJECT_PATH"] for row in rows.select("RESOURCE_ID", "PROJECT_PATH").collect()}
    if len(paths) > 1:
        listed = ", ".join(f"`{path or 'unknown'}` ({luid})" for luid, path in sorted(paths.items(), key=str))
        raise RefreshError(
            f"{key} stands for {len(paths)} resources, in {listed}: say which one by PROJECT_PATH. "
            "Nothing was refreshed"
        )
    return next(iter(paths), None)


def last_synced(session: Session, site: str) -> str:
    runs = session.table(RUNS).filter((col("SITE_ID") == site) & col("STATUS").isin("complete", "incomplete"))
    newest = runs.select(newest_of("SNAPSHOT_AT").alias("NEWEST")).collect()[0]["NEWEST"]
    if newest is None:
        return "the map has never been synced with this site"
    return f"the map was last synced at {newest:%Y-%m-%d %H:%M} UTC"


def address(connection_string: str) -> str:
    """The server's address: https, whatever follows the host dropped.

    Plain http is for a server on this very machine, as in tests. Inside Snowflake there is none.
    """
    text = connection_string.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.username or parts.password:
        raise RefreshError("CONNECTION_STRING holds credentials: they belong into the secrets")
    is_loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback)):
        raise RefreshError(f"CONNECTION_STRING is `{text}`, and not an address as https://tableau.example.com")
    return f"{parts.scheme}://{parts.netloc}"


class Tableau:
    """A session on a site.

    A personal access token has one session: whoever else signs in with it ends this one (help.tableau.com,
    "Personal Access Tokens"). So it is renewed when it was ended, and two calls at once both get to their end.
    """

    def __init__(self, url: str, site: str) -> None:
        self.server = TSC.Server(url, http_options={"timeout": REQUEST_TIMEOUT_SECONDS})
        name, value = (_snowflake.get_generic_secret_string(secret) for secret in ("pat_name", "pat_value"))
        self.credentials = TSC.PersonalAccessTokenAuth(name, value, site_id=site)

    def __enter__(self) -> "Tableau":
        try:
            self.once(lambda server: server.use_server_version())
            # The client passes over a server that does not tell its version.
            if not self.once(lambda server: server.check_at_least_version(OLDEST_API)):
                raise Trouble(f"it does not say that it knows version {OLDEST_API} of its API, or a later one")
            self.sign_in()
        except NotSignedInError as error:
            site = self.credentials.site_id or "Default"
            raise RefreshError(
                f"Tableau refused to sign in to site `{site}` ({told(error)}): check the site and the two secrets; a token"
                " expires after 15 days without use"
            ) from None
        except (Trouble, ServerResponseError) as error:
            raise RefreshError(f"could not sign in to Tableau at {self.server.server_address}: {told(error)}") from None
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.server.auth.sign_out()
        except Exception:  # noqa: BLE001 - the session ends by itself, and the outcome is what counts
            pass

    def ask(self, request: Callable[[TSC.Server], Answer]) -> Answer:
        """Asks again, in a new session, when the session was ended: Tableau did nothing with the request then."""
        for _ in range(SIGN_INS - 1):
            try:
                return self.once(request)
            except NotSignedInError:
                try:
                    self.sign_in()
                except Trouble as error:
                    raise NotSignedInError(f"the session was ended, and a new one could not be had: {error}") from None
        return self.once(request)

    def sign_in(self) -> None:
        self.once(lambda server: server.auth.sign_in(self.credentials))

    def once(self, request: Callable[[TSC.Server], Answer]) -> Answer:
        try:
            return request(self.server)
        except NotSignedInError:
            raise
        # The client takes each answer of status 200 for Tableau's, and trips over the page of a gateway.
        except (TableauError, requests.RequestException, ParseError, LookupError, AttributeError, ValueError) as error:
            if isinstance(error, ServerResponseError) and error.code:
                raise
            raise Trouble(told(error)) from None


def start(session: Session, tableau: Tableau, key: Key, luid: str) -> tuple[str, bool]:
    """The job that refreshes the resource, and whether it was under way already. Starts no second one."""
    is_workbook = key.kind == "workbook"
    # A job that ends between the refusal and the search for it has made room for the next: hence twice.
    for _ in range(2):
        try:
            job = tableau.ask(lambda server: (server.workbooks if is_workbook else server.datasources).refresh(luid))
        except ServerResponseError as error:
            if error.code.startswith("404"):
                raise RefreshError(
                    f"{key} is {luid} in the map, which Tableau does not know any more ({told(error)}); "
                    f"{last_synced(session, key.site)}. Run `tabmap sync` and call again"
                ) from None
            if error.code != ALREADY_QUEUED:
                raise RefreshError(f"Tableau refused to refresh {key}: {told(error)}") from None
            job = None  # As newer versions of tableauserverclient (0.41 and later) answer it.
        except NotSignedInError as error:
            raise RefreshError(f"could not start the refresh of {key}: {told(error)}") from None
        except Trouble as error:
            # Not asked again: the refresh may have been started.
            if running := lost_job(tableau, key, luid):
                return running, True
            raise RefreshError(
                f"a refresh of {key} may have been started: the start was answered by {error}, and no job of it was found"
                " (only administrators may look for jobs). See in Tableau before you call again"
            ) from None
        if job is not None:
            return job.id, False
        if running := open_job(tableau, key, luid):
            return running, True
    raise RefreshError(
        f"a refresh of {key} is queued already, and its job could not be found: the token's user must be a site "
        "administrator to look for jobs"
    )


def lost_job(tableau: Tableau, key: Key, luid: str) -> Optional[str]:
    """The open refresh job of the resource, which a start without an answer may have queued."""
    for look in range(LOOKS_FOR_A_LOST_JOB):
        time.sleep(look * SHORTEST_PAUSE)
        if running := open_job(tableau, key, luid):
            return running
    return None


def open_job(tableau: Tableau, key: Key, luid: str) -> Optional[str]:
    """The open refresh job of the resource. Listings do not say what a job refreshes, so each one is asked."""
    try:
        looked_at = 0
        for status in ("InProgress", "Pending"):
            jobs = tableau.ask(lambda server: list(server.jobs.filter(job_type="refresh_extracts", status=status)))
            # The title is the name of the resource on most versions.
            for job in sorted(jobs, key=lambda job: job.title != key.name):
                looked_at += 1
                if looked_at > MOST_JOBS_LOOKED_AT:
                    return None
                found = tableau.ask(lambda server: server.jobs.get_by_id(job.id))
                if luid == (found.workbook_id if key.kind == "workbook" else found.datasource_id):
                    return found.id
    except (Trouble, ServerResponseError, NotSignedInError):
        return None
    return None


def wait_for(tableau: Tableau, key: Key, job_id: str, timeout: float) -> None:
    """Returns when the job has succeeded. Trouble while asking for it is not its failure."""
    deadline = time.monotonic() + timeout
    pause, trouble, place = SHORTEST_PAUSE, "", "in Tableau"
    while True:
        try:
            job = tableau.ask(lambda server: server.jobs.get_by_id(job_id))
            # help.tableau.com, Query Job: 0 without an end only hands the job over to a client of Tableau Bridge.
            if job.completed_at is not None or job.finish_code in (1, 2, 3):
                return check(key, job)
            place = "at Tableau Bridge, which it was handed to" if job.finish_code == 0 else "in Tableau"
            trouble = ""
        except (Trouble, NotSignedInError) as error:
            trouble = f"; the last question was answered by {told(error)}"
        except ServerResponseError as error:
            # Everything else may pass, also that a job is not known: it may show a little late.
            if error.code.startswith(FORBIDDEN):
                raise RefreshError(
                    f"the refresh of {key} is under way as job {job_id}, and Tableau does not tell how it goes "
                    f"({told(error)}): only administrators may ask for jobs; call with FALSE for WAIT"
                ) from None
            trouble = f"; the last question was answered by {told(error)}"
        left = deadline - time.monotonic()
        if left <= 0:
            raise RefreshError(
                f"the refresh of {key} was not done after {timeout:g} seconds; job {job_id} continues {place}{trouble}"
            )
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


def check(key: Key, job: TSC.JobItem) -> None:
    # 3 says that Tableau Bridge has completed it.
    if job.finish_code in (0, 3):
        return
    if job.finish_code == 2:
        raise RefreshError(f"the refresh of {key} was cancelled in Tableau (job {job.id})")
    notes = " ".join(note for note in job.notes if note) or "without a reason"
    raise RefreshError(f"the refresh of {key} failed in Tableau (job {job.id}): {notes}")


def told(error: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(error, XMLError) and error.code:
        return f"{error.code} {error.summary}: {error.detail}"
    if isinstance(error, InternalServerError):
        return f"HTTP status {error.code}"
    if isinstance(error, requests.RequestException):
        return type(error).__name__
    if isinstance(error, Trouble) or type(error) is NotSignedInError:
        return " ".join(str(error).split())
    return "an answer that is not Tableau's"
