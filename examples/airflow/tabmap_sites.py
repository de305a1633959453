"""Syncs all sites of a Tableau Server every night, in tasks that share them.

A site is always in the same task, so a task that failed is tried again for its own sites alone. Code 4 means that a listing
was incomplete: what is new is in the map, and the next run removes the rest.

The workers need `tabmap` and its variables. Each task signs in by itself: use a connected app, or give each task a token of
its own with `expand_kwargs` and `env`, for each sign-in with a personal access token ends the last.
"""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SHARDS = 8

with DAG(
    "tabmap_sites",
    schedule="15 5 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=15)},
):
    BashOperator.partial(task_id="sync").expand(
        bash_command=[
            f"tabmap sync --all-sites --shard {shard}/{SHARDS} --log-format json; code=$?; [ $code -eq 4 ] || exit $code"
            for shard in range(1, SHARDS + 1)
        ]
    )
