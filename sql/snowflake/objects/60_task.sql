-- A nightly refresh, and a task graph: load, then refresh. Tasks are created suspended; ALTER TASK … RESUME starts them,
-- in a graph the root last.
--
-- The procedure answers `Resource not in mapping table` without an error, as its callers know it. A task has nobody to
-- read answers, so it fails then.
USE ROLE {sync_role};

CREATE TASK IF NOT EXISTS {procedures}."API__TABLEAU__NIGHTLY_REFRESH"
    WAREHOUSE = {warehouse}
    SCHEDULE = {schedule}
    USER_TASK_TIMEOUT_MS = 7200000
    COMMENT = 'Refreshes one Tableau resource (tabmap)'
AS
EXECUTE IMMEDIATE
$$
{call_and_check}
$$;

-- Put your own load into it: ALTER TASK … MODIFY AS …
CREATE TASK IF NOT EXISTS {procedures}."API__TABLEAU__LOAD"
    WAREHOUSE = {warehouse}
    SCHEDULE = {schedule}
    COMMENT = 'A place for the load that comes before a refresh (tabmap)'
AS
SELECT 'nothing is loaded yet' AS LOADED;

CREATE TASK IF NOT EXISTS {procedures}."API__TABLEAU__REFRESH_AFTER_LOAD"
    WAREHOUSE = {warehouse}
    USER_TASK_TIMEOUT_MS = 7200000
    COMMENT = 'Refreshes one Tableau resource when the load is done (tabmap)'
    AFTER {procedures}."API__TABLEAU__LOAD"
AS
EXECUTE IMMEDIATE
$$
{call_and_check}
$$;
