"""The Airflow provider: its hook lists, its operator finds a workbook by name, refreshes it and waits."""

import json
import os

os.environ["AIRFLOW_CONN_TABLEAU"] = json.dumps(
    {
        "conn_type": "tableau",
        "host": os.environ["SIMULATOR"],
        "login": os.environ["SIMULATED_USER"],
        "password": os.environ["SIMULATED_PASSWORD"],
        "extra": {"site_id": "MySite"},
    }
)

from airflow.providers.tableau.hooks.tableau import TableauHook, TableauJobFinishCode
from airflow.providers.tableau.operators.tableau import TableauOperator
from simulated import DATASOURCES, WORKBOOKS, expect, jobs_of, same, workbook

with TableauHook(tableau_conn_id="tableau") as hook:
    for name, truth in [("workbooks", WORKBOOKS), ("datasources", DATASOURCES)]:
        same(name, [one.id for one in hook.get_all(name)], [one["luid"] for one in truth])
    expect("users", [one.name for one in hook.get_all("users")], ["analyst"])

operator = TableauOperator(
    task_id="refresh",
    resource="workbooks",
    method="refresh",
    find="Deliveries",
    match_with="name",
    tableau_conn_id="tableau",
    check_interval=0.2,
)
job = operator.execute(context={})
with TableauHook(tableau_conn_id="tableau") as hook:
    expect("finish code", hook.get_job_status(job), TableauJobFinishCode.SUCCESS)
expect("job", jobs_of(workbook("Deliveries", "Operations 🚀"))[-1], "Success")
print(f"{len(WORKBOOKS)} workbooks, {len(DATASOURCES)} data sources; the operator refreshed Deliveries")
