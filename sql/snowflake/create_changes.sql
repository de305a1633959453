-- Every change that a run applied. It counts once its run does.
CREATE TABLE IF NOT EXISTS {changes} (
    RUN_ID               VARCHAR NOT NULL,
    CHANGED_AT           TIMESTAMP_NTZ(9) NOT NULL COMMENT 'UTC; time of the snapshot',
    SITE_ID              VARCHAR NOT NULL,
    CHANGE               VARCHAR NOT NULL COMMENT 'added, replaced, moved or removed',
    RESOURCE_TYPE        VARCHAR NOT NULL COMMENT 'workbook or datasource',
    PROJECT_PATH_BEFORE  VARCHAR,
    PROJECT_NAME_BEFORE  VARCHAR,
    RESOURCE_NAME_BEFORE VARCHAR,
    RESOURCE_ID_BEFORE   VARCHAR,
    PROJECT_PATH_AFTER   VARCHAR,
    PROJECT_NAME_AFTER   VARCHAR,
    RESOURCE_NAME_AFTER  VARCHAR,
    RESOURCE_ID_AFTER    VARCHAR,
    VIZPORTAL_URL_ID_BEFORE VARCHAR,
    VIZPORTAL_URL_ID_AFTER  VARCHAR
) COMMENT = 'Every change that tabmap applied to the map'
