-- Also when another run has abandoned this one meanwhile: it did not see the MERGE.
UPDATE {runs}
SET STATUS = {status}, FINISHED_AT = {now}::TIMESTAMP_NTZ
WHERE RUN_ID = {ended_run} AND STATUS IN ('applying', 'abandoned')
