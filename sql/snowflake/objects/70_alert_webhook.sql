-- A message to a channel of Slack or Teams when a site has not been synced completely for 26 hours (a day, and two hours for
-- a slow night), or none ever was. A site that nobody syncs any more counts as long as the map holds rows of it: somebody
-- may look them up. Needs ACCOUNTADMIN for the right to send. The alert is created suspended; ALTER ALERT … RESUME starts it.
--
-- The secret is the part of the webhook's address that SNOWFLAKE_WEBHOOK_SECRET stands for.
-- To renew it: ALTER SECRET … SET SECRET_STRING = '…'.
USE ROLE ACCOUNTADMIN;

CREATE SECRET IF NOT EXISTS {procedures}."API__TABLEAU__ALERT_WEBHOOK"
    TYPE = GENERIC_STRING
    SECRET_STRING = {webhook_secret}
    COMMENT = 'The secret part of the address of the webhook that the alert tells (tabmap)';

CREATE NOTIFICATION INTEGRATION IF NOT EXISTS {webhook}
    TYPE = WEBHOOK
    ENABLED = TRUE
    WEBHOOK_URL = {webhook_url}
    WEBHOOK_SECRET = {procedures}."API__TABLEAU__ALERT_WEBHOOK"
    WEBHOOK_BODY_TEMPLATE = {webhook_body}
    WEBHOOK_HEADERS = ('Content-Type' = 'application/json')
    COMMENT = 'The channel that the alert tells (tabmap)';

GRANT READ ON SECRET {procedures}."API__TABLEAU__ALERT_WEBHOOK" TO ROLE {sync_role};

GRANT USAGE ON INTEGRATION {webhook} TO ROLE {sync_role};

USE ROLE {sync_role};

CREATE ALERT IF NOT EXISTS {procedures}."API__TABLEAU__MAP_IS_STALE"
    WAREHOUSE = {warehouse}
    SCHEDULE = '360 MINUTE'
    COMMENT = 'The map of Tableau names is out of date (tabmap)'
    IF (EXISTS (
{map_is_stale}
    ))
    THEN
        CALL SYSTEM$SEND_SNOWFLAKE_NOTIFICATION(
            SNOWFLAKE.NOTIFICATION.TEXT_PLAIN(SNOWFLAKE.NOTIFICATION.SANITIZE_WEBHOOK_CONTENT(
                'The map of Tableau names is out of date: the last complete sync of a site is older than 26 hours, or there was none. The table of sync runs says more.'
            )),
            SNOWFLAKE.NOTIFICATION.INTEGRATION({webhook_text})
        );
