-- The personal access token of the procedure. Needs ACCOUNTADMIN.
--
-- Give the procedure a token of its own: a sign-in with a token ends every other session of that token.
-- To renew it: ALTER SECRET … SET SECRET_STRING = '…'.
USE ROLE ACCOUNTADMIN;

CREATE SECRET IF NOT EXISTS {procedures}."API__TABLEAU__PAT_NAME"
    TYPE = GENERIC_STRING
    SECRET_STRING = {pat_name}
    COMMENT = 'Name of the personal access token in Tableau (tabmap)';

CREATE SECRET IF NOT EXISTS {procedures}."API__TABLEAU__PAT_VALUE"
    TYPE = GENERIC_STRING
    SECRET_STRING = {pat_value}
    COMMENT = 'The personal access token itself (tabmap)';

GRANT READ ON SECRET {procedures}."API__TABLEAU__PAT_NAME" TO ROLE {sync_role};

GRANT READ ON SECRET {procedures}."API__TABLEAU__PAT_VALUE" TO ROLE {sync_role};
