"""Goes from one site to the other without signing in again."""

import tableauserverclient as TSC

from session import answer, arguments, sign_in

server = sign_in()
before = server.auth_token
target = next(it for it in TSC.Pager(server.sites) if it.content_url == arguments["other"])
server.auth.switch_site(target)
workbooks = [it.id for it in TSC.Pager(server.workbooks)]
answer({"site": server.site_id, "workbooks": workbooks, "new_token": server.auth_token != before})
