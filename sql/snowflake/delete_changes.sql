-- They never came true.
DELETE FROM {changes}
WHERE RUN_ID = {run}
