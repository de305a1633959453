-- The last failure counts like those before it.
UPDATE REFRESHES
SET STATE = ?2, FINISHED_MS = ?3, MESSAGE = ?4, ATTEMPT = ATTEMPT + (?2 = 'failed')
WHERE ID = ?1
