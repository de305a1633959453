-- Rows that share one LUID, in a table that another tool wrote, are equal by now: one of each stays. Equal rows
-- cannot be told apart by a DELETE, so the table is written anew, in one statement.
INSERT OVERWRITE INTO {resources}
SELECT *
FROM {resources}
QUALIFY SITE_ID <> {site}
    OR RESOURCE_TYPE NOT IN ('workbook', 'datasource')
    OR ROW_NUMBER() OVER (
        PARTITION BY SITE_ID, RESOURCE_TYPE, RESOURCE_ID ORDER BY CHANGED_AT DESC NULLS LAST, RESOURCE_NAME
    ) = 1
