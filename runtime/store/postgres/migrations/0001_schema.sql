-- States and event kinds are the numbers of saga.State and engine.EventKind.

CREATE TABLE $schema.saga_schema (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  integer NOT NULL
);

-- The functions cast what they write to these types, which check it. The CHECK
-- constraints of a table would be read and compiled by each statement that
-- writes, which takes longer than writing a row.
CREATE DOMAIN $schema.saga_name AS text CHECK (VALUE <> '');
CREATE DOMAIN $schema.saga_state AS smallint CHECK (VALUE BETWEEN 1 AND 7);

-- An append usually changes only next_seq and updated. These are in no index,
-- so the new version of the row goes to the same page if there is room, and no
-- index is written. The append also sets state and notified, usually to the
-- values that they have, which doesn't count as a change.
CREATE TABLE $schema.saga_record (
    id         uuid        PRIMARY KEY,
    name       text        COLLATE "C" NOT NULL,
    state      smallint    NOT NULL,
    queue      text        COLLATE "C" NOT NULL,
    owner      text        COLLATE "C" NOT NULL, -- '' if the saga is unowned
    generation bigint      NOT NULL,
    notified   boolean     NOT NULL,
    next_seq   bigint      NOT NULL,
    lease_end  timestamptz NOT NULL, -- of this saga; see also saga_lease
    created    timestamptz NOT NULL,
    updated    timestamptz NOT NULL
) WITH (fillfactor = 70);

-- For lists of any state but succeeded (5). Most sagas leave it when they
-- finish, so it stays small.
CREATE INDEX saga_record_state ON $schema.saga_record (state, id) WHERE state <> 5;

-- The sagas that are not final (below 5), for claims.
CREATE INDEX saga_record_unfinished ON $schema.saga_record (queue, owner, id) WHERE state < 5;

-- The sagas whose owners are notified: usually none.
CREATE INDEX saga_record_notified ON $schema.saga_record (owner, id) WHERE notified;

-- The DAGs that sagas share. A DAG isn't deleted with its last saga; see
-- saga_delete_unused_dags.
CREATE TABLE $schema.saga_dag (
    digest bytea PRIMARY KEY, -- SHA-256
    dag    bytea NOT NULL
);

-- The parts of a new saga that never change. They are not in saga_record, since
-- every append rewrites that row.
CREATE TABLE $schema.saga_creation (
    saga       uuid    PRIMARY KEY,
    dag        bytea,            -- the saga's own DAG; NULL if it shares one
    dag_digest bytea,            -- of the shared DAG; else NULL
    params     bytea,
    count      integer NOT NULL, -- of the first events
    events     bytea             -- the first events, encoded by eventcodec
);

-- Tells whether a DAG is still used.
CREATE INDEX saga_creation_dag_digest ON $schema.saga_creation (dag_digest) WHERE dag_digest IS NOT NULL;

-- The logs: a row for each append that has events.
CREATE TABLE $schema.saga_log (
    saga   uuid    NOT NULL,
    seq    bigint  NOT NULL, -- of the first event
    count  integer NOT NULL,
    events bytea   NOT NULL, -- encoded by eventcodec
    PRIMARY KEY (saga, seq)
);

-- The leases of owners. A saga's lease ends with the later of its own end and
-- its owner's. So a renewal writes one row, and not one for each saga, which
-- appends would have to skip.
CREATE TABLE $schema.saga_lease (
    owner     text        COLLATE "C" PRIMARY KEY,
    lease_end timestamptz NOT NULL
) WITH (fillfactor = 10);

-- The functions that write appends and creations. Each row of their results has
-- the ID of a saga and an outcome, which is an index of the variable outcomes
-- in batch.go. saga_append returns no row for a saga that doesn't exist, or
-- whose record another transaction has locked. An append or creation that fails
-- doesn't keep the others of its batch from being written, and no append waits
-- for a locked record.
--
-- They are functions so that the server keeps their plans, behind a pooler too.
-- Planning takes longer than writing what one saga has, and compilation of
-- expensive plans (jit) takes longer than anything here.
--
-- A plan must stay good however large the tables become. So the settings ask
-- for a generic plan of nested loops over indexes, which read no more rows than
-- they need. Intermediate results of the batch are looked up in hashed
-- subplans; CASE keeps the planner from turning these into joins.

-- Fencing: the UPDATE that takes the event numbers also checks the generation
-- and the next number, and the INSERT gets its rows from that UPDATE.
--
-- locked skips rows that other transactions have locked, and has the newest
-- version of each row. It says why the UPDATE has skipped a row: saga_record
-- has the rows as they were when the statement began. The UPDATE finds a row at
-- the ctid that was locked, and doesn't find a version that is newer than the
-- statement. Then all values may match, and the outcome is "busy" (5).
CREATE FUNCTION $schema.saga_append(
    ids uuid[], generations bigint[], states smallint[], notifies boolean[], seqs bigint[], counts integer[],
    event_data bytea[]
) RETURNS TABLE (saga_id uuid, outcome integer) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH locked AS MATERIALIZED (
        SELECT a.*, r.ctid AS row_ctid,
            r.generation AS actual_generation, r.next_seq AS actual_seq, r.state AS actual_state
        FROM unnest(ids, generations, states, notifies, seqs, counts, event_data)
                AS a(id, generation, state, notifies_owner, seq, count, events)
            JOIN $schema.saga_record r ON r.id = a.id
        FOR NO KEY UPDATE OF r SKIP LOCKED
    ), advanced AS (
        UPDATE $schema.saga_record r
        SET next_seq = r.next_seq + a.count, state = a.state::$schema.saga_state,
            notified = a.notifies_owner, updated = now()
        FROM locked a
        WHERE r.ctid = a.row_ctid AND r.generation = a.generation AND r.next_seq = a.seq
            AND (a.state <> 1 OR r.state = 1)
        RETURNING r.id, a.seq, a.count, a.events
    ), logged AS (
        INSERT INTO $schema.saga_log (saga, seq, count, events)
        SELECT id, seq, count, events FROM advanced WHERE count > 0
    )
    SELECT a.id, CASE
        WHEN a.id IN (SELECT id FROM advanced) THEN
            CASE WHEN a.notifies_owner THEN length(pg_notify('$channel', '')::text) ELSE 0 END
        WHEN a.actual_generation <> a.generation THEN 3
        WHEN a.actual_seq <> a.seq OR a.state = 1 AND a.actual_state <> 1 THEN 4
        ELSE 5 END
    FROM locked a;
END
$body$;

-- The lock on a shared DAG is held until the commit. So the DAG isn't deleted
-- before the saga that uses it is visible.
CREATE FUNCTION $schema.saga_create(
    ids uuid[], names text[], states smallint[], queues text[], owners text[], leases bigint[], dags bytea[],
    dag_digests bytea[], parameters bytea[], counts integer[], event_data bytea[]
) RETURNS TABLE (saga_id uuid, outcome integer) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH c AS MATERIALIZED (
        SELECT *
        FROM unnest(ids, names, states, queues, owners, leases, dags, dag_digests, parameters, counts, event_data)
            AS c(id, name, state, queue, owner, lease, dag, dag_digest, params, count, events)
    ), found_dags AS MATERIALIZED (
        SELECT d.digest FROM $schema.saga_dag d WHERE d.digest = ANY (dag_digests) FOR KEY SHARE
    ), created AS (
        INSERT INTO $schema.saga_record
            (id, name, state, queue, owner, generation, notified, next_seq, lease_end, created, updated)
        SELECT c.id, c.name::$schema.saga_name, c.state::$schema.saga_state, c.queue, c.owner, 1, false, c.count,
            CASE WHEN c.lease > 0 THEN clock_timestamp() + c.lease * interval '1 microsecond' ELSE '-infinity' END,
            now(), now()
        FROM c WHERE c.dag_digest IS NULL OR c.dag_digest IN (SELECT digest FROM found_dags)
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    ), creations AS (
        INSERT INTO $schema.saga_creation (saga, dag, dag_digest, params, count, events)
        SELECT c.id, c.dag, c.dag_digest, c.params, c.count, c.events
        FROM c WHERE CASE WHEN c.id IN (SELECT id FROM created) THEN true ELSE false END
    )
    SELECT c.id, CASE
        WHEN c.id IN (SELECT id FROM created) THEN
            CASE WHEN c.owner = '' THEN length(pg_notify('$channel', '')::text) ELSE 0 END
        WHEN c.dag_digest IS NULL OR c.dag_digest IN (SELECT digest FROM found_dags)
            OR EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = c.id) THEN 1
        ELSE 7 END
    FROM c;
END
$body$;

-- saga_append_one and saga_create_one write a single append or creation, with
-- the same outcomes. The statements for many take long to start. These two make
-- the commit durable themselves. Each call applies its settings again, so they
-- have only those that they need.

-- Fencing: the UPDATE checks the generation and the next number. A claim skips
-- the locked record until the commit, which includes the events.
--
-- The UPDATE finds the row at the ctid that the subselect has locked, unless
-- that was skipped. It doesn't find a version that is newer than the statement.
-- Then all values may match, and the outcome is "busy" (5).
CREATE FUNCTION $schema.saga_append_one(
    saga_id uuid, expected_generation bigint, new_state integer, notifies_owner boolean, expected_seq bigint,
    event_count integer, event_data bytea
) RETURNS integer LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    actual record;
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    UPDATE $schema.saga_record r
    SET next_seq = r.next_seq + event_count, state = new_state::$schema.saga_state,
        notified = notifies_owner, updated = now()
    WHERE r.ctid = (SELECT r.ctid FROM $schema.saga_record r WHERE r.id = saga_id FOR NO KEY UPDATE SKIP LOCKED)
        AND r.generation = expected_generation AND r.next_seq = expected_seq AND (new_state <> 1 OR r.state = 1);
    IF FOUND THEN
        IF event_count > 0 THEN
            INSERT INTO $schema.saga_log (saga, seq, count, events)
            VALUES (saga_id, expected_seq, event_count, event_data);
        END IF;
        IF notifies_owner THEN
            PERFORM pg_notify('$channel', '');
        END IF;
        RETURN 0;
    END IF;
    SELECT r.generation, r.next_seq, r.state INTO actual
    FROM $schema.saga_record r WHERE r.id = saga_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = saga_id) THEN 5 ELSE 2 END;
    END IF;
    RETURN CASE
        WHEN actual.generation <> expected_generation THEN 3
        WHEN actual.next_seq <> expected_seq OR new_state = 1 AND actual.state <> 1 THEN 4
        ELSE 5 END;
END
$body$;

CREATE FUNCTION $schema.saga_create_one(
    saga_id uuid, new_name text, new_state integer, new_queue text, new_owner text, lease_micros bigint,
    new_dag bytea, new_dag_digest bytea, new_params bytea, event_count integer, event_data bytea
) RETURNS integer LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    IF new_dag_digest IS NOT NULL THEN
        PERFORM FROM $schema.saga_dag d WHERE d.digest = new_dag_digest FOR KEY SHARE;
        IF NOT FOUND THEN
            RETURN CASE WHEN EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = saga_id) THEN 1 ELSE 7 END;
        END IF;
    END IF;
    INSERT INTO $schema.saga_record
        (id, name, state, queue, owner, generation, notified, next_seq, lease_end, created, updated)
    VALUES (saga_id, new_name::$schema.saga_name, new_state::$schema.saga_state, new_queue, new_owner, 1, false,
        event_count, CASE WHEN lease_micros > 0
            THEN clock_timestamp() + lease_micros * interval '1 microsecond' ELSE '-infinity' END,
        now(), now())
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 1;
    END IF;
    INSERT INTO $schema.saga_creation (saga, dag, dag_digest, params, count, events)
    VALUES (saga_id, new_dag, new_dag_digest, new_params, event_count, event_data);
    IF new_owner = '' THEN
        PERFORM pg_notify('$channel', '');
    END IF;
    RETURN 0;
END
$body$;

-- saga_claim claims sagas of a queue for a claimant, with a lease of
-- lease_micros microseconds: at most max_sagas, no more than it takes for their
-- DAGs and parameters to have max_bytes, only unowned ones if unowned_only is
-- set, and none of except_ids. It returns their records with DAGs. If there is
-- nothing to claim, it writes nothing, not even to the WAL.
--
-- It reads unowned sagas in the order of their IDs, and no further than the
-- limit. It goes from owner to owner in the index saga_record_unfinished, and
-- doesn't read the sagas of owners with valid leases, which may be many. Of
-- each other owner, and of all together, it reads more than the limit, since
-- other claims may have locked the first ones. The array of ctids, and the sort
-- by the text of the IDs, which has the same order, keep the planner from
-- reading all sagas in the order of the IDs instead.
CREATE FUNCTION $schema.saga_claim(
    claimant text, lease_micros bigint, max_sagas bigint, max_bytes bigint, claim_queue text, unowned_only boolean,
    except_ids uuid[]
) RETURNS TABLE (
    id uuid, name text, state smallint, queue text, owner text, generation bigint, notified boolean, next_seq bigint,
    created timestamptz, updated timestamptz, dag bytea, params bytea
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH RECURSIVE unowned AS MATERIALIZED (
        SELECT r.id FROM $schema.saga_record r
        WHERE r.queue = claim_queue AND r.owner = '' AND r.state < 5 AND r.id NOT IN (SELECT unnest(except_ids))
        ORDER BY r.id LIMIT max_sagas
        FOR NO KEY UPDATE SKIP LOCKED
    ), owners (owner) AS (
        SELECT '' COLLATE "C"
        UNION ALL
        SELECT (
            SELECT r.owner FROM $schema.saga_record r
            WHERE r.queue = claim_queue AND r.owner > owners.owner AND r.state < 5
            ORDER BY r.owner LIMIT 1)
        FROM owners WHERE owners.owner IS NOT NULL AND NOT unowned_only
    ), expired AS MATERIALIZED (
        SELECT r.id, r.row_ctid FROM owners CROSS JOIN LATERAL (
            SELECT r.id, r.ctid AS row_ctid FROM $schema.saga_record r
            WHERE r.queue = claim_queue AND r.owner = owners.owner AND r.state < 5 AND r.lease_end <= now()
                AND r.id NOT IN (SELECT unnest(except_ids))
            ORDER BY r.id LIMIT max_sagas + LEAST(3 * max_sagas, 1000)) AS r
        WHERE owners.owner NOT IN ('', claimant)
            AND COALESCE(
                (SELECT l.lease_end FROM $schema.saga_lease l WHERE l.owner = owners.owner), '-infinity') <= now()
    ), owned AS MATERIALIZED (
        SELECT r.id FROM $schema.saga_record r
        WHERE r.ctid = ANY (ARRAY (
                SELECT row_ctid FROM expired ORDER BY id LIMIT max_sagas + LEAST(3 * max_sagas, 1000)))
            AND r.state < 5 AND r.owner <> claimant AND r.lease_end <= now()
            AND COALESCE((SELECT l.lease_end FROM $schema.saga_lease l WHERE l.owner = r.owner), '-infinity') <= now()
        ORDER BY r.id::text COLLATE "C" LIMIT max_sagas
        FOR NO KEY UPDATE SKIP LOCKED
    ), selected AS MATERIALIZED (
        SELECT id FROM (
            SELECT candidates.id,
                sum(COALESCE(octet_length(COALESCE(c.dag, d.dag)), 0) + COALESCE(octet_length(c.params), 0))
                OVER (ORDER BY candidates.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM (SELECT id FROM unowned UNION ALL SELECT id FROM owned ORDER BY id LIMIT max_sagas) AS candidates
                JOIN $schema.saga_creation c ON c.saga = candidates.id
                LEFT JOIN $schema.saga_dag d ON d.digest = c.dag_digest) AS summed
        WHERE COALESCE(before, 0) < max_bytes
    ), claimed AS (
        UPDATE $schema.saga_record r SET owner = claimant, generation = r.generation + 1, notified = false,
            lease_end = CASE WHEN lease_micros > 0
                THEN clock_timestamp() + lease_micros * interval '1 microsecond' ELSE '-infinity' END
        FROM selected WHERE r.id = selected.id
        RETURNING r.id, r.name, r.state, r.queue, r.owner, r.generation, r.notified, r.next_seq, r.created, r.updated
    )
    SELECT r.id, r.name, r.state, r.queue, r.owner, r.generation, r.notified, r.next_seq, r.created, r.updated,
        COALESCE(c.dag, d.dag), c.params
    FROM claimed r JOIN $schema.saga_creation c ON c.saga = r.id
        LEFT JOIN $schema.saga_dag d ON d.digest = c.dag_digest;
END
$body$;

-- saga_renew renews the leases of an owner for lease_micros microseconds. It
-- usually writes one row. If the lease is not positive, or the clock was set
-- back and existing leases end later than the renewed ones, it also shortens
-- the leases of single sagas that are valid and not locked; a lease that is
-- locked ends by itself. Then it reads all unfinished sagas of the owner, queue
-- by queue.
CREATE FUNCTION $schema.saga_renew(lease_owner text, lease_micros bigint) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    new_end timestamptz := CASE WHEN lease_micros > 0
        THEN clock_timestamp() + lease_micros * interval '1 microsecond' ELSE '-infinity' END;
BEGIN
    UPDATE $schema.saga_lease SET lease_end = new_end WHERE owner = lease_owner AND lease_end <= new_end;
    IF NOT FOUND THEN
        INSERT INTO $schema.saga_lease (owner, lease_end) VALUES (lease_owner, new_end) ON CONFLICT (owner) DO NOTHING;
    END IF;
    IF FOUND AND lease_micros > 0 THEN
        RETURN;
    END IF;
    UPDATE $schema.saga_lease SET lease_end = new_end WHERE owner = lease_owner;
    WITH RECURSIVE queues (queue) AS (
        SELECT (SELECT min(r.queue) FROM $schema.saga_record r WHERE r.state < 5)
        UNION ALL
        SELECT (SELECT min(r.queue) FROM $schema.saga_record r WHERE r.state < 5 AND r.queue > queues.queue)
        FROM queues WHERE queues.queue IS NOT NULL
    ), too_long AS MATERIALIZED (
        SELECT r.id FROM queues JOIN $schema.saga_record r ON r.queue = queues.queue
        WHERE r.owner = lease_owner AND r.state < 5 AND r.lease_end > GREATEST(new_end, now())
        FOR NO KEY UPDATE OF r SKIP LOCKED
    )
    UPDATE $schema.saga_record r SET lease_end = new_end FROM too_long WHERE r.id = too_long.id;
END
$body$;

-- saga_logs reads the logs of many sagas. Each row has the ordinal of its saga
-- in ids, from 1. It is a function for the sake of its settings: the planner
-- expects many rows of a table whose size it doesn't know yet. OFFSET 0 makes
-- it look up one saga after another.
CREATE FUNCTION $schema.saga_logs(ids uuid[])
RETURNS TABLE (ordinal bigint, seq bigint, count integer, events bytea) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT wanted.ordinal, l.seq, l.count, l.events
    FROM unnest(ids) WITH ORDINALITY AS wanted(id, ordinal) CROSS JOIN LATERAL (
        SELECT 0::bigint AS seq, c.count, c.events FROM $schema.saga_creation c WHERE c.saga = wanted.id AND c.count > 0
        UNION ALL
        SELECT l.seq, l.count, l.events FROM $schema.saga_log l WHERE l.saga = wanted.id OFFSET 0) AS l
    ORDER BY wanted.ordinal, l.seq;
END
$body$;

-- saga_delete_unused_dags deletes the DAGs that no saga uses. Its transaction
-- must be READ COMMITTED. A transaction that creates a saga with a shared DAG
-- locks the DAG until it commits. So this function first locks the DAGs that
-- seem to be unused. Its second statement then sees everything that was
-- committed before the locks, and is certain.
CREATE FUNCTION $schema.saga_delete_unused_dags() RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
DECLARE
    unused bytea[];
BEGIN
    unused := ARRAY (
        SELECT d.digest FROM $schema.saga_dag d
        WHERE NOT EXISTS (SELECT FROM $schema.saga_creation c WHERE c.dag_digest = d.digest)
        FOR UPDATE OF d SKIP LOCKED);
    DELETE FROM $schema.saga_dag d
    WHERE d.digest = ANY (unused) AND NOT EXISTS (SELECT FROM $schema.saga_creation c WHERE c.dag_digest = d.digest);
END
$body$;

-- The view saga_event is for people: it has a row for each event. The store
-- itself decodes events in Go.

-- saga_decode_uvarint decodes an unsigned varint of Go's package
-- encoding/binary.
CREATE FUNCTION $schema.saga_decode_uvarint(encoded bytea, INOUT pos integer, OUT value bigint)
LANGUAGE plpgsql IMMUTABLE STRICT
AS $body$
DECLARE
    part integer;
    shift integer := 0;
BEGIN
    value := 0;
    LOOP
        part := get_byte(encoded, pos);
        pos := pos + 1;
        value := value | ((part & 127)::bigint << shift);
        EXIT WHEN part < 128;
        shift := shift + 7;
    END LOOP;
END
$body$;

-- saga_decode_events decodes the events of one append. Package eventcodec
-- documents the encoding.
CREATE FUNCTION $schema.saga_decode_events(first_seq bigint, count integer, encoded bytea) RETURNS TABLE (
    seq bigint, node integer, kind smallint, at timestamptz, payload bytea
) LANGUAGE plpgsql IMMUTABLE STRICT
AS $body$
DECLARE
    pos integer := 0;
    number bigint;
    micros bigint := 0;
BEGIN
    FOR n IN 0 .. count - 1 LOOP
        seq := first_seq + n;
        kind := get_byte(encoded, pos);
        SELECT v.pos, v.value INTO pos, number FROM $schema.saga_decode_uvarint(encoded, pos + 1) AS v;
        node := number;
        SELECT v.pos, v.value INTO pos, number FROM $schema.saga_decode_uvarint(encoded, pos) AS v;
        micros := micros + ((number >> 1) # -(number & 1));
        at := 'epoch'::timestamptz + micros * interval '1 microsecond';
        SELECT v.pos, v.value INTO pos, number FROM $schema.saga_decode_uvarint(encoded, pos) AS v;
        payload := CASE WHEN number > 0 THEN substring(encoded FROM pos + 1 FOR number::integer) END;
        pos := pos + number;
        RETURN NEXT;
    END LOOP;
END
$body$;

CREATE VIEW $schema.saga_event AS
    SELECT l.saga, e.seq, e.node, e.kind, e.at, e.payload
    FROM (
        SELECT saga, 0::bigint AS seq, count, events FROM $schema.saga_creation
        UNION ALL
        SELECT saga, seq, count, events FROM $schema.saga_log
    ) AS l CROSS JOIN LATERAL $schema.saga_decode_events(l.seq, l.count, l.events) AS e;

INSERT INTO $schema.saga_schema (version) VALUES (1);
