-- Runs that are on their way or died there, and this run itself if it was begun already.
-- SHOWN counts what the map shows of a run: its rows carry the time of its snapshot, and what it removed is gone.
-- A run is one MERGE, so one change that shows proves all of them.
SELECT R.RUN_ID::VARCHAR AS RUN, R.STATUS::VARCHAR AS RUN_STATUS,
       (COUNT(M_AFTER.RESOURCE_ID) + COUNT(IFF(C.CHANGE = 'removed' AND M_BEFORE.RESOURCE_ID IS NULL, 1, NULL)))::VARCHAR AS SHOWN
FROM {runs} AS R
LEFT JOIN {changes} AS C ON C.RUN_ID = R.RUN_ID
LEFT JOIN {resources} AS M_AFTER
    ON M_AFTER.SITE_ID = C.SITE_ID AND M_AFTER.RESOURCE_TYPE = C.RESOURCE_TYPE
    AND M_AFTER.RESOURCE_ID = C.RESOURCE_ID_AFTER AND M_AFTER.CHANGED_AT = C.CHANGED_AT
LEFT JOIN {resources} AS M_BEFORE
    ON M_BEFORE.SITE_ID = C.SITE_ID AND M_BEFORE.RESOURCE_TYPE = C.RESOURCE_TYPE
    AND M_BEFORE.RESOURCE_ID = C.RESOURCE_ID_BEFORE
WHERE R.RUN_ID = {run} OR (R.STATUS = 'applying' AND (R.SITE_ID = {site} OR R.SERVER_URL <> {server}))
GROUP BY R.RUN_ID, R.STATUS
