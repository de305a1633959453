-- Runs that have not ended by their row, and yet the map shows their changes: rows carry the time of their snapshot. A
-- run is one MERGE, so one change that shows proves all of them. Of a run that removes and nothing else there is no row:
-- that what it removes is gone is the proof, unless another run removed it since.
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
LEFT JOIN (
    SELECT DISTINCT RUN_ID FROM {changes} WHERE RESOURCE_ID_AFTER IS NOT NULL
) AS WRITES ON WRITES.RUN_ID = C.RUN_ID
LEFT JOIN (
    SELECT O.SITE_ID, O.RESOURCE_TYPE, O.RESOURCE_ID_BEFORE, MAX(B.FINISHED_AT) AS REMOVED_AT
    FROM {changes} AS O
    JOIN {runs} AS B ON B.RUN_ID = O.RUN_ID AND B.STATUS IN ('complete', 'incomplete')
    WHERE O.CHANGE IN ('removed', 'replaced')
    GROUP BY O.SITE_ID, O.RESOURCE_TYPE, O.RESOURCE_ID_BEFORE
) AS OTHERS
    ON OTHERS.SITE_ID = C.SITE_ID AND OTHERS.RESOURCE_TYPE = C.RESOURCE_TYPE
    AND OTHERS.RESOURCE_ID_BEFORE = C.RESOURCE_ID_BEFORE AND OTHERS.REMOVED_AT >= R.STARTED_AT
LEFT JOIN {resources} AS LEFT_OVER
    ON LEFT_OVER.SITE_ID = C.SITE_ID AND LEFT_OVER.RESOURCE_TYPE = C.RESOURCE_TYPE
    AND LEFT_OVER.RESOURCE_ID = C.RESOURCE_ID_BEFORE
WHERE TWIN.RUN_ID IS NULL
  AND (
    WRITTEN.RESOURCE_ID IS NOT NULL
    OR (
        R.STATUS = 'applying' AND WRITES.RUN_ID IS NULL AND C.CHANGE = 'removed'
        AND LEFT_OVER.RESOURCE_ID IS NULL AND OTHERS.RESOURCE_ID_BEFORE IS NULL
    )
  )
GROUP BY C.RUN_ID
