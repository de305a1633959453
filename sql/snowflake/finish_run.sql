-- Also when another run has abandoned this one meanwhile: it did not see the MERGE, which this run knows of.
UPDATE {runs}
SET STATUS = {status}, FINISHED_AT = {now}::TIMESTAMP_NTZ
WHERE RUN_ID = {run} AND STATUS IN ('applying', 'abandoned')
