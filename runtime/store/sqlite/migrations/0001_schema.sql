-- States and event kinds are the numbers of saga.State and engine.EventKind.
-- Times are microseconds since 1970, UTC.

CREATE TABLE saga_record (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL CHECK (name <> ''),
    state      INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
    queue      TEXT    NOT NULL,
    owner      TEXT    NOT NULL, -- '' if the saga is unowned
    generation INTEGER NOT NULL CHECK (generation >= 1),
    notified   INTEGER NOT NULL CHECK (notified IN (0, 1)),
    lease_end  INTEGER NOT NULL, -- of this saga; see also saga_lease. 0: expired, or no owner
    created    INTEGER NOT NULL,
    -- An append that changes neither state nor notified is in saga_log only. So
    -- these two may lag behind the log until the saga is final.
    updated    INTEGER NOT NULL,
    next_seq   INTEGER NOT NULL CHECK (next_seq >= 0),
    dag        INTEGER NOT NULL, -- saga_dag.id; sagas with the same DAG share it
    params     BLOB,
    -- The events of the creation, and of the append that made the saga final.
    -- They are here and not in saga_log, as both write this row anyway.
    first_count  INTEGER NOT NULL,
    first_events BLOB,
    final_seq    INTEGER,
    final_count  INTEGER,
    final_events BLOB
) STRICT, WITHOUT ROWID;

-- Tells whether a DAG is still used. It is deleted with its last saga.
CREATE INDEX saga_record_dag ON saga_record (dag);

-- The sagas that are not final (below 5), for claims, and for lists of running
-- sagas (2).
CREATE INDEX saga_record_unfinished ON saga_record (queue, owner, state, id, lease_end) WHERE state < 5;

-- For lists of any other state but succeeded (5). Most sagas are never in it,
-- so it stays small.
CREATE INDEX saga_record_state ON saga_record (state, id) WHERE state NOT IN (2, 5);

-- The sagas whose owners are notified: usually none. Appends that leave
-- notified as it is don't write to it.
CREATE INDEX saga_record_notified ON saga_record (owner, id) WHERE notified;

-- Encoded DAGs. A DAG has one row for each program that has created sagas with
-- it.
CREATE TABLE saga_dag (
    id     INTEGER NOT NULL PRIMARY KEY,
    digest BLOB    NOT NULL CHECK (length(digest) = 32), -- SHA-256
    dag    BLOB    NOT NULL
) STRICT;

-- The logs: a row for each append that has events, except the append that made
-- the saga final.
CREATE TABLE saga_log (
    saga     BLOB    NOT NULL,
    seq      INTEGER NOT NULL CHECK (seq >= 0), -- of the first event
    count    INTEGER NOT NULL CHECK (count >= 1),
    appended INTEGER NOT NULL,
    events   BLOB    NOT NULL, -- encoded by eventcodec
    PRIMARY KEY (saga, seq)
) STRICT, WITHOUT ROWID;

-- The leases of owners. A saga's lease ends with the later of its own end and
-- its owner's. So a renewal writes one row, and not one for each saga.
CREATE TABLE saga_lease (
    owner     TEXT    NOT NULL PRIMARY KEY,
    lease_end INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
