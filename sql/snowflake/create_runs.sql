-- One row for each run and site. A run counts once its STATUS is complete or incomplete.
CREATE TABLE IF NOT EXISTS {runs} (
{of_runs}
) COMMENT = 'One row for each run of tabmap and site'
