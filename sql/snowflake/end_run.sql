UPDATE {runs}
SET STATUS = {status}, FINISHED_AT = {now}::TIMESTAMP_NTZ
WHERE RUN_ID = {run} AND STATUS IN ({from})
