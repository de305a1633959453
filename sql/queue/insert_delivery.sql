-- What is older than the memory that the newest event leaves may have been forgotten: it counts as known.
INSERT INTO DELIVERIES (EVENT_ID, RECEIVED_MS, JOB_ID, JOB_NAME, RUN_ID, EVENT_MS)
SELECT ?1, ?2, ?3, ?4, ?5, ?6
WHERE ?6 >= (SELECT COALESCE(MAX(EVENT_MS), 0) FROM DELIVERIES) - ?7
ON CONFLICT (EVENT_ID) DO NOTHING
