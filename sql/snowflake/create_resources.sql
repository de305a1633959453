-- The map: one row for each workbook and published data source that exists now.
-- The first five columns are what callers use: they select RESOURCE_ID by the other four.
CREATE TABLE IF NOT EXISTS {resources} (
{of_map}
) COMMENT = 'Tableau names and their current LUIDs, kept by tabmap'
