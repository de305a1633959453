-- Earlier releases wrote a time with as few digits as it needs: `.123Z` sorts after `.123456Z`, which is later.
UPDATE {table}
SET {column} = SUBSTR({column}, 1, 19) || '.' || SUBSTR(RTRIM(SUBSTR({column}, 21), 'Z') || '000000', 1, 6) || 'Z'
WHERE {column} LIKE '____-__-__T__:__:__%Z' AND LENGTH({column}) <> 27
