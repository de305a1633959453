-- The tables of Tableau Server 2019.3 that say what is on a site, with the columns that matter here and some others.
CREATE TABLE public.sites (
    id integer PRIMARY KEY,
    name character varying,
    url_namespace character varying,
    status character varying,
    luid uuid
);
CREATE TABLE public.projects (
    id integer PRIMARY KEY,
    name character varying,
    owner_id integer,
    created_at timestamp without time zone,
    state character varying,
    site_id integer,
    special integer,
    luid uuid,
    parent_project_id integer
);
CREATE TABLE public.workbooks (
    id integer PRIMARY KEY,
    name character varying,
    repository_url text,
    created_at timestamp without time zone,
    owner_id integer,
    project_id integer,
    refreshable_extracts boolean,
    site_id integer,
    luid uuid
);
CREATE TABLE public.datasources (
    id integer PRIMARY KEY,
    name character varying,
    repository_url text,
    created_at timestamp without time zone,
    owner_id integer,
    project_id integer,
    state character varying,
    site_id integer,
    refreshable_extracts boolean,
    connectable boolean,
    luid uuid,
    parent_workbook_id integer,
    hidden_name character varying,
    parent_type text
);
-- What the user `tableau` sees: views without LUIDs.
CREATE VIEW public._sites AS SELECT id, name, url_namespace, status FROM public.sites;
CREATE VIEW public._workbooks AS SELECT id, name, repository_url AS workbook_url, project_id, site_id FROM public.workbooks;
GRANT SELECT ON public.sites, public.projects, public.workbooks, public.datasources TO readonly, readonly_md5;
GRANT SELECT ON public._sites, public._workbooks TO tableau;
