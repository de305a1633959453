-- What left the map or its place in it: the resources that are no longer where they were.
SELECT {changes|c.%}
FROM API__TABLEAU__RESOURCE_CHANGES AS c
JOIN API__TABLEAU__SYNC_RUNS AS r ON r.RUN_ID = c.RUN_ID AND r.STATUS IN ('complete', 'incomplete')
WHERE c.CHANGE <> 'added'
ORDER BY c.CHANGED_AT, c.RUN_ID
