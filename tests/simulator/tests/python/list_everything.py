"""Lists all there is on a site, page by page, then asks for one of each by id."""

import tableauserverclient as TSC

from session import answer, arguments, sign_in


def resource(it):
    return {
        "luid": it.id,
        "name": it.name,
        "project_luid": it.project_id,
        "project": it.project_name,
        "webpage_url": it.webpage_url,
        "updated_at": it.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


server = sign_in()
workbooks = [resource(it) for it in TSC.Pager(server.workbooks)]
datasources = [resource(it) for it in TSC.Pager(server.datasources)]
by_id = {}
if workbooks:
    by_id["workbook"] = resource(server.workbooks.get_by_id(workbooks[0]["luid"]))
if datasources:
    by_id["datasource"] = resource(server.datasources.get_by_id(datasources[0]["luid"]))
document = {
    "version": server.version,
    "workbooks": workbooks,
    "datasources": datasources,
    "by_id": by_id,
    "projects": [[it.id, it.name, it.parent_id] for it in TSC.Pager(server.projects)],
    "site": server.sites.get_by_id(server.site_id).content_url,
}
if not arguments.get("cloud"):
    document["sites"] = [it.content_url for it in TSC.Pager(server.sites)]
server.auth.sign_out()
answer(document)
