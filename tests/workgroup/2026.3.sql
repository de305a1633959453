-- What came until Tableau Server 2026.3: projects_contents says what is in which project, and in the recycle bin is what is
-- `archived`.
CREATE TABLE public.projects_contents (
    id serial PRIMARY KEY,
    project_id integer,
    site_id integer,
    content_id integer,
    content_type character varying
);
ALTER TABLE public.workbooks
    ADD COLUMN state character varying DEFAULT 'active',
    ADD COLUMN is_deleted boolean,
    ADD COLUMN parent_workbook_id integer,
    ADD COLUMN is_private boolean;
GRANT SELECT ON public.projects_contents TO readonly, readonly_md5;
