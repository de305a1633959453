"""What a careful script does: the Metadata API and REST, put together, into SQLite; by tableauserverclient."""

import sqlite3
import sys

import tableauserverclient as TSC

from listing_only import QUERY


def nodes(server: TSC.Server, connection: str, more: str) -> dict[str, dict]:
    answer = server.metadata.paginated_query(QUERY % (connection, more), {"first": 1000})
    return {node["luid"]: node for page in answer["pages"] for node in page["data"][connection]["nodes"]}


def main() -> None:
    url, site, name, secret, file = sys.argv[1:6]
    server = TSC.Server(url, use_server_version=True)
    server.auth.sign_in(TSC.PersonalAccessTokenAuth(name, secret, site))
    listed = {
        "workbook": nodes(server, "workbooksConnection", "projectLuid"),
        "datasource": nodes(server, "publishedDatasourcesConnection", ""),
    }
    whole = TSC.RequestOptions(pagesize=1000)
    witnessed = {
        "workbook": list(TSC.Pager(server.workbooks, request_opts=whole)),
        "datasource": list(TSC.Pager(server.datasources, request_opts=TSC.RequestOptions(pagesize=1000))),
    }
    projects = {it.id: it for it in TSC.Pager(server.projects, request_opts=TSC.RequestOptions(pagesize=1000))}
    server.auth.sign_out()

    def path(luid: str | None) -> str | None:
        names = []
        while luid in projects:
            names.append(projects[luid].name.replace("\\", "\\\\").replace("/", "\\/"))
            luid = projects[luid].parent_id
        return "/".join(reversed(names)) or None

    rows = []
    for kind, resources in witnessed.items():
        for it in resources:
            if it.project_id is None:
                continue
            number = listed[kind].get(it.id, {}).get("vizportalUrlId") or it.webpage_url.rsplit("/", 1)[-1]
            rows.append((kind, site, it.project_name, it.name, it.id, path(it.project_id), it.project_id, number, it.content_url))
    database = sqlite3.connect(file)
    with database:
        database.execute("DROP TABLE IF EXISTS resources")
        database.execute(
            "CREATE TABLE resources (type, site, project, name, luid, path, project_luid, number, content_url)"
        )
        database.executemany("INSERT INTO resources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    print(len(rows))


if __name__ == "__main__":
    main()
