-- A run that died, or was abandoned by mistake, after its MERGE. Whether its listing was complete is not known any
-- more; of the two words, this one promises less.
UPDATE {runs}
SET STATUS = 'incomplete', FINISHED_AT = {now}::TIMESTAMP_NTZ
WHERE RUN_ID = {other_run} AND STATUS IN ('applying', 'abandoned')
