-- Which package was accepted. See 0001 for how columns are chosen.

-- The fingerprint of that package; NULL of what was accepted by earlier versions, and of what was not installed by us.
ALTER TABLE app ADD COLUMN fingerprint TEXT;
