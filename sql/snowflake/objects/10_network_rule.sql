-- The one place outside that the procedure may speak to. Needs ACCOUNTADMIN, and stays with it: whoever may change
-- the rule decides where the token is sent.
--
-- Snowflake has no IF NOT EXISTS for network rules. When the server moves:
-- ALTER NETWORK RULE … SET VALUE_LIST = ('new.example.com:443').
USE ROLE ACCOUNTADMIN;

CREATE NETWORK RULE {procedures}."API__TABLEAU__NETWORK_RULE"
    TYPE = HOST_PORT
    VALUE_LIST = ({host_and_port})
    MODE = EGRESS
    COMMENT = 'The Tableau server (tabmap)';
