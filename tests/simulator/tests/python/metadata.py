"""Both ways of Tableau's client to ask the Metadata API."""

from session import answer, sign_in

ONE = "query one($luid: String) { workbooks(filter: {luid: $luid}) { luid name projectName } }"
ALL = """
query all($first: Int, $afterToken: String) {
  workbooksConnection(first: $first, after: $afterToken, orderBy: {field: ID, direction: ASC}) {
    nodes { id luid name projectLuid vizportalUrlId uri }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}
"""

server = sign_in()
pages = server.metadata.paginated_query(ALL, variables={"first": 7})["pages"]
nodes = [node for page in pages for node in page["data"]["workbooksConnection"]["nodes"]]
one = server.metadata.query(ONE, variables={"luid": nodes[0]["luid"]})
answer({"pages": len(pages), "nodes": nodes, "one": one["data"]["workbooks"]})
