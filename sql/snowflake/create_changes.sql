-- Every change that a run applied. It counts once its run does.
CREATE TABLE IF NOT EXISTS {changes} (
{of_changes}
) COMMENT = 'Every change that tabmap applied to the map'
