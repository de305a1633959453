-- What pipelines call. The procedure acts with the rights of {sync_role}: its callers see neither secrets nor
-- integration.
--
-- OR REPLACE brings a new version, COPY GRANTS keeps who may call it.
USE ROLE {sync_role};

-- Snowflake builds Python procedures in a warehouse.
USE WAREHOUSE {warehouse};

CREATE OR REPLACE PROCEDURE {procedures}."API__TABLEAU__REFRESH_RESOURCE"(
    RESOURCE_TYPE VARCHAR,
    RESOURCE_NAME VARCHAR,
    PROJECT_NAME VARCHAR,
    SITE_ID VARCHAR,
    CONNECTION_STRING VARCHAR DEFAULT {server},
    PROJECT_PATH VARCHAR DEFAULT NULL,
    WAIT BOOLEAN DEFAULT TRUE,
    TIMEOUT_SECONDS INTEGER DEFAULT 3600
)
COPY GRANTS
RETURNS VARCHAR
LANGUAGE PYTHON
RUNTIME_VERSION = '3.11'
ARTIFACT_REPOSITORY = {artifact_repository}
PACKAGES = ('snowflake-snowpark-python', 'tableauserverclient', 'requests')
HANDLER = 'refresh_resource'
EXTERNAL_ACCESS_INTEGRATIONS = ({integration})
SECRETS = (
    'pat_name' = {procedures}."API__TABLEAU__PAT_NAME",
    'pat_value' = {procedures}."API__TABLEAU__PAT_VALUE"
)
COMMENT = 'Refreshes the Tableau resource that a name stands for today (tabmap)'
EXECUTE AS OWNER
AS
$$
{handler}


RESOURCES = {resources_in_python}
RUNS = {runs_in_python}
$$;

GRANT USAGE ON PROCEDURE {procedures}."API__TABLEAU__REFRESH_RESOURCE"(
    VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR, BOOLEAN, INTEGER
) TO ROLE {call_role};

-- The current id, NULL for a key that is not in the map. An ambiguous key is an error: SQL can raise one only by a
-- conversion that fails, whose message quotes what could not be converted.
CREATE OR REPLACE FUNCTION {procedures}."API__TABLEAU__RESOLVE_RESOURCE"(
    KEY_TYPE VARCHAR,
    KEY_NAME VARCHAR,
    KEY_PROJECT VARCHAR,
    KEY_SITE VARCHAR
)
COPY GRANTS
RETURNS VARCHAR
COMMENT = 'The id that Tableau knows a resource by today (tabmap)'
AS
$$
SELECT CASE
    WHEN COUNT(DISTINCT M.RESOURCE_ID) > 1 THEN TO_VARCHAR(TO_NUMBER(
        'ambiguous key, tell apart by PROJECT_PATH: ' || LISTAGG(DISTINCT COALESCE(M.PROJECT_PATH, M.RESOURCE_ID), ', ')
    ))
    ELSE MAX(M.RESOURCE_ID)
END AS RESOURCE_ID
FROM {resources} AS M
WHERE M.RESOURCE_TYPE = LOWER(KEY_TYPE) AND M.SITE_ID = KEY_SITE
    AND M.PROJECT_NAME = KEY_PROJECT AND M.RESOURCE_NAME = KEY_NAME
$$;

GRANT USAGE ON FUNCTION {procedures}."API__TABLEAU__RESOLVE_RESOURCE"(VARCHAR, VARCHAR, VARCHAR, VARCHAR)
    TO ROLE {call_role};

-- The same with the full path of the project. A function of its own, because Snowflake runs a subquery with optional
-- conditions for constants alone, not for every row of a table.
CREATE OR REPLACE FUNCTION {procedures}."API__TABLEAU__RESOLVE_RESOURCE"(
    KEY_TYPE VARCHAR,
    KEY_NAME VARCHAR,
    KEY_PROJECT VARCHAR,
    KEY_SITE VARCHAR,
    KEY_PATH VARCHAR
)
COPY GRANTS
RETURNS VARCHAR
COMMENT = 'The id that Tableau knows a resource by today (tabmap)'
AS
$$
SELECT CASE
    WHEN COUNT(DISTINCT M.RESOURCE_ID) > 1 THEN TO_VARCHAR(TO_NUMBER(
        'ambiguous even by PROJECT_PATH: ' || LISTAGG(DISTINCT M.RESOURCE_ID, ', ')
    ))
    ELSE MAX(M.RESOURCE_ID)
END AS RESOURCE_ID
FROM {resources} AS M
WHERE M.RESOURCE_TYPE = LOWER(KEY_TYPE) AND M.SITE_ID = KEY_SITE
    AND M.PROJECT_NAME = KEY_PROJECT AND M.RESOURCE_NAME = KEY_NAME AND M.PROJECT_PATH = KEY_PATH
$$;

GRANT USAGE ON FUNCTION {procedures}."API__TABLEAU__RESOLVE_RESOURCE"(VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR)
    TO ROLE {call_role};
