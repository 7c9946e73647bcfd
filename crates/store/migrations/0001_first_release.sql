-- Installing apps. Times are milliseconds since 1970-01-01T00:00:00Z. Columns hold what is queried or
-- constrained; JSON columns hold nested values that are only ever read whole (see `src/rows`).

CREATE TABLE meta (
    -- Names this data directory on everything that is made in Docker. Chosen here, never changed.
    instance    TEXT    NOT NULL,
    -- Counted up by each check that the file can be written.
    check_count INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO meta (instance) VALUES (lower(hex(randomblob(10))));

CREATE TABLE app (
    -- The order in which rows came: tells apart what was accepted in the same millisecond.
    number       INTEGER PRIMARY KEY,
    install      TEXT    NOT NULL UNIQUE,
    app_id       TEXT    NOT NULL UNIQUE,
    project      TEXT    NOT NULL,
    package      TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    trademark    TEXT    NOT NULL,
    official     INTEGER NOT NULL,
    requirements TEXT    NOT NULL,
    desired      TEXT    NOT NULL,
    lifecycle    TEXT    NOT NULL,
    deployment   TEXT,
    observation  TEXT    NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

-- No reference to `app`: the history of an installation outlives its row.
CREATE TABLE operation (
    number      INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    install     TEXT    NOT NULL,
    app_id      TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    failure     TEXT,
    queued_at   INTEGER NOT NULL,
    started_at  INTEGER,
    finished_at INTEGER,
    last_lines  TEXT    NOT NULL
) STRICT;

-- At most one open operation per app.
CREATE UNIQUE INDEX operation_open ON operation (app_id)
    WHERE state IN ('queued', 'running', 'unwinding', 'stuck');
CREATE INDEX operation_of_app ON operation (app_id, number);
CREATE INDEX operation_of_install ON operation (install, number);

CREATE TABLE step (
    operation   INTEGER NOT NULL REFERENCES operation (number) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    step        TEXT    NOT NULL,
    attempt     INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    outcome     TEXT    NOT NULL,
    failure     TEXT,
    PRIMARY KEY (operation, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE pull (
    operation    INTEGER NOT NULL REFERENCES operation (number) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    image        TEXT    NOT NULL,
    layers       TEXT    NOT NULL,
    complete     INTEGER NOT NULL,
    PRIMARY KEY (operation, position)
) STRICT, WITHOUT ROWID;

-- Only the oldest are ever deleted, so the numbers have no gaps and tell how many there are.
CREATE TABLE event (
    number    INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    install   TEXT    NOT NULL,
    app_id    TEXT    NOT NULL,
    operation TEXT,
    what      TEXT    NOT NULL
) STRICT;
CREATE INDEX event_of_app ON event (app_id, number);

CREATE TABLE port_reservation (
    install  TEXT    NOT NULL REFERENCES app (install) ON DELETE CASCADE,
    address  TEXT    NOT NULL,
    protocol TEXT    NOT NULL,
    port     INTEGER NOT NULL,
    service  TEXT    NOT NULL,
    target   INTEGER NOT NULL,
    UNIQUE (address, protocol, port)
) STRICT;
CREATE INDEX port_reservation_of_install ON port_reservation (install);

CREATE TABLE subnet_reservation (
    install TEXT NOT NULL REFERENCES app (install) ON DELETE CASCADE,
    network TEXT NOT NULL,
    subnet  TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX subnet_reservation_of_install ON subnet_reservation (install);
