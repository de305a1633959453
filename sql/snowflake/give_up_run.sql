-- This run knows that it wrote nothing of the map.
UPDATE {runs}
SET STATUS = 'abandoned', FINISHED_AT = {now}::TIMESTAMP_NTZ
WHERE RUN_ID = {run} AND STATUS = 'applying'
