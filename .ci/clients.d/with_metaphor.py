"""Metaphor's extractor: dashboards, and the data sources that they read, with their custom SQL."""

import json
import pathlib
import tempfile

from simulated import DATASOURCES, PAT_NAME, PAT_SECRET, READS, SITE, URL, WORKBOOKS, run, same

folder = pathlib.Path(tempfile.mkdtemp())
config = {
    "server_url": URL,
    "site_name": SITE,
    "access_token": {"token_name": PAT_NAME, "token_value": PAT_SECRET},
    "disable_preview_image": True,
    "output": {"file": {"directory": str(folder / "out")}},
}
(folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML.
run("metaphor", "tableau", str(folder / "config.yml"))

[written] = (folder / "out").glob("*/1-of-1.json")
events = json.loads(written.read_text())
dashboards = [event["dashboard"] for event in events if "dashboard" in event]
same("dashboards", [(one["logicalId"]["dashboardId"], one["dashboardInfo"]["title"]) for one in dashboards],
     [(one["vizportal_url_id"], ".".join([*one["project_path"], one["name"]])) for one in WORKBOOKS])
# A workbook reads its own data source, and the published one of its project.
same("upstream", [len(one["entityUpstream"]["sourceEntities"]) for one in dashboards],
     [2 if one["luid"] in READS else 1 for one in WORKBOOKS])
sources = [event["virtualView"] for event in events if "virtualView" in event]
published = [one["logicalId"]["name"] for one in sources if not one["tableauDatasource"]["embedded"]]
same("published data sources", published, [one["luid"] for one in DATASOURCES])
queries = [one["tableauDatasource"]["query"] for one in sources if one["tableauDatasource"]["embedded"]]
tables = [one["name"].upper().replace(" ", "_") for one in WORKBOOKS]
same("custom SQL", queries, [f'SELECT AMOUNT FROM WAREHOUSE.PUBLIC."{table}"' for table in tables])
print(f"{len(dashboards)} dashboards, {len(sources)} data sources, {len(queries)} with custom SQL")
