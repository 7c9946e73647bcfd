-- Packages of many catalogs. See 0001 for how columns are chosen.

-- The catalog that the app's package was of; empty where it was of none.
ALTER TABLE app ADD COLUMN catalog TEXT NOT NULL DEFAULT '';

UPDATE app SET catalog = CASE WHEN official THEN 'builtin' ELSE 'local' END WHERE origin = 'installed';

-- The catalogs that were added; position is the order of preference. source, synced and failed are JSON.
CREATE TABLE catalog (
    name       TEXT    NOT NULL PRIMARY KEY,
    position   INTEGER NOT NULL,
    source     TEXT    NOT NULL,
    is_trusted INTEGER NOT NULL,
    added_at   INTEGER NOT NULL,
    synced     TEXT,
    failed     TEXT
) STRICT, WITHOUT ROWID;
