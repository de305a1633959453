-- The run row, unless another run has finished since the mapping was loaded, the map is of another server, or
-- this statement ran before and only its answer was lost.
INSERT INTO {runs} ({runs|%})
SELECT {run_values}
FROM (SELECT {row} AS V) AS N
JOIN (
    {state}
) AS G ON G.FINISHED = {version} AND G.OF_OTHER_SERVERS = 0
LEFT JOIN {runs} AS BEGUN ON BEGUN.RUN_ID = {run}
WHERE BEGUN.RUN_ID IS NULL
