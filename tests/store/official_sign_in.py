"""Signs in through snowflake-connector-python with the settings of the JSON object on standard input."""

import json
import sys

import snowflake.connector

settings = json.load(sys.stdin)
snowflake.connector.connect(**settings | {"port": int(settings["port"])}).close()
