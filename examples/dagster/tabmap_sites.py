"""Syncs all sites of a Tableau Server every night, in steps that share them.

A site is always in the same step, so a step that failed is tried again for its own sites alone. Code 4 means that a listing
was incomplete: what is new is in the map, and the next run removes the rest.

Each step signs in by itself: use a connected app, for each sign-in with a personal access token ends the last.
"""

import subprocess

from dagster import (
    Definitions,
    DynamicOut,
    DynamicOutput,
    Failure,
    OpExecutionContext,
    RetryPolicy,
    ScheduleDefinition,
    job,
    op,
)

SHARDS = 8


@op(out=DynamicOut(int))
def shards():
    for shard in range(1, SHARDS + 1):
        yield DynamicOutput(shard, mapping_key=str(shard))


@op(retry_policy=RetryPolicy(max_retries=2, delay=900))
def sync(context: OpExecutionContext, shard: int) -> None:
    command = ["tabmap", "sync", "--all-sites", "--shard", f"{shard}/{SHARDS}", "--log-format", "json"]
    code = subprocess.run(command, check=False).returncode
    if code == 4:
        context.log.warning("Tableau did not list everything; the next sync removes what is gone")
    elif code != 0:
        raise Failure(f"tabmap sync ended with code {code}", allow_retries=code != 2)


@job
def tabmap_sites():
    shards().map(sync)


defs = Definitions(
    jobs=[tabmap_sites],
    schedules=[ScheduleDefinition(job=tabmap_sites, cron_schedule="15 5 * * *")],
)
