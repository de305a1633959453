"""Runs the text of the refresh procedure as Snowflake would: in Snowpark, with secrets, and tables to read.

The first argument is a JSON document: the procedure's `body`, the names and rows of the tables, the `secrets`, and the
`calls` to make, each a list of arguments. Prints what each call answered or raised.
"""

import json
import sys
import types
from datetime import datetime
from importlib.metadata import version
from typing import Any

from snowflake.snowpark import Session
from snowflake.snowpark.types import StringType, StructField, StructType, TimestampTimeZone, TimestampType

asked = json.loads(sys.argv[1])

secrets = types.ModuleType("_snowflake")
secrets.get_generic_secret_string = asked["secrets"].__getitem__
sys.modules["_snowflake"] = secrets

session = Session.builder.config("local_testing", True).create()


def table(name: str, columns: dict[str, Any], rows: list[list[Any]]) -> None:
    fields = [StructField(column, kind) for column, kind in columns.items()]
    session.create_dataframe(rows, schema=StructType(fields)).write.save_as_table(name)


text, time = StringType(), TimestampType(TimestampTimeZone.NTZ)
of_the_map = ["RESOURCE_TYPE", "SITE_ID", "PROJECT_NAME", "RESOURCE_NAME", "RESOURCE_ID", "PROJECT_PATH"]
table(asked["resources"], dict.fromkeys(of_the_map, text), asked["map"])
runs = [[site, status, datetime.fromisoformat(at)] for site, status, at in asked["runs"]]
table(asked["sync_runs"], {"SITE_ID": text, "STATUS": text, "SNAPSHOT_AT": time}, runs)

procedure: dict[str, Any] = {"__name__": "procedure"}
exec(compile(asked["body"], "procedure", "exec"), procedure)

outcomes = []
for arguments in asked["calls"]:
    try:
        outcomes.append(procedure["refresh_resource"](session, *arguments))
    except procedure["RefreshError"] as error:
        outcomes.append({"raised": str(error)})
json.dump({"tableauserverclient": version("tableauserverclient"), "outcomes": outcomes}, sys.stdout)
