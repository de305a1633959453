-- Refreshes that were started, as far as they still count against a site's budget.
CREATE TABLE IF NOT EXISTS STARTS (
    ID     INTEGER PRIMARY KEY,
    SERVER TEXT NOT NULL,
    SITE   TEXT NOT NULL,    -- lower case
    AT_MS  INTEGER NOT NULL  -- milliseconds since 1970, UTC, as in all columns of this file
);

CREATE INDEX IF NOT EXISTS STARTS_BY_SITE ON STARTS (SERVER, SITE, AT_MS);

-- Looks at jobs, in buckets.
CREATE TABLE IF NOT EXISTS POLLS (
    SERVER  TEXT NOT NULL,
    SITE    TEXT NOT NULL,
    FROM_MS INTEGER NOT NULL,
    COUNT   INTEGER NOT NULL,
    PRIMARY KEY (SERVER, SITE, FROM_MS)
) WITHOUT ROWID;

-- Events that were accepted: none is acted on twice.
CREATE TABLE IF NOT EXISTS DELIVERIES (
    EVENT_ID    TEXT PRIMARY KEY,
    RECEIVED_MS INTEGER NOT NULL,
    JOB_ID      TEXT NOT NULL,
    JOB_NAME    TEXT NOT NULL,
    RUN_ID      TEXT NOT NULL,
    EVENT_MS    INTEGER NOT NULL DEFAULT 0   -- when dbt made the event
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS DELIVERIES_BY_EVENT ON DELIVERIES (EVENT_MS);

-- The queue of `tabmap serve`.
CREATE TABLE IF NOT EXISTS REFRESHES (
    ID          INTEGER PRIMARY KEY AUTOINCREMENT,
    TARGET      TEXT NOT NULL,               -- JSON: what to refresh, as the rule names it
    STATE       TEXT NOT NULL,               -- waiting, starting, running, succeeded, failed or superseded
    DELIVERIES  INTEGER NOT NULL DEFAULT 1,  -- how many deliveries it answers
    ATTEMPT     INTEGER NOT NULL DEFAULT 0,  -- how often it has failed
    QUEUED_MS   INTEGER NOT NULL,
    DUE_MS      INTEGER NOT NULL,
    SINCE       TEXT,                        -- starting: the server's clock before the POST
    LUID        TEXT,                        -- starting and later: the LUID that is refreshed
    RESOURCE    TEXT,                        -- starting and later: JSON, what the map said
    JOB_ID      TEXT,                        -- running and later
    STARTED_MS  INTEGER,
    FINISHED_MS INTEGER,
    MESSAGE     TEXT                         -- why it failed, or will be tried again
);

-- Deliveries that wait for one target wait for one refresh.
CREATE UNIQUE INDEX IF NOT EXISTS REFRESHES_WAITING ON REFRESHES (TARGET) WHERE STATE = 'waiting';
CREATE INDEX IF NOT EXISTS REFRESHES_OPEN ON REFRESHES (DUE_MS) WHERE STATE IN ('waiting', 'starting', 'running');
CREATE INDEX IF NOT EXISTS REFRESHES_BY_END ON REFRESHES (FINISHED_MS);
