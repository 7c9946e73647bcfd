-- The rest of an app's life. See 0001 for how columns are chosen.

-- What the owner set of the package's variables, by name.
ALTER TABLE app ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

-- Since when it lies in the recycle bin.
ALTER TABLE app ADD COLUMN trashed_at INTEGER;

-- Whose work it is: installed, foreign or adopted.
ALTER TABLE app ADD COLUMN origin TEXT NOT NULL DEFAULT 'installed';

-- What the user had asked for before the operation, and had set: what its undo goes back to.
ALTER TABLE operation ADD COLUMN desired_before TEXT NOT NULL DEFAULT 'running';
ALTER TABLE operation ADD COLUMN settings_before TEXT NOT NULL DEFAULT '{}';
