"""Runs a schedule of the pages with stand-ins for Airflow or Dagster, and for the program that it starts.

Arguments: the schedule, the exit code of `tabmap`. Says what would be started, and how it would end.
"""

import subprocess
import sys
import types
from unittest.mock import MagicMock

text, code = sys.argv[1], int(sys.argv[2])


def bash_operator(*, task_id, bash_command):
    print(bash_command)
    return MagicMock()


class Failure(Exception):
    def __init__(self, message, *, allow_retries):
        super().__init__("failed, again" if allow_retries else "failed")


def module(name, **members):
    stand_in = types.ModuleType(name)
    stand_in.__dict__.update(members)
    sys.modules[name] = stand_in


assets = []


def asset(**named):
    return lambda function: assets.append(function) or function


for name in ("airflow", "airflow.providers", "airflow.providers.standard", "airflow.providers.standard.operators"):
    module(name)
module("airflow.sdk", DAG=MagicMock())
module("airflow.providers.standard.operators.bash", BashOperator=bash_operator)
others = ("AssetExecutionContext", "AssetSelection", "Definitions", "RetryPolicy", "ScheduleDefinition", "define_asset_job")
module("dagster", asset=asset, Failure=Failure, **{name: MagicMock() for name in others})


def run(command, **named):
    print(" ".join(command[1:]))
    return types.SimpleNamespace(returncode=code)


subprocess.run = run
exec(text, {"__name__": "schedule"})
for function in assets:
    try:
        log = types.SimpleNamespace(warning=lambda message: print("warned"))
        function(types.SimpleNamespace(log=log))
        print("done")
    except Failure as failure:
        print(failure)
