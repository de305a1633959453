-- Rows that are equal in what people look up and share one LUID, in a table that another tool wrote: one of each stays.
-- Equal rows cannot be told apart by a DELETE. So all of them are deleted, and the one that stays is inserted, by one
-- statement, which leaves the rows of other sites to whoever writes them meanwhile.
MERGE INTO {resources} AS T
USING (
    SELECT K.ACTION, D.*
    FROM (
        SELECT {map|%}
        FROM {resources}
        WHERE SITE_ID = {site} AND RESOURCE_TYPE IN ('workbook', 'datasource')
            AND RESOURCE_ID IS NOT NULL AND PROJECT_NAME IS NOT NULL AND RESOURCE_NAME IS NOT NULL
        QUALIFY COUNT(*) OVER (PARTITION BY RESOURCE_TYPE, RESOURCE_ID, PROJECT_NAME, RESOURCE_NAME) > 1
            AND ROW_NUMBER() OVER (
                PARTITION BY RESOURCE_TYPE, RESOURCE_ID, PROJECT_NAME, RESOURCE_NAME
                ORDER BY CHANGED_AT DESC NULLS LAST, FIRST_SEEN_AT NULLS LAST
            ) = 1
    ) AS D
    CROSS JOIN (SELECT 'remove' AS ACTION UNION ALL SELECT 'keep' AS ACTION) AS K
) AS S
ON T.SITE_ID = S.SITE_ID AND T.RESOURCE_TYPE = S.RESOURCE_TYPE AND T.RESOURCE_ID = S.RESOURCE_ID
    AND T.PROJECT_NAME = S.PROJECT_NAME AND T.RESOURCE_NAME = S.RESOURCE_NAME AND S.ACTION = 'remove'
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED AND S.ACTION = 'keep' THEN INSERT ({map|%})
VALUES ({map|S.%})
