-- The map: one row for each workbook and published data source that exists now.
-- The first five columns are what callers use: they select RESOURCE_ID by the other four.
CREATE TABLE IF NOT EXISTS {resources} (
    RESOURCE_TYPE    VARCHAR NOT NULL COMMENT 'workbook or datasource',
    SITE_ID          VARCHAR NOT NULL COMMENT 'content URL of the site; empty for the Default site',
    PROJECT_NAME     VARCHAR NOT NULL COMMENT 'the leaf project',
    RESOURCE_NAME    VARCHAR NOT NULL COMMENT 'the name, case included',
    RESOURCE_ID      VARCHAR NOT NULL COMMENT 'the LUID, as the Tableau REST API takes it',
    PROJECT_PATH     VARCHAR COMMENT 'the project from the root down, as in Finance/EMEA',
    PROJECT_ID       VARCHAR COMMENT 'the LUID of the project',
    VIZPORTAL_URL_ID VARCHAR COMMENT 'the number in the address bar of a browser',
    FIRST_SEEN_AT    TIMESTAMP_NTZ(9) COMMENT 'UTC',
    CHANGED_AT       TIMESTAMP_NTZ(9) COMMENT 'UTC; time of the snapshot that last changed the row'
) COMMENT = 'Tableau names and their current LUIDs, kept by tabmap'
