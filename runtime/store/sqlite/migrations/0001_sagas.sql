-- States and kinds are the numbers of saga.State and saga.EventKind. Times are microseconds since 1970, UTC.

CREATE TABLE saga_record (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL CHECK (name <> ''),
    state      INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
    queue      TEXT    NOT NULL,
    owner      TEXT    NOT NULL, -- '': nobody
    generation INTEGER NOT NULL CHECK (generation >= 1),
    called     INTEGER NOT NULL CHECK (called IN (0, 1)),
    next_seq   INTEGER NOT NULL CHECK (next_seq >= 0),
    lease_end  INTEGER NOT NULL, -- 0: it has ended, or nobody owns the saga
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is not succeeded (5): for listing by any other state, and for renewing. Most sagas leave it
-- when they end, so it stays small.
CREATE INDEX saga_record_open ON saga_record (state, id, owner) WHERE state <> 5;

-- What is not final, for claiming: in a queue, what is free at once comes first, the oldest first, and then what is
-- free when its lease has ended.
CREATE INDEX saga_record_free ON saga_record (queue, lease_end, id) WHERE state < 5;

-- What owners are called for. Mostly nothing, and appends that leave called as it is don't write to it.
CREATE INDEX saga_record_called ON saga_record (owner, id) WHERE called;

-- Apart from the record, which every append rewrites.
CREATE TABLE saga_dag (
    saga BLOB NOT NULL PRIMARY KEY,
    dag  BLOB NOT NULL
) STRICT;

CREATE TABLE saga_event (
    saga    BLOB    NOT NULL,
    seq     INTEGER NOT NULL CHECK (seq >= 0),
    node    INTEGER NOT NULL CHECK (node >= 0),
    kind    INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 17),
    at      INTEGER NOT NULL,
    payload BLOB,
    PRIMARY KEY (saga, seq)
) STRICT, WITHOUT ROWID;
