"""What a short script does: both connections of the Metadata API by tableauserverclient, and nothing else."""

import sys

import tableauserverclient as TSC

QUERY = """query Page($first: Int, $afterToken: String) {
  %s(first: $first, after: $afterToken, orderBy: {field: ID, direction: ASC}) {
    nodes { luid name vizportalUrlId projectName %s }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}"""


def main() -> None:
    url, site, name, secret = sys.argv[1:5]
    server = TSC.Server(url, use_server_version=True)
    server.auth.sign_in(TSC.PersonalAccessTokenAuth(name, secret, site))
    count = 0
    for connection, more in [("workbooksConnection", "projectLuid"), ("publishedDatasourcesConnection", "")]:
        answer = server.metadata.paginated_query(QUERY % (connection, more), {"first": 1000})
        count += sum(len(page["data"][connection]["nodes"]) for page in answer["pages"])
    server.auth.sign_out()
    print(count)


if __name__ == "__main__":
    main()
