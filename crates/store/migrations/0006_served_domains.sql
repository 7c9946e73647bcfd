-- Which names of apps were ever served. See 0001 for how columns are chosen.

-- The port of HTTPS at which the gateway served the name last; NULL until it first does.
ALTER TABLE domain ADD COLUMN served_port INTEGER;

-- What has a certificate was served, or none would have been issued. Any other is found out anew: it is served within
-- seconds, or never was.
UPDATE domain SET served_port = 443 WHERE certificate IS NOT NULL;
