-- A run that died before its MERGE. The map is looked at again in the same statement: the run may be alive.
UPDATE {runs}
SET STATUS = 'abandoned', FINISHED_AT = {now}::TIMESTAMP_NTZ
WHERE RUN_ID = {other_run} AND STATUS = 'applying'
  AND RUN_ID NOT IN (
    {shown_runs}
  )
