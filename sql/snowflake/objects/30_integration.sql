-- Rule and secrets, tied together: created disabled, enabled when nothing is missing. Needs ACCOUNTADMIN.
--
-- One statement attaches the secrets and enables, so that an integration without secrets is one that was not finished,
-- and a disabled one with secrets is one that somebody disabled.
--
-- Snowflake has no IF NOT EXISTS for external access integrations, and OR REPLACE would take the grants away.
USE ROLE ACCOUNTADMIN;

CREATE EXTERNAL ACCESS INTEGRATION {integration}
    ALLOWED_NETWORK_RULES = ({network_rule})
    ENABLED = FALSE
    COMMENT = 'The way to Tableau (tabmap)';

ALTER EXTERNAL ACCESS INTEGRATION {integration} SET
    ALLOWED_AUTHENTICATION_SECRETS = (
        {procedures}."API__TABLEAU__PAT_NAME",
        {procedures}."API__TABLEAU__PAT_VALUE"
    )
    ENABLED = TRUE;

GRANT USAGE ON INTEGRATION {integration} TO ROLE {sync_role};
