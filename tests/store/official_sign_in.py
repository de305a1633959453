"""Signs in through snowflake-connector-python with the settings of the JSON object on standard input.

With a `statement` among them, its rows are printed, as JSON.
"""

import json
import sys

import snowflake.connector

settings = json.load(sys.stdin)
statement = settings.pop("statement", None)
connection = snowflake.connector.connect(**settings | {"port": int(settings["port"])})
if statement:
    print(json.dumps(connection.cursor().execute(statement).fetchall()))
connection.close()
