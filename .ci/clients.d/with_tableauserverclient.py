"""tableauserverclient lists all that a site has, reads the Metadata API by pages, and waits for a refresh."""

import tableauserverclient as TSC
from simulated import DATASOURCES, PAT_NAME, PAT_SECRET, SITE, URL, WORKBOOKS, expect, jobs_of, same, workbook

server = TSC.Server(URL, use_server_version=True)
with server.auth.sign_in(TSC.PersonalAccessTokenAuth(PAT_NAME, PAT_SECRET, SITE)):
    workbooks = list(TSC.Pager(server.workbooks))
    same("workbooks", [(one.id, one.name) for one in workbooks], [(one["luid"], one["name"]) for one in WORKBOOKS])
    urls = [one.content_url for one in workbooks if one.name == "Superstore"]
    expect("content URLs", (urls[0], urls[1].startswith("Superstore_1707888")), ("Superstore", True))
    sources = list(TSC.Pager(server.datasources))
    same("data sources", [one.id for one in sources], [one["luid"] for one in DATASOURCES])
    found = server.workbooks.filter(name="Superstore", project_name="EMEA")
    expect("filtered", [one.id for one in found], [workbook("Superstore", "Finance", "EMEA")["luid"]])

    views = {view.id: view for view in TSC.Pager(server.views, usage=True)}
    expect("views", len(views), 2 * len(WORKBOOKS))
    for one in workbooks:
        server.workbooks.populate_views(one, usage=True)
        same("its views", [it.id for it in one.views], [it.id for it in views.values() if it.workbook_id == one.id])
        if hasattr(one, "default_view_id"):  # Unknown to 0.34.
            expect("default view", views[one.default_view_id].content_url, f"{one.content_url}/sheets/Sheet1")
        server.workbooks.populate_connections(one)
        first = one.connections[0]
        expect("connection", (first.connection_type, first.server_address), ("snowflake", "warehouse.example.com"))
    expect("view by id", server.views.get_by_id(next(iter(views))).name, "Sheet 1")

    expect("users", [one.name for one in TSC.Pager(server.users)], ["analyst"])
    groups = list(TSC.Pager(server.groups))
    server.groups.populate_users(groups[0])
    expect("groups", [(one.name, [user.name for user in one.users]) for one in groups], [("All Users", ["analyst"])])
    expect("flows", [one.name for one in TSC.Pager(server.flows)], ["Prepare"])
    expect("schedules", [one.name for one in TSC.Pager(server.schedules)], ["Every night"])
    expect("subscriptions", [one.subject for one in TSC.Pager(server.subscriptions)], ["Superstore"])
    hooks = [(one.name, one.event) for one in server.webhooks.get()[0]]
    expect("webhooks", hooks, [("Refreshed", "workbook-refresh-succeeded")])
    tasks = server.tasks.get()[0]
    extracts = [one["luid"] for one in WORKBOOKS + DATASOURCES if one["has_extract"]]
    same("tasks", [task.target.id for task in tasks], extracts)

    query = """query($first: Int, $afterToken: String) { workbooksConnection(first: $first, after: $afterToken) {
        nodes { luid } pageInfo { hasNextPage endCursor } } }"""
    pages = server.metadata.paginated_query(query, {"first": 2, "afterToken": None})["pages"]
    nodes = [node["luid"] for page in pages for node in page["data"]["workbooksConnection"]["nodes"]]
    same("metadata", nodes, [one["luid"] for one in WORKBOOKS])
    expect("metadata pages", len(pages), 2)

    target = workbook("Superstore", "Finance")
    job = server.workbooks.refresh(target["luid"])
    expect("finish code", server.jobs.wait_for_job(job).finish_code, 0)
    expect("job", jobs_of(target)[-1], "Success")
print(f"{len(workbooks)} workbooks, {len(sources)} data sources, {len(views)} views, {len(tasks)} tasks; refreshed Superstore")
