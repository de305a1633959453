"""Filters on the server's side, as scripts of users do."""

from session import answer, arguments, sign_in

server = sign_in()
answer(
    {
        "both": [it.id for it in server.workbooks.filter(name=arguments["name"], project_name=arguments["project"])],
        "default": [it.name for it in server.projects.filter(name="Default")],
        "none": [it.id for it in server.datasources.filter(name="there is no such name")],
    }
)
