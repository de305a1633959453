-- The one place outside that the procedure may speak to. Needs ACCOUNTADMIN, and stays with it: whoever may change
-- the rule decides where the token is sent.
--
-- Snowflake has no IF NOT EXISTS for network rules. When the server moves:
-- ALTER NETWORK RULE … SET VALUE_LIST = ('new.example.com:443').
--
-- A server behind a private link has a rule of its own name and type, because the type of a rule cannot be changed. An
-- administrator sets up the way to it once: SYSTEM$PROVISION_PRIVATELINK_ENDPOINT.
USE ROLE ACCOUNTADMIN;

CREATE NETWORK RULE {network_rule}
    TYPE = {rule_type}
    VALUE_LIST = ({host_and_port})
    MODE = EGRESS
    COMMENT = 'The Tableau server (tabmap)';
