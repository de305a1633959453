-- What one site holds: $1 is the number of the site.
--
-- Servers differ. Where projects_contents is filled, it alone says what is in which project: project_id and parent_project_id
-- are deprecated then, and may be stale. A column that a server does not have is taken from `absent`, which stands in the
-- scope around each table, and is null there.
--
-- Left out: embedded data sources, data roles, what is in the recycle bin, and private copies of workbooks. What is in a
-- Personal Space has no project.
WITH RECURSIVE contents AS (
    SELECT lower(content_type) AS content_type, content_id, project_id
    FROM {projects_contents} AS c
    WHERE site_id = $1
),
rule AS (
    SELECT EXISTS (SELECT FROM {projects_contents} AS c) AS is_by_contents
),
projects AS (
    SELECT p.id, p.luid, p.name,
           CASE WHEN rule.is_by_contents THEN c.project_id ELSE p.parent_project_id END AS parent_id
    FROM rule
    CROSS JOIN (VALUES (NULL::integer)) AS absent (parent_project_id)
    CROSS JOIN LATERAL (
        SELECT id, luid::text AS luid, COALESCE(name, '')::text AS name, parent_project_id
        FROM public.projects
        WHERE site_id = $1
    ) AS p
    LEFT JOIN contents AS c ON c.content_type = 'project' AND c.content_id = p.id
),
paths AS (
    SELECT id, ARRAY[name] AS path
    FROM projects
    WHERE parent_id IS NULL
    UNION ALL
    SELECT p.id, above.path || p.name
    FROM projects AS p
    JOIN paths AS above ON above.id = p.parent_id
    -- Nesting deeper than this is a circle of parents.
    WHERE cardinality(above.path) < 100
),
resources AS (
    SELECT 'workbook' AS kind, w.id, w.luid, w.name, w.repository_url, w.project_id
    FROM (VALUES (NULL::integer, NULL::boolean, NULL::boolean, NULL::integer, NULL::text))
         AS absent (project_id, is_deleted, is_private, parent_workbook_id, state)
    CROSS JOIN LATERAL (
        SELECT id, luid, name, repository_url, project_id, is_deleted, is_private, parent_workbook_id, state
        FROM public.workbooks
        WHERE site_id = $1
    ) AS w
    WHERE w.is_deleted IS NOT TRUE
      AND w.state IS DISTINCT FROM 'archived'
      AND w.is_private IS NOT TRUE
      AND w.parent_workbook_id IS NULL
    UNION ALL
    SELECT 'datasource', d.id, d.luid, d.name, d.repository_url, d.project_id
    FROM (VALUES (NULL::integer, NULL::boolean, NULL::integer, NULL::text, NULL::text))
         AS absent (project_id, is_deleted, parent_workbook_id, parent_type, state)
    CROSS JOIN LATERAL (
        SELECT id, luid, name, repository_url, connectable, project_id, is_deleted, parent_workbook_id, parent_type, state
        FROM public.datasources
        WHERE site_id = $1
    ) AS d
    WHERE d.is_deleted IS NOT TRUE
      AND d.state IS DISTINCT FROM 'archived'
      AND d.connectable
      AND d.parent_workbook_id IS NULL
      AND d.parent_type IS NULL
),
placed AS (
    SELECT r.kind, r.id, r.luid, r.name, r.repository_url,
           CASE WHEN rule.is_by_contents THEN c.project_id ELSE r.project_id END AS project_id
    FROM rule
    CROSS JOIN resources AS r
    LEFT JOIN contents AS c ON c.content_type = r.kind AND c.content_id = r.id
)
SELECT r.kind, r.luid::text AS luid, r.name::text AS name, r.id::text AS number, r.repository_url::text AS content_url,
       r.project_id IS NOT NULL AS is_in_project, p.luid AS project_luid, p.name AS project_name, t.path AS project_path
FROM placed AS r
LEFT JOIN projects AS p ON p.id = r.project_id
LEFT JOIN paths AS t ON t.id = r.project_id
ORDER BY r.kind, r.id
