-- How many runs of the site have finished, its newest snapshot, and the server of the whole map.
SELECT COUNT(IFF(SITE_ID = {site} AND STATUS IN ('complete', 'incomplete'), 1, NULL))::VARCHAR AS FINISHED,
       TO_VARCHAR(
           MAX(IFF(SITE_ID = {site} AND STATUS IN ('complete', 'incomplete'), SNAPSHOT_AT, NULL)),
           'YYYY-MM-DD HH24:MI:SS.FF6'
       ) AS NEWEST,
       MIN(IFF(STATUS <> 'abandoned', SERVER_URL, NULL)) AS SERVER,
       MAX(IFF(STATUS <> 'abandoned' AND SERVER_URL <> {server}, SERVER_URL, NULL)) AS OTHER_SERVER
FROM {runs}
