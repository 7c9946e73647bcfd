-- What apps are made of. See 0001 for how columns are chosen.

-- The images that the app's containers were made of, a JSON list: empty where nobody has looked yet.
ALTER TABLE app ADD COLUMN images TEXT NOT NULL DEFAULT '[]';
