-- `tabmap sync` every night inside Snowflake, without any machine outside: an image repository, a compute pool of one small
-- node that sleeps in between, the token, and a task. Needs ACCOUNTADMIN.
--
-- The image is built and pushed by you: examples/container says how. It holds no configuration; where the tables have other
-- names than the usual ones, put your tabmap.toml into it.
--
-- Give the container a token of its own: a sign-in with a token ends every other session of that token.
-- To renew it: ALTER SECRET … SET SECRET_STRING = '…'.
USE ROLE ACCOUNTADMIN;

CREATE IMAGE REPOSITORY IF NOT EXISTS {repository};

CREATE COMPUTE POOL IF NOT EXISTS {compute_pool}
    MIN_NODES = 1
    MAX_NODES = 1
    INSTANCE_FAMILY = {instance_family}
    AUTO_RESUME = TRUE
    INITIALLY_SUSPENDED = TRUE
    AUTO_SUSPEND_SECS = 60
    COMMENT = 'Runs tabmap sync (tabmap)';

CREATE SECRET IF NOT EXISTS {procedures}."API__TABLEAU__SYNC_PAT_NAME"
    TYPE = GENERIC_STRING
    SECRET_STRING = {sync_pat_name}
    COMMENT = 'Name of the personal access token that the container signs in with (tabmap)';

CREATE SECRET IF NOT EXISTS {procedures}."API__TABLEAU__SYNC_PAT_VALUE"
    TYPE = GENERIC_STRING
    SECRET_STRING = {sync_pat_value}
    COMMENT = 'The personal access token of the container itself (tabmap)';

GRANT READ ON SECRET {procedures}."API__TABLEAU__SYNC_PAT_NAME" TO ROLE {sync_role};

GRANT READ ON SECRET {procedures}."API__TABLEAU__SYNC_PAT_VALUE" TO ROLE {sync_role};

GRANT READ, WRITE ON IMAGE REPOSITORY {repository} TO ROLE {sync_role};

GRANT USAGE, MONITOR ON COMPUTE POOL {compute_pool} TO ROLE {sync_role};

GRANT CREATE SERVICE ON SCHEMA {maps} TO ROLE {sync_role};

GRANT CREATE TASK ON SCHEMA {maps} TO ROLE {sync_role};

USE ROLE {sync_role};

-- In the schema of the map: a container finds the map in the schema that its job runs in. Each run is a job of its own, under
-- a name that Snowflake makes up. The task waits for it, and fails when it fails. It is created suspended; ALTER TASK …
-- RESUME starts it.
CREATE TASK IF NOT EXISTS {maps}."API__TABLEAU__SYNC"
    WAREHOUSE = {warehouse}
    SCHEDULE = {sync_schedule}
    USER_TASK_TIMEOUT_MS = 7200000
    COMMENT = 'Keeps the map of Tableau names (tabmap)'
AS
EXECUTE JOB SERVICE
    IN COMPUTE POOL {compute_pool}
    QUERY_WAREHOUSE = {warehouse}
    EXTERNAL_ACCESS_INTEGRATIONS = ({integration})
    FROM SPECIFICATION
$$
{specification}
$$;
