-- One statement for all changes of a run, which does nothing when it ran before and only its answer was lost.
INSERT INTO {changes} (RUN_ID, CHANGED_AT, SITE_ID, CHANGE, RESOURCE_TYPE, {sides|%})
SELECT {run}, {taken_at}::TIMESTAMP_NTZ, {site}, S.CHANGE, S.RESOURCE_TYPE, {before|S.%},
       {logged|IFF(S.ACTION = 'upsert', S.%, NULL)}
FROM {staged_rows} AS S
JOIN (SELECT COUNT(IFF(RUN_ID = {run}, 1, NULL)) AS WRITTEN FROM {changes}) AS G ON G.WRITTEN = 0
WHERE S.CHANGE IS NOT NULL
