-- A run that wrote nothing of the map.
UPDATE {runs}
SET STATUS = 'abandoned', FINISHED_AT = {now}::TIMESTAMP_NTZ
WHERE RUN_ID = {ended_run} AND STATUS = 'applying'
