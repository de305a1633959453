"""DataHub's source for Tableau, into a file: projects, workbooks, sheets and the lineage down to the warehouse."""

import json
import pathlib
import tempfile

from simulated import DATASOURCES, PAT_NAME, PAT_SECRET, READS, RESOURCES, SITE, URL, WORKBOOKS, expect, run, same

folder = pathlib.Path(tempfile.mkdtemp())
config = {"connect_uri": URL, "site": SITE, "token_name": PAT_NAME, "token_value": PAT_SECRET}
sink = {"type": "file", "config": {"filename": str(folder / "events.json")}}
recipe = folder / "recipe.json"
recipe.write_text(json.dumps({"source": {"type": "tableau", "config": config}, "sink": sink}))
run("datahub", "ingest", "run", "--strict-warnings", "--config", str(recipe))

# Every aspect as (what it is of, its name, its content), whichever of the two forms the event has.
aspects = []
for event in json.loads((folder / "events.json").read_text()):
    if "aspectName" in event:
        aspects.append((event["entityUrn"], event["aspectName"], event["aspect"]["json"]))
    else:
        [snapshot] = event["proposedSnapshot"].values()
        for aspect in snapshot["aspects"]:
            [(name, content)] = aspect.items()
            aspects.append((snapshot["urn"], name.rpartition(".")[2], content))


def named(name):
    return [(urn, content) for urn, aspect, content in aspects if aspect == name]


containers = [content["name"] for _, content in named("containerProperties")]
projects = {one["project_path"][-1] for one in RESOURCES}
same("projects and workbooks", containers, [*projects, *(one["name"] for one in WORKBOOKS)])
views = [content["externalUrl"] for _, content in named("ChartInfo")]
same("sheets", ["/".join(url.split("/")[-3:]) for url in views],
     [f"views/{name}/Sheet1" for name in ["Superstore", "Superstore_17078880601022", "Deliveries", "LiveOrders"]])
expect("dashboards", len(named("DashboardInfo")), len(WORKBOOKS))

names = {urn: content["name"] for urn, content in named("DatasetProperties")}
lineage = {(names.get(urn), names.get(above["dataset"], above["dataset"].split(",")[1]))
           for urn, content in named("upstreamLineage") for above in content["upstreams"]}
wanted = {(one["name"], one["name"]) for one in READS.values()}
wanted |= {(one["name"], f"warehouse.public.{one['name'].lower()}") for one in DATASOURCES}
expect("lineage", wanted - lineage, set())
print(f"{len(WORKBOOKS)} workbooks, {len(views)} sheets, {len(named('upstreamLineage'))} lineages, no warning")
