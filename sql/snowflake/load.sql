SELECT {read}
FROM {resources} AS R
WHERE R.SITE_ID = {site}
