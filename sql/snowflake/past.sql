-- What left the map or its place in it: the resources that are no longer where they were.
SELECT C.RUN_ID::VARCHAR AS RUN, TO_VARCHAR(C.CHANGED_AT, 'YYYY-MM-DD HH24:MI:SS.FF6') AS CHANGED,
       C.SITE_ID::VARCHAR AS SITE, C.CHANGE::VARCHAR AS WORD, C.RESOURCE_TYPE::VARCHAR AS KIND,
       {sides|C.%::VARCHAR AS %}
FROM {changes} AS C
JOIN {runs} AS R ON R.RUN_ID = C.RUN_ID AND R.STATUS IN ('complete', 'incomplete')
WHERE C.CHANGE <> 'added'
ORDER BY C.CHANGED_AT, C.RUN_ID
