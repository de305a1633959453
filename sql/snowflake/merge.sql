-- All of a plan in one statement, or nothing of it when, by now, this run was abandoned, another run of the site
-- has finished, or a run of another server is in the table; or when a statement that was staged twice, or not at all,
-- makes the plan another one.
MERGE INTO {resources} AS T
USING (
    SELECT S.ACTION, {staged|S.%},
           {site} AS SITE_ID, {taken_at}::TIMESTAMP_NTZ AS TAKEN_AT
    FROM {staged_rows} AS S
    JOIN (
        {state}
    ) AS G ON G.MINE > 0 AND G.FINISHED = {version} AND G.OF_OTHER_SERVERS = 0
    JOIN (
        SELECT COUNT(*) AS STAGED, COUNT(DISTINCT RESOURCE_TYPE || '/' || RESOURCE_ID) AS RESOURCES
        FROM {staged_rows}
    ) AS W ON W.STAGED = {staged} AND W.RESOURCES = {staged}
) AS S
ON T.SITE_ID = S.SITE_ID AND T.RESOURCE_TYPE = S.RESOURCE_TYPE AND T.RESOURCE_ID = S.RESOURCE_ID
WHEN MATCHED AND S.ACTION = 'remove' THEN DELETE
WHEN MATCHED THEN UPDATE SET
    {told|% = S.%},
    FIRST_SEEN_AT = COALESCE(T.FIRST_SEEN_AT, S.TAKEN_AT),
    CHANGED_AT = S.TAKEN_AT
WHEN NOT MATCHED AND S.ACTION = 'upsert' THEN INSERT (
    SITE_ID, {staged|%}, {times|%}
) VALUES (
    S.SITE_ID, {staged|S.%}, {times|S.TAKEN_AT}
)
