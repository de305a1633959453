-- What the runs say: about this run, about the runs of the site that count, and about the server of the whole map.
SELECT COUNT(IFF(R.RUN_ID = {run} AND R.STATUS = 'applying', 1, NULL)) AS MINE,
       COUNT(IFF(R.SITE_ID = {site} AND (R.STATUS IN ('complete', 'incomplete') OR S.RUN_ID IS NOT NULL), 1, NULL))
           AS FINISHED,
       MAX(IFF(R.SITE_ID = {site} AND (R.STATUS IN ('complete', 'incomplete') OR S.RUN_ID IS NOT NULL), R.SNAPSHOT_AT, NULL))
           AS NEWEST,
       MIN(IFF(R.STATUS IN ('complete', 'incomplete') OR S.RUN_ID IS NOT NULL, R.SERVER_URL, NULL)) AS SERVER,
       COUNT(IFF(R.STATUS <> 'abandoned' AND R.SERVER_URL <> {server}, 1, NULL)) AS OF_OTHER_SERVERS,
       MAX(IFF(R.STATUS <> 'abandoned' AND R.SERVER_URL <> {server}, R.SERVER_URL, NULL)) AS OTHER_SERVER
FROM {runs} AS R
LEFT JOIN (
    {shown_runs}
) AS S ON S.RUN_ID = R.RUN_ID
