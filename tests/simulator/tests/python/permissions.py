"""Reads who may do what with the first workbook."""

import tableauserverclient as TSC

from session import answer, sign_in

server = sign_in()
workbook = next(iter(TSC.Pager(server.workbooks)))
server.workbooks.populate_permissions(workbook)
rules = [[rule.grantee.id, rule.grantee.tag_name, rule.capabilities] for rule in workbook.permissions]
answer({"user": server.user_id, "owner": workbook.owner_id, "rules": rules})
