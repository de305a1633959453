-- Adopts a map that another tool wrote, or a change log of an earlier version: the rows stay. The new
-- columns of the map are NULL until the next sync, those of old changes for ever.
ALTER TABLE {table} ADD COLUMN {columns}
