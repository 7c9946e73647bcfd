-- Packages of many catalogs. See 0001 for how columns are chosen.

-- The catalog that the app's package was of; empty where it was of none.
ALTER TABLE app ADD COLUMN catalog TEXT NOT NULL DEFAULT '';

UPDATE app SET catalog = CASE WHEN official THEN 'builtin' ELSE 'local' END WHERE origin = 'installed';
