-- Rows that are equal in what people look up and share one LUID, in a table that another tool wrote: one of each stays.
DELETE FROM API__TABLEAU__RESOURCES
WHERE SITE_ID = ?1
  AND RESOURCE_TYPE IN ('workbook', 'datasource')
  AND ROWID NOT IN (
    SELECT MIN(ROWID) FROM API__TABLEAU__RESOURCES
    WHERE SITE_ID = ?1
    GROUP BY RESOURCE_TYPE, RESOURCE_ID, PROJECT_NAME, RESOURCE_NAME
  )
