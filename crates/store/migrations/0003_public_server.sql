-- A server that the public reaches. See 0001 for how columns are chosen.

-- People who may call. The hash is argon2id's, as a PHC string.
CREATE TABLE user (
    name          TEXT    NOT NULL PRIMARY KEY,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Programs that may call. The hash is SHA-256 of 256 random bits.
CREATE TABLE api_key (
    name         TEXT    NOT NULL PRIMARY KEY,
    hash         BLOB    NOT NULL UNIQUE,
    scope        TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

-- Who changed what. Names, not references: the trail outlives whom it is about.
CREATE TABLE audit (
    number     INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    caller     TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    interface  TEXT    NOT NULL,
    app_id     TEXT    NOT NULL,
    account    TEXT    NOT NULL,
    outcome    TEXT    NOT NULL
) STRICT;

-- The names that apps are reached by, and their certificates. Times are milliseconds; certificate and failed are JSON.
CREATE TABLE domain (
    name        TEXT    NOT NULL UNIQUE,
    install     TEXT    NOT NULL REFERENCES app (install) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    added_at    INTEGER NOT NULL,
    certificate TEXT,
    failed      TEXT
) STRICT;

CREATE INDEX domain_of_app ON domain (install, position);
