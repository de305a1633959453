-- An e-mail when a site has not been synced completely for 26 hours (a day, and two hours for a slow night), or none
-- ever was. A site that nobody syncs any more counts as long as the map holds rows of it: somebody may look them up.
-- Needs ACCOUNTADMIN for the right to send. Each recipient must be the verified address of a user of this account: the user
-- verifies it in Snowsight, under Settings > Profile. The alert is created suspended; ALTER ALERT … RESUME starts it.
USE ROLE ACCOUNTADMIN;

CREATE NOTIFICATION INTEGRATION IF NOT EXISTS {notification}
    TYPE = EMAIL
    ENABLED = TRUE
    ALLOWED_RECIPIENTS = ({allowed_recipients});

GRANT USAGE ON INTEGRATION {notification} TO ROLE {sync_role};

USE ROLE {sync_role};

CREATE ALERT IF NOT EXISTS {procedures}."API__TABLEAU__MAP_IS_STALE"
    WAREHOUSE = {warehouse}
    SCHEDULE = '360 MINUTE'
    COMMENT = 'The map of Tableau names is out of date (tabmap)'
    IF (EXISTS (
{map_is_stale}
    ))
    THEN
        CALL SYSTEM$SEND_EMAIL(
            {notification_text},
            {recipients},
            'The map of Tableau names is out of date',
            'The last complete sync of a site is older than 26 hours, or there was none. The table of sync runs says more.'
        );
