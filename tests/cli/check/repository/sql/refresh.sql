-- Every form of a call.
CALL "EXTERNAL_ACCESS"."PROCEDURES"."API__TABLEAU__REFRESH_RESOURCE"('workbook', 'Revenue', 'EMEA', 'MySite', 'conn');

call "EXTERNAL_ACCESS"."PROCEDURES"."API__TABLEAU__REFRESH_RESOURCE"(
    'workbook',
    'Costs', -- expect: unknown-resource
    'EMEA', /* the leaf, not 'Finance' */
    'MySite',
    'conn'
);

CALL refresh_db.procs.Api__Tableau__Refresh_Resource(
    SITE_ID => 'MySite',
    RESOURCE_NAME => 'Orders',
    resource_type => 'datasource',
    CONNECTION_STRING => $$conn$$,
    "PROJECT_NAME" => 'Sales' -- expect: unknown-resource
);

CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Pipeline', 'EMEA', 'MySite', 'conn'); -- expect: ambiguous-resource
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Pipeline', 'EMEA', 'MySite', 'conn', 'Finance/EMEA', TRUE, 600);
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Pipeline', 'EMEA', 'MySite', 'conn', NULL); -- expect: ambiguous-resource
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Old Name', 'default', 'MySite', 'conn'); -- expect: moved-resource
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Welcome', 'default', '', 'conn');
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Welcome', 'default', 'Default', 'conn');
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Revenue', 'EMEA', 'mysite', 'conn'); -- expect: unknown-site
CALL API__TABLEAU__REFRESH_RESOURCE('view', 'Revenue', 'EMEA', 'MySite', 'conn'); -- expect: invalid-reference
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', :name, 'EMEA', 'MySite', 'conn');
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Rev' || 'enue', 'EMEA', 'MySite', 'conn');
-- CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Commented out', 'EMEA', 'MySite', 'conn');
/* CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Commented out', 'EMEA', 'MySite', 'conn'); */
CREATE OR REPLACE PROCEDURE API__TABLEAU__REFRESH_RESOURCE(RESOURCE_TYPE VARCHAR, RESOURCE_NAME VARCHAR);
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Gone on purpose', 'EMEA', 'MySite', 'conn'); -- tabmap: ignore unknown-resource
COPY INTO orders FROM 's3://bucket/*';
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Behind a glob', 'EMEA', 'MySite', 'conn'); -- expect: unknown-resource
/* Several lines:
CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Commented out', 'EMEA', 'MySite', 'conn');
*/
SELECT 1; -- tabmap: ignore stale-luid expect: unused-ignore
