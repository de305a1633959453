"""Castor's extractor: all that it asks for, field and column included."""

import json
import pathlib
import tempfile

from simulated import DATASOURCES, PAT_NAME, PAT_SECRET, READS, SITE, URL, WORKBOOKS, expect, run, same

folder = pathlib.Path(tempfile.mkdtemp())
run("castor-extract-tableau", "--server-url", URL, "--site-id", SITE, "--token-name", PAT_NAME, "--token", PAT_SECRET,
    "--output", str(folder))


def read(name):
    [written] = folder.glob(f"*-{name}.json")
    return json.loads(written.read_text())


workbooks = {one["id"]: one["luid"] for one in read("workbooks")}
same("workbooks", workbooks.values(), [one["luid"] for one in WORKBOOKS])
sources = read("datasources")
published = {one["id"]: one for one in sources if one["__typename"] == "PublishedDatasource"}
same("data sources", [(one["luid"], one["projectLuid"]) for one in published.values()],
     [(one["luid"], one["project_luid"]) for one in DATASOURCES])
downstream = [(workbooks[below["id"]], one["luid"]) for one in published.values() for below in one["downstreamWorkbooks"]]
same("downstream", downstream, [(luid, source["luid"]) for luid, source in READS.items()])
parents = [(workbooks[one["workbook"]["id"]], published[above["id"]]["luid"])
           for one in sources if one["__typename"] == "EmbeddedDatasource" for above in one["parentPublishedDatasources"]]
same("parents", parents, [(luid, source["luid"]) for luid, source in READS.items()])
counts = {name: len(read(name)) for name in ["sheets", "dashboards", "usage", "users", "tables", "columns", "fields"]}
many = len(WORKBOOKS)
tables = 2 * many + len(DATASOURCES)  # Every workbook has custom SQL over a table of its own.
expect("counts", counts, {"sheets": many, "dashboards": many, "usage": 2 * many, "users": 1, "tables": tables,
                          "columns": tables, "fields": 2 * len(sources)})
print(f"{many} workbooks, {len(sources)} data sources, {counts['tables']} tables, {counts['fields']} fields")
