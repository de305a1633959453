"""Refreshes what dbt built."""
HOST = "https://tableau.example.com"
REVENUE = "00000101-0000-4000-8000-000000000101"  # expect: replaced-luid
CUSTOMERS = "00000202-0000-4000-8000-000000000202"
COSTS = "00000102-0000-4000-8000-000000000102"  # expect: stale-luid
REQUEST_ID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
KEPT = "00000201-0000-4000-8000-000000000201"  # tabmap: ignore replaced-luid
PAGE = HOST + "/#/site/MySite/datasources/201/connections"  # expect: replaced-url
COSTS_PAGE = f"{HOST}/#/site/MySite/workbooks/102/views"  # expect: stale-url
WELCOME = HOST + "/#/workbooks/301"
SQL = "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Nothing', 'EMEA', 'MySite', %s)"  # expect: unknown-resource
ESCAPED = 'CALL API__TABLEAU__REFRESH_RESOURCE(\'datasource\', \'Customers\', \'default\', \'MySite\', \'c\')'
FORMATTED = f"CALL API__TABLEAU__REFRESH_RESOURCE('workbook', '{HOST}', 'EMEA', 'MySite', 'c')"
