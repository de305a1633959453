"""Uses the emulator through snowflake-connector-python, and fails where Snowflake would behave otherwise."""

import sys
import time

import snowflake.connector
from snowflake.connector.errors import DatabaseError, ProgrammingError

port, user, password, database = sys.argv[1:]
common = {"account": "emulator", "host": "127.0.0.1", "port": int(port), "protocol": "http", "user": user}

try:
    snowflake.connector.connect(**common, password="wrong")
    sys.exit("a wrong password was accepted")
except DatabaseError as error:
    assert error.errno == 390100, error
    assert "Incorrect username or password" in str(error), error

connection = snowflake.connector.connect(**common, password=password, database=database, schema="MAIN")
cursor = connection.cursor()

# More rows than fit into one answer come in order, with their NULLs.
numbers = ",".join(str(number) for number in range(3500))
cursor.execute(f"SELECT F.VALUE::VARCHAR AS N FROM TABLE(FLATTEN(INPUT => PARSE_JSON('[{numbers}]'))) AS F ORDER BY F.INDEX")
assert [row[0] for row in cursor.fetchall()] == [str(number) for number in range(3500)]

# A statement that runs longer than the server holds a request is polled for.
began = time.monotonic()
assert cursor.execute("CALL SYSTEM$WAIT(5)").fetchall() == [("waited 5 seconds",)]
assert time.monotonic() - began >= 5

# DML answers counts, errors answer codes.
cursor.execute("USE SCHEMA MAIN")
cursor.execute("CREATE TEMPORARY TABLE T (A VARCHAR, B TIMESTAMP_NTZ(9))")
assert cursor.execute("INSERT INTO T SELECT 'x', '2026-01-02 03:04:05'::TIMESTAMP_NTZ").fetchall() == [(1,)]
try:
    cursor.execute("SELECT * FROM NOWHERE")
    sys.exit("a table that is not there was read")
except ProgrammingError as error:
    assert error.errno == 2003, error
    assert error.sfqid, "an error names its query"

connection.close()
print("all as expected")
