-- States and kinds are the numbers of saga.State and saga.EventKind. Times are microseconds since 1970, UTC.

CREATE TABLE saga_record (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL CHECK (name <> ''),
    state      INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
    queue      TEXT    NOT NULL,
    owner      TEXT    NOT NULL, -- '': nobody
    generation INTEGER NOT NULL CHECK (generation >= 1),
    called     INTEGER NOT NULL CHECK (called IN (0, 1)),
    lease_end  INTEGER NOT NULL, -- of its own, beside the owner's; 0: it has ended, or nobody owns the saga
    created    INTEGER NOT NULL,
    -- Appends that change neither state nor called are in the log alone. These two leave them out, unless the saga is final.
    updated    INTEGER NOT NULL,
    next_seq   INTEGER NOT NULL CHECK (next_seq >= 0),
    dag        INTEGER NOT NULL, -- its row in saga_dag, as others may have too
    params     BLOB,
    -- The events of the creation, and those of the append that has made the saga final. They aren't in saga_log: this row is written then
    -- anyway.
    first_count  INTEGER NOT NULL,
    first_events BLOB,
    last_seq     INTEGER,
    last_count   INTEGER,
    last_events  BLOB
) STRICT, WITHOUT ROWID;

-- Who has a DAG, which is deleted with the last.
CREATE INDEX saga_record_dag ON saga_record (dag);

-- What is not final, for claiming, and for listing what runs (2).
CREATE INDEX saga_record_free ON saga_record (queue, owner, state, id, lease_end) WHERE state < 5;

-- For listing by any other state but succeeded (5). Most sagas are never in it, so it stays small.
CREATE INDEX saga_record_state ON saga_record (state, id) WHERE state NOT IN (2, 5);

-- What owners are called for. Mostly nothing, and appends that leave called as it is don't write to it.
CREATE INDEX saga_record_called ON saga_record (owner, id) WHERE called;

-- A DAG is here once for each program that has made sagas of it.
CREATE TABLE saga_dag (
    number INTEGER NOT NULL PRIMARY KEY,
    digest BLOB    NOT NULL CHECK (length(digest) = 32), -- SHA-256
    dag    BLOB    NOT NULL
) STRICT;

-- The logs: a row of each append that has events, but the one that makes the saga final.
CREATE TABLE saga_log (
    saga     BLOB    NOT NULL,
    seq      INTEGER NOT NULL CHECK (seq >= 0), -- the first event's
    count    INTEGER NOT NULL CHECK (count >= 1),
    appended INTEGER NOT NULL,
    events   BLOB    NOT NULL, -- packed
    PRIMARY KEY (saga, seq)
) STRICT, WITHOUT ROWID;

-- Until when an owner has renewed its leases, which counts for all its sagas, if their own doesn't last longer. So to renew is to write
-- one row, and not one a saga.
CREATE TABLE saga_lease (
    owner     TEXT    NOT NULL PRIMARY KEY,
    lease_end INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
