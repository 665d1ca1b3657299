-- What the functions are given is checked by these, where they write it. States are the numbers of saga.State. A table's CHECK would be
-- read and compiled by each statement that writes, which takes longer than to write a row.
CREATE DOMAIN $schema.saga_name AS text CHECK (VALUE <> '');
CREATE DOMAIN $schema.saga_state AS smallint CHECK (VALUE BETWEEN 1 AND 7);

CREATE TABLE $schema.saga_schema (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  integer NOT NULL
);
INSERT INTO $schema.saga_schema (version) VALUES (1);

-- An append changes next_seq and updated, and mostly nothing else. No index has them, so that the new version of the row
-- goes beside the old one in the page, if there is room, and no index is written. It sets state and called to what they are, too,
-- which doesn't count as a change.
CREATE TABLE $schema.saga_record (
    id         uuid        PRIMARY KEY,
    name       text        COLLATE "C" NOT NULL,
    state      smallint    NOT NULL,
    queue      text        COLLATE "C" NOT NULL,
    owner      text        COLLATE "C" NOT NULL, -- '': nobody
    generation bigint      NOT NULL,
    called     boolean     NOT NULL,
    next_seq   bigint      NOT NULL,
    lease_end  timestamptz NOT NULL, -- of its own, beside the owner's
    created    timestamptz NOT NULL,
    updated    timestamptz NOT NULL
) WITH (fillfactor = 70);

-- What is not succeeded (5): for listing by any other state. Most sagas leave it when they end, so it stays small.
CREATE INDEX saga_record_state ON $schema.saga_record (state, id) WHERE state <> 5;

-- What is not final, for claiming.
CREATE INDEX saga_record_free ON $schema.saga_record (queue, owner, id) WHERE state < 5;

-- What owners are called for: mostly nothing.
CREATE INDEX saga_record_called ON $schema.saga_record (owner, id) WHERE called;

-- The DAGs that several sagas have. They aren't deleted with the last one; see saga_forget_dags.
CREATE TABLE $schema.saga_dag (
    digest bytea PRIMARY KEY, -- SHA-256
    dag    bytea NOT NULL
);

-- What a saga was created with, apart from the record, which every append rewrites.
CREATE TABLE $schema.saga_creation (
    saga   uuid    PRIMARY KEY,
    dag    bytea,            -- its own; NULL if it shares one
    shared bytea,            -- the digest of that
    params bytea,
    count  integer NOT NULL, -- of its first events
    events bytea             -- packed
);

-- Who shares a DAG.
CREATE INDEX saga_creation_shared ON $schema.saga_creation (shared) WHERE shared IS NOT NULL;

-- What was appended to a saga: a row of each append that has events.
CREATE TABLE $schema.saga_log (
    saga   uuid    NOT NULL,
    seq    bigint  NOT NULL, -- the first event's
    count  integer NOT NULL,
    events bytea   NOT NULL, -- packed
    PRIMARY KEY (saga, seq)
);

-- Until when an owner has renewed its leases, which counts for all its sagas, if their own doesn't last longer. So to renew is
-- to write one row, and not one a saga, which appends would have to pass over.
CREATE TABLE $schema.saga_lease (
    owner     text        COLLATE "C" PRIMARY KEY,
    lease_end timestamptz NOT NULL
) WITH (fillfactor = 10);
