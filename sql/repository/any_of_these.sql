-- Whether the repository has anything with one of the LUIDs $1, on whatever site.
SELECT EXISTS (SELECT FROM public.workbooks WHERE luid::text = ANY ($1))
    OR EXISTS (SELECT FROM public.datasources WHERE luid::text = ANY ($1))
    OR EXISTS (SELECT FROM public.projects WHERE luid::text = ANY ($1))
