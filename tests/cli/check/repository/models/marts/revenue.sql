{{ config(
    materialized='table',
    post_hook=[
        "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Campaigns', 'Archive', 'MySite', 'conn')",
        "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Campaigns', 'Marketing', 'MySite', 'conn')", {# expect: moved-resource #}
        "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', '{{ var('workbook') }}', 'EMEA', 'MySite', 'conn')"
    ]
) }}
-- don't touch: the dashboard reads this table
select * from {{ ref('orders') }}
