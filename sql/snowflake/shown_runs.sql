-- Runs that have not ended by their row, and yet the map shows their changes: rows carry the time of their snapshot,
-- or what they removed is gone. A run is one MERGE, so one change that shows proves all of them.
-- An abandoned run may show too, when it was abandoned in the very moment of its MERGE; there only rows are proof.
-- A finished run of the same snapshot wrote the same rows, and is then the one that they show.
SELECT C.RUN_ID
FROM {changes} AS C
JOIN {runs} AS R ON R.RUN_ID = C.RUN_ID AND R.STATUS IN ('applying', 'abandoned')
LEFT JOIN {runs} AS TWIN
    ON TWIN.SITE_ID = R.SITE_ID AND TWIN.SNAPSHOT_AT = R.SNAPSHOT_AT AND TWIN.STATUS IN ('complete', 'incomplete')
LEFT JOIN {resources} AS WRITTEN
    ON WRITTEN.SITE_ID = C.SITE_ID AND WRITTEN.RESOURCE_TYPE = C.RESOURCE_TYPE
    AND WRITTEN.RESOURCE_ID = C.RESOURCE_ID_AFTER AND WRITTEN.CHANGED_AT = C.CHANGED_AT
LEFT JOIN {resources} AS LEFT_OVER
    ON LEFT_OVER.SITE_ID = C.SITE_ID AND LEFT_OVER.RESOURCE_TYPE = C.RESOURCE_TYPE
    AND LEFT_OVER.RESOURCE_ID = C.RESOURCE_ID_BEFORE
WHERE TWIN.RUN_ID IS NULL
  AND (
    WRITTEN.RESOURCE_ID IS NOT NULL
    OR (R.STATUS = 'applying' AND C.CHANGE = 'removed' AND LEFT_OVER.RESOURCE_ID IS NULL)
  )
GROUP BY C.RUN_ID
