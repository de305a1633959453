"""What the simulator holds, for the scripts beside this one to compare with what a client read."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

URL = os.environ["SIMULATOR"]
SITE = "MySite"
PAT_NAME, PAT_SECRET = os.environ["PAT_NAME"], os.environ["PAT_SECRET"]
USERNAME, PASSWORD = os.environ["SIMULATED_USER"], os.environ["SIMULATED_PASSWORD"]


def ask(path):
    with urllib.request.urlopen(URL + path) as answer:
        return json.load(answer)


RESOURCES = ask(f"/simulator/truth?site={SITE}")[0]["resources"]
WORKBOOKS = [one for one in RESOURCES if one["kind"] == "workbook"]
DATASOURCES = [one for one in RESOURCES if one["kind"] == "datasource"]
# A workbook reads the published data source of its project.
READS = {
    workbook["luid"]: source
    for workbook in WORKBOOKS
    for source in DATASOURCES
    if source["project_path"] == workbook["project_path"]
}


def workbook(name, *path):
    return next(one for one in WORKBOOKS if one["name"] == name and one["project_path"] == list(path))


def jobs_of(resource):
    """How the refresh jobs of a workbook or data source stand, oldest first."""
    return [job["status"] for job in ask("/simulator/jobs") if job["resource"] == resource["luid"]]


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r} instead of {wanted!r}")


def same(what, got, wanted):
    """The same, in any order."""
    expect(what, sorted(got), sorted(wanted))


def run(program, *arguments):
    """Runs a program that the client's package brings, and answers what it said."""
    program = pathlib.Path(sys.executable).with_name(program)
    ran = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode != 0:
        sys.exit(ran.stdout)
    return ran.stdout
