INSERT INTO TABMAP_STAGED_CHANGES (
    CHANGE, RESOURCE_TYPE,
    PROJECT_PATH_BEFORE, PROJECT_NAME_BEFORE, RESOURCE_NAME_BEFORE, RESOURCE_ID_BEFORE,
    PROJECT_PATH_AFTER, PROJECT_NAME_AFTER, RESOURCE_NAME_AFTER, RESOURCE_ID_AFTER,
    VIZPORTAL_URL_ID_BEFORE, VIZPORTAL_URL_ID_AFTER
)
SELECT F.VALUE:change::VARCHAR, F.VALUE:resource_type::VARCHAR,
       F.VALUE:before:project_path::VARCHAR, F.VALUE:before:project_name::VARCHAR,
       F.VALUE:before:resource_name::VARCHAR, F.VALUE:before:resource_id::VARCHAR,
       F.VALUE:after:project_path::VARCHAR, F.VALUE:after:project_name::VARCHAR,
       F.VALUE:after:resource_name::VARCHAR, F.VALUE:after:resource_id::VARCHAR,
       F.VALUE:before:vizportal_url_id::VARCHAR, F.VALUE:after:vizportal_url_id::VARCHAR
FROM TABLE(FLATTEN(INPUT => {rows})) AS F
