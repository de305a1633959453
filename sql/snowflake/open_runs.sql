-- This run, if it was begun already, and those of the site, or of another server, that have not ended by their row.
-- Abandoned ones are listed only if the map shows them.
SELECT R.RUN_ID::VARCHAR AS RUN, R.STATUS::VARCHAR AS RUN_STATUS, IFF(S.RUN_ID IS NULL, 'no', 'yes') AS SHOWN
FROM {runs} AS R
LEFT JOIN (
    {shown_runs}
) AS S ON S.RUN_ID = R.RUN_ID
WHERE R.RUN_ID = {run}
   OR (R.SITE_ID = {site} AND S.RUN_ID IS NOT NULL)
   OR (R.STATUS = 'applying' AND (R.SITE_ID = {site} OR R.SERVER_URL <> {server}))
