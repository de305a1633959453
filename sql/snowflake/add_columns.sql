-- Adopts a map that another tool wrote, or a change log of an earlier version: the rows stay, the new columns are NULL until the next sync.
ALTER TABLE {table} ADD COLUMN {columns}
