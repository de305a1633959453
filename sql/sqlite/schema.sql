-- The map: one row for each workbook and published data source that exists now.
-- The first five columns are what callers use: they select RESOURCE_ID by the other four.
CREATE TABLE IF NOT EXISTS API__TABLEAU__RESOURCES (
    RESOURCE_TYPE    TEXT NOT NULL, -- workbook or datasource
    SITE_ID          TEXT NOT NULL, -- the site's content URL; empty for the Default site
    PROJECT_NAME     TEXT NOT NULL, -- the leaf project
    RESOURCE_NAME    TEXT NOT NULL,
    RESOURCE_ID      TEXT NOT NULL, -- the LUID
    PROJECT_PATH     TEXT,          -- from the root down: Finance/EMEA
    PROJECT_ID       TEXT,          -- the project's LUID
    VIZPORTAL_URL_ID TEXT,          -- the number in the browser's address bar
    FIRST_SEEN_AT    TEXT,          -- UTC, RFC 3339
    CHANGED_AT       TEXT           -- UTC: the time of the snapshot that last changed the row
);

CREATE INDEX IF NOT EXISTS API__TABLEAU__RESOURCES_BY_ID
    ON API__TABLEAU__RESOURCES (SITE_ID, RESOURCE_TYPE, RESOURCE_ID);

-- One row for each run and site.
CREATE TABLE IF NOT EXISTS API__TABLEAU__SYNC_RUNS (
    RUN_ID       TEXT NOT NULL PRIMARY KEY,
    SERVER_URL   TEXT NOT NULL,
    SITE_ID      TEXT NOT NULL,
    SOURCE       TEXT NOT NULL,
    SNAPSHOT_AT  TEXT NOT NULL,
    STARTED_AT   TEXT NOT NULL,
    FINISHED_AT  TEXT,
    STATUS       TEXT NOT NULL,     -- applying, complete, incomplete or abandoned
    WORKBOOKS    INTEGER NOT NULL,
    DATASOURCES  INTEGER NOT NULL,
    ADDED        INTEGER NOT NULL,
    REPLACED     INTEGER NOT NULL,
    MOVED        INTEGER NOT NULL,
    REMOVED      INTEGER NOT NULL,
    CORRECTED    INTEGER NOT NULL,
    LAGGING      INTEGER NOT NULL,
    GHOSTS       INTEGER NOT NULL,
    SKIPPED      INTEGER NOT NULL,
    AMBIGUOUS    INTEGER NOT NULL,
    WARNINGS     TEXT NOT NULL,     -- a JSON array of sentences
    TOOL_VERSION TEXT NOT NULL
);

-- Every change that a run applied.
CREATE TABLE IF NOT EXISTS API__TABLEAU__RESOURCE_CHANGES (
    RUN_ID               TEXT NOT NULL,
    CHANGED_AT           TEXT NOT NULL,
    SITE_ID              TEXT NOT NULL,
    CHANGE               TEXT NOT NULL, -- added, replaced, moved or removed
    RESOURCE_TYPE        TEXT NOT NULL,
    PROJECT_PATH_BEFORE  TEXT,
    PROJECT_NAME_BEFORE  TEXT,
    RESOURCE_NAME_BEFORE TEXT,
    RESOURCE_ID_BEFORE   TEXT,
    PROJECT_PATH_AFTER   TEXT,
    PROJECT_NAME_AFTER   TEXT,
    RESOURCE_NAME_AFTER  TEXT,
    RESOURCE_ID_AFTER    TEXT,
    VIZPORTAL_URL_ID_BEFORE TEXT,
    VIZPORTAL_URL_ID_AFTER  TEXT
);

CREATE INDEX IF NOT EXISTS API__TABLEAU__RESOURCE_CHANGES_BY_ID_BEFORE
    ON API__TABLEAU__RESOURCE_CHANGES (RESOURCE_ID_BEFORE);
CREATE INDEX IF NOT EXISTS API__TABLEAU__RESOURCE_CHANGES_BY_ID_AFTER
    ON API__TABLEAU__RESOURCE_CHANGES (RESOURCE_ID_AFTER);
