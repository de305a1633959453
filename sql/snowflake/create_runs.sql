-- One row for each run and site. A run counts once its STATUS is complete or incomplete.
CREATE TABLE IF NOT EXISTS {runs} (
    RUN_ID       VARCHAR NOT NULL,
    SERVER_URL   VARCHAR NOT NULL COMMENT 'the Tableau server that this map belongs to',
    SITE_ID      VARCHAR NOT NULL,
    SOURCE       VARCHAR NOT NULL,
    SNAPSHOT_AT  TIMESTAMP_NTZ(9) NOT NULL COMMENT 'UTC, as all times here',
    STARTED_AT   TIMESTAMP_NTZ(9) NOT NULL,
    FINISHED_AT  TIMESTAMP_NTZ(9),
    STATUS       VARCHAR NOT NULL COMMENT 'applying, complete, incomplete (of a listing cut short, only what is surely gone was removed) or abandoned',
    WORKBOOKS    NUMBER(38, 0) NOT NULL,
    DATASOURCES  NUMBER(38, 0) NOT NULL,
    ADDED        NUMBER(38, 0) NOT NULL,
    REPLACED     NUMBER(38, 0) NOT NULL,
    MOVED        NUMBER(38, 0) NOT NULL,
    REMOVED      NUMBER(38, 0) NOT NULL,
    CORRECTED    NUMBER(38, 0) NOT NULL,
    LAGGING      NUMBER(38, 0) NOT NULL,
    GHOSTS       NUMBER(38, 0) NOT NULL,
    SKIPPED      NUMBER(38, 0) NOT NULL,
    AMBIGUOUS    NUMBER(38, 0) NOT NULL,
    WARNINGS     VARCHAR NOT NULL COMMENT 'a JSON array of sentences',
    TOOL_VERSION VARCHAR NOT NULL
) COMMENT = 'One row for each run of tabmap and site'
