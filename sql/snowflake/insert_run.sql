-- The run row, unless another run has finished since the mapping was loaded, the map is of another server, or
-- this statement ran before and only its answer was lost.
INSERT INTO {runs} (
    RUN_ID, SERVER_URL, SITE_ID, SOURCE, SNAPSHOT_AT, STARTED_AT, FINISHED_AT, STATUS,
    WORKBOOKS, DATASOURCES, ADDED, REPLACED, MOVED, REMOVED, CORRECTED,
    LAGGING, GHOSTS, SKIPPED, AMBIGUOUS, WARNINGS, TOOL_VERSION
)
SELECT N.V:run_id::VARCHAR, N.V:server_url::VARCHAR, N.V:site_id::VARCHAR, N.V:source::VARCHAR,
       N.V:snapshot_at::VARCHAR::TIMESTAMP_NTZ, N.V:started_at::VARCHAR::TIMESTAMP_NTZ,
       N.V:finished_at::VARCHAR::TIMESTAMP_NTZ, N.V:status::VARCHAR,
       N.V:workbooks::NUMBER(38, 0), N.V:datasources::NUMBER(38, 0), N.V:added::NUMBER(38, 0),
       N.V:replaced::NUMBER(38, 0), N.V:moved::NUMBER(38, 0), N.V:removed::NUMBER(38, 0),
       N.V:corrected::NUMBER(38, 0), N.V:lagging::NUMBER(38, 0), N.V:ghosts::NUMBER(38, 0),
       N.V:skipped::NUMBER(38, 0), N.V:ambiguous::NUMBER(38, 0), N.V:warnings::VARCHAR, N.V:tool_version::VARCHAR
FROM (SELECT {row} AS V) AS N
JOIN (
    {state}
) AS G ON G.FINISHED = {version} AND G.OF_OTHER_SERVERS = 0
LEFT JOIN {runs} AS BEGUN ON BEGUN.RUN_ID = {run}
WHERE BEGUN.RUN_ID IS NULL
