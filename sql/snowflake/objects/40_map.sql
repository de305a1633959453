-- The map, its runs and its changes, as `tabmap init` creates them, and a view of the keys that stand for more than one
-- resource. An older map with fewer columns is upgraded by `tabmap init`, as the role that owns it. Needs ACCOUNTADMIN for
-- the grants.
USE ROLE {sync_role};

{create_resources};

{create_runs};

{create_changes};

CREATE OR REPLACE VIEW {maps}."API__TABLEAU__AMBIGUOUS_KEYS"
    COPY GRANTS
    COMMENT = 'Keys that stand for more than one resource: only PROJECT_PATH tells them apart (tabmap)'
AS
SELECT
    RESOURCE_TYPE,
    SITE_ID,
    PROJECT_NAME,
    RESOURCE_NAME,
    COUNT(DISTINCT RESOURCE_ID) AS RESOURCES,
    LISTAGG(COALESCE(PROJECT_PATH, 'unknown') || ' (' || RESOURCE_ID || ')', ', ')
        WITHIN GROUP (ORDER BY PROJECT_PATH, RESOURCE_ID) AS PROJECT_PATHS
FROM {resources}
GROUP BY RESOURCE_TYPE, SITE_ID, PROJECT_NAME, RESOURCE_NAME
HAVING COUNT(DISTINCT RESOURCE_ID) > 1;

-- A map that another role created is not {sync_role}'s to grant.
USE ROLE ACCOUNTADMIN;

GRANT SELECT ON TABLE {resources} TO ROLE {call_role};

GRANT SELECT ON VIEW {maps}."API__TABLEAU__AMBIGUOUS_KEYS" TO ROLE {call_role};
