"""Signs Tableau's own client in; the arguments of every script here are one JSON document."""

import json
import sys

import tableauserverclient as TSC

arguments = json.loads(sys.argv[1])


def sign_in(site=None):
    site = arguments["site"] if site is None else site
    if "jwt" in arguments:
        credentials = TSC.JWTAuth(arguments["jwt"], site_id=site)
    elif "password" in arguments:
        credentials = TSC.TableauAuth(arguments["username"], arguments["password"], site)
    else:
        credentials = TSC.PersonalAccessTokenAuth(arguments["pat_name"], arguments["pat_secret"], site)
    server = TSC.Server(arguments["url"], use_server_version=arguments.get("version_first", True))
    server.auth.sign_in(credentials)
    return server


def answer(document):
    json.dump(document, sys.stdout)
