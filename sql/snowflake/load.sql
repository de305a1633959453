-- All that a sync reads of the map, in one statement and so of one moment: what the runs say, the sites that have rows, and
-- the rows of one site. The text depends on the site alone, so that an unchanged map is answered from Snowflake's result
-- cache ("Using persisted query results", docs.snowflake.com).
SELECT 'state' AS PART, {state_columns}, {behind_state}
FROM (
    {state}
) AS G
UNION ALL
SELECT 'site', S.SITE_ID::VARCHAR, {behind_site}
FROM (SELECT DISTINCT SITE_ID FROM {resources}) AS S
UNION ALL
SELECT 'row', {read}
FROM {resources} AS R
WHERE R.SITE_ID = {site}
