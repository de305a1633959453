-- Adopts a map that another tool wrote: its rows stay, the new columns are NULL until the next sync.
ALTER TABLE {resources} ADD COLUMN {columns}
