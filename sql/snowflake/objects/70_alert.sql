-- An e-mail when a site has not been synced completely for 26 hours (a day, and two hours for a slow night), or none
-- ever was. A site that nobody syncs any more counts as long as the map holds rows of it: somebody may look them up.
-- Needs ACCOUNTADMIN for the right to send. The alert is created suspended; ALTER ALERT … RESUME starts it.
USE ROLE ACCOUNTADMIN;

CREATE NOTIFICATION INTEGRATION IF NOT EXISTS {notification}
    TYPE = EMAIL
    ENABLED = TRUE
    ALLOWED_RECIPIENTS = ({alert_email});

GRANT USAGE ON INTEGRATION {notification} TO ROLE {sync_role};

USE ROLE {sync_role};

CREATE ALERT IF NOT EXISTS {procedures}."API__TABLEAU__MAP_IS_STALE"
    WAREHOUSE = {warehouse}
    SCHEDULE = '360 MINUTE'
    COMMENT = 'The map of Tableau names is out of date (tabmap)'
    IF (EXISTS (
        SELECT S.SITE_ID
        FROM (
            SELECT
                SITE_ID,
                MAX(IFF(STATUS = 'complete', SNAPSHOT_AT, NULL)) AS NEWEST,
                MAX(STARTED_AT) AS TRIED
            FROM {runs}
            GROUP BY SITE_ID
        ) AS S
        WHERE (S.NEWEST IS NULL OR S.NEWEST < DATEADD('hour', -26, SYSDATE()))
            AND (S.TRIED >= DATEADD('hour', -26, SYSDATE()) OR S.SITE_ID IN (SELECT M.SITE_ID FROM {resources} AS M))
        UNION ALL
        SELECT 'no sync has ever been complete' AS SITE_ID
        FROM (SELECT COUNT(IFF(STATUS = 'complete', 1, NULL)) AS COMPLETE_RUNS FROM {runs}) AS R
        WHERE R.COMPLETE_RUNS = 0
    ))
    THEN
        CALL SYSTEM$SEND_EMAIL(
            {notification_text},
            {alert_email},
            'The map of Tableau names is out of date',
            'The last complete sync of a site is older than 26 hours, or there was none. The table of sync runs says more.'
        );
