-- The rest of an app's life. See 0001 for how columns are chosen.

-- What the owner set of the package's variables, by name.
ALTER TABLE app ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
