-- These functions write a batch: appends, or creates, of different sagas. They return rows of a saga and what became of it, as an
-- index of the outcomes that the program knows; of appends no row for those that they have passed over: there is no such saga, or another transaction
-- has locked it. One that can't be done doesn't keep the others from being done, and none waits for such a lock.
--
-- They are functions so that the server keeps their plans, behind a pooler too: to plan anew takes longer than to write what one saga
-- has, and compiling what looks costly (jit) takes longer than anything here. A plan must serve however large the tables become. So it is made for no values in particular, and only of what reads no more than
-- is asked for: nested loops over indexes. What comes out of the batch itself is looked up in hashed subplans, which CASE keeps from
-- being made joins.

-- Fencing: who is the owner and which event is next are asked by the UPDATE that takes the numbers, and it is what the INSERT gets the
-- sagas from. locked is there to pass over rows in use, and to tell why the UPDATE passed over one: its rows are the newest, those of
-- saga_record as they were when the statement began. The UPDATE finds a row where it was locked, and not one that is newer than the statement; then nothing
-- may be wrong with the append, and the outcome is that the row was in use.
CREATE FUNCTION $schema.saga_append(
    ids uuid[], generations bigint[], states smallint[], calls boolean[], seqs bigint[], counts integer[], logs bytea[]
) RETURNS TABLE (written uuid, outcome integer) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH locked AS MATERIALIZED (
        SELECT a.*, r.ctid AS place, r.generation AS generation_now, r.next_seq AS seq_now, r.state AS state_now
        FROM unnest(ids, generations, states, calls, seqs, counts, logs) AS a(id, generation, state, call, seq, count, events)
            JOIN $schema.saga_record r ON r.id = a.id
        FOR NO KEY UPDATE OF r SKIP LOCKED
    ), advanced AS (
        UPDATE $schema.saga_record r SET next_seq = r.next_seq + a.count, state = a.state::$schema.saga_state, called = a.call, updated = now()
        FROM locked a
        WHERE r.ctid = a.place AND r.generation = a.generation AND r.next_seq = a.seq AND (a.state <> 1 OR r.state = 1)
        RETURNING r.id, a.seq, a.count, a.events
    ), logged AS (
        INSERT INTO $schema.saga_log (saga, seq, count, events) SELECT id, seq, count, events FROM advanced WHERE count > 0
    )
    SELECT a.id, CASE
        WHEN a.id IN (SELECT id FROM advanced) THEN CASE WHEN a.call THEN length(pg_notify('$channel', '')::text) ELSE 0 END
        WHEN a.generation_now <> a.generation THEN 3
        WHEN a.seq_now <> a.seq OR a.state = 1 AND a.state_now <> 1 THEN 4
        ELSE 5 END
    FROM locked a;
END
$body$;

-- The lock on a DAG that is shared lasts until the commit, so that it isn't deleted before there is a saga that has it.
CREATE FUNCTION $schema.saga_create(
    ids uuid[], names text[], states smallint[], queues text[], owners text[], leases bigint[], dags bytea[], digests bytea[], parameters bytea[],
    counts integer[], logs bytea[]
) RETURNS TABLE (written uuid, outcome integer) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH c AS MATERIALIZED (
        SELECT * FROM unnest(ids, names, states, queues, owners, leases, dags, digests, parameters, counts, logs)
            AS c(id, name, state, queue, owner, lease, dag, shared, params, count, events)
    ), there AS MATERIALIZED (
        SELECT d.digest FROM $schema.saga_dag d WHERE d.digest = ANY (digests) FOR KEY SHARE
    ), created AS (
        INSERT INTO $schema.saga_record
            (id, name, state, queue, owner, generation, called, next_seq, lease_end, created, updated)
        SELECT c.id, c.name::$schema.saga_name, c.state::$schema.saga_state, c.queue, c.owner, 1, false, c.count,
            CASE WHEN c.lease > 0 THEN clock_timestamp() + c.lease * interval '1 microsecond' ELSE '-infinity' END, now(), now()
        FROM c WHERE c.shared IS NULL OR c.shared IN (SELECT digest FROM there)
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    ), creations AS (
        INSERT INTO $schema.saga_creation (saga, dag, shared, params, count, events)
        SELECT c.id, c.dag, c.shared, c.params, c.count, c.events FROM c WHERE CASE WHEN c.id IN (SELECT id FROM created) THEN true ELSE false END
    )
    SELECT c.id, CASE
        WHEN c.id IN (SELECT id FROM created) THEN CASE WHEN c.owner = '' THEN length(pg_notify('$channel', '')::text) ELSE 0 END
        WHEN c.shared IS NULL OR c.shared IN (SELECT digest FROM there) OR EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = c.id) THEN 1
        ELSE 7 END
    FROM c;
END
$body$;

-- What comes alone is written by these two, with the same outcomes: a statement for many takes long to begin. They make the commit durable
-- themselves. Each call sets the settings anew, so there are only those that these statements need.

-- Fencing: the UPDATE asks for the owner and the next event, and whoever would claim the saga passes over its row until the commit, by which the events
-- are written too. It finds the row where the subselect has locked it, if it isn't passed over. A version that is newer than the statement it doesn't
-- see; then nothing may be wrong with the append, and the outcome is that the row was in use.
CREATE FUNCTION $schema.saga_append_one(
    asked uuid, its_generation bigint, new_state integer, call boolean, first_seq bigint, more integer, log bytea
) RETURNS integer LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
DECLARE
    now_is record;
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    UPDATE $schema.saga_record r
    SET next_seq = r.next_seq + more, state = new_state::$schema.saga_state, called = call, updated = now()
    WHERE r.ctid = (SELECT r.ctid FROM $schema.saga_record r WHERE r.id = asked FOR NO KEY UPDATE SKIP LOCKED)
        AND r.generation = its_generation AND r.next_seq = first_seq AND (new_state <> 1 OR r.state = 1);
    IF FOUND THEN
        IF more > 0 THEN
            INSERT INTO $schema.saga_log (saga, seq, count, events) VALUES (asked, first_seq, more, log);
        END IF;
        IF call THEN
            PERFORM pg_notify('$channel', '');
        END IF;
        RETURN 0;
    END IF;
    SELECT r.generation, r.next_seq, r.state INTO now_is FROM $schema.saga_record r WHERE r.id = asked FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = asked) THEN 5 ELSE 2 END;
    END IF;
    RETURN CASE
        WHEN now_is.generation <> its_generation THEN 3
        WHEN now_is.next_seq <> first_seq OR new_state = 1 AND now_is.state <> 1 THEN 4
        ELSE 5 END;
END
$body$;

CREATE FUNCTION $schema.saga_create_one(
    asked uuid, its_name text, its_state integer, its_queue text, its_owner text, lease bigint, its_dag bytea, its_digest bytea, its_params bytea,
    first_events integer, log bytea
) RETURNS integer LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    IF its_digest IS NOT NULL THEN
        PERFORM FROM $schema.saga_dag d WHERE d.digest = its_digest FOR KEY SHARE;
        IF NOT FOUND THEN
            RETURN CASE WHEN EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = asked) THEN 1 ELSE 7 END;
        END IF;
    END IF;
    INSERT INTO $schema.saga_record (id, name, state, queue, owner, generation, called, next_seq, lease_end, created, updated)
    VALUES (asked, its_name::$schema.saga_name, its_state::$schema.saga_state, its_queue, its_owner, 1, false, first_events,
        CASE WHEN lease > 0 THEN clock_timestamp() + lease * interval '1 microsecond' ELSE '-infinity' END, now(), now())
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 1;
    END IF;
    INSERT INTO $schema.saga_creation (saga, dag, shared, params, count, events) VALUES (asked, its_dag, its_digest, its_params, first_events, log);
    IF its_owner = '' THEN
        PERFORM pg_notify('$channel', '');
    END IF;
    RETURN 0;
END
$body$;

-- saga_claim claims for a claimant, until lease microseconds from now, at most so many sagas of the wanted queue, or of those in it that nobody
-- owns, and as many as it takes for their DAGs and parameters to have so many bytes, without the IDs that are left out, and returns their records with DAGs. If there is none, nothing is written, not even to the WAL.
--
-- It reads what nobody owns in the order of the IDs, and no further than the limit. It goes from owner to owner in the index saga_record_free, and doesn't read
-- what those have who have renewed, which may be much. Of each other one, and of all together, it reads some more than the limit, for others who
-- claim at the same time and have locked the first. The array, and the text of the IDs, whose order is theirs, keep the
-- planner from reading all sagas in the order of the IDs instead of those few.
CREATE FUNCTION $schema.saga_claim(claimant text, lease bigint, most bigint, most_bytes bigint, wanted text, unowned boolean, left_out uuid[]) RETURNS TABLE (
    id uuid, name text, state smallint, queue text, owner text, generation bigint, called boolean, next_seq bigint,
    created timestamptz, updated timestamptz, dag bytea, params bytea
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH RECURSIVE nobodys AS MATERIALIZED (
        SELECT r.id FROM $schema.saga_record r
        WHERE r.queue = wanted AND r.owner = '' AND r.state < 5 AND r.id NOT IN (SELECT unnest(left_out))
        ORDER BY r.id LIMIT most
        FOR NO KEY UPDATE SKIP LOCKED
    ), owners (owner) AS (
        SELECT '' COLLATE "C"
        UNION ALL
        SELECT (
            SELECT r.owner FROM $schema.saga_record r
            WHERE r.queue = wanted AND r.owner > owners.owner AND r.state < 5
            ORDER BY r.owner LIMIT 1)
        FROM owners WHERE owners.owner IS NOT NULL AND NOT unowned
    ), ended AS MATERIALIZED (
        SELECT r.id, r.place FROM owners CROSS JOIN LATERAL (
            SELECT r.id, r.ctid AS place FROM $schema.saga_record r
            WHERE r.queue = wanted AND r.owner = owners.owner AND r.state < 5 AND r.lease_end <= now() AND r.id NOT IN (SELECT unnest(left_out))
            ORDER BY r.id LIMIT most + LEAST(3 * most, 1000)) AS r
        WHERE owners.owner NOT IN ('', claimant)
            AND COALESCE((SELECT l.lease_end FROM $schema.saga_lease l WHERE l.owner = owners.owner), '-infinity') <= now()
    ), others AS MATERIALIZED (
        SELECT r.id FROM $schema.saga_record r
        WHERE r.ctid = ANY (ARRAY (SELECT place FROM ended ORDER BY id LIMIT most + LEAST(3 * most, 1000))) AND r.state < 5 AND r.owner <> claimant
            AND r.lease_end <= now() AND COALESCE((SELECT l.lease_end FROM $schema.saga_lease l WHERE l.owner = r.owner), '-infinity') <= now()
        ORDER BY r.id::text COLLATE "C" LIMIT most
        FOR NO KEY UPDATE SKIP LOCKED
    ), free AS MATERIALIZED (
        SELECT id FROM (
            SELECT either.id, sum(COALESCE(octet_length(COALESCE(c.dag, d.dag)), 0) + COALESCE(octet_length(c.params), 0))
                OVER (ORDER BY either.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM (SELECT id FROM nobodys UNION ALL SELECT id FROM others ORDER BY id LIMIT most) AS either
                JOIN $schema.saga_creation c ON c.saga = either.id LEFT JOIN $schema.saga_dag d ON d.digest = c.shared) AS summed
        WHERE COALESCE(before, 0) < most_bytes
    ), claimed AS (
        UPDATE $schema.saga_record r SET owner = claimant, generation = r.generation + 1, called = false,
            lease_end = CASE WHEN lease > 0 THEN clock_timestamp() + lease * interval '1 microsecond' ELSE '-infinity' END
        FROM free WHERE r.id = free.id
        RETURNING r.id, r.name, r.state, r.queue, r.owner, r.generation, r.called, r.next_seq, r.created, r.updated
    )
    SELECT r.id, r.name, r.state, r.queue, r.owner, r.generation, r.called, r.next_seq, r.created, r.updated,
        COALESCE(c.dag, d.dag), c.params
    FROM claimed r JOIN $schema.saga_creation c ON c.saga = r.id LEFT JOIN $schema.saga_dag d ON d.digest = c.shared;
END
$body$;

-- saga_renew renews the leases of an owner until lease microseconds from now. Mostly it writes one row. If it ends leases, or they would have ended later, as the clock
-- was set back, it shortens those of single sagas too, as far as they last and nobody has locked them: such a one ends by itself. Of what the owner has it looks at all
-- then, queue by queue.
CREATE FUNCTION $schema.saga_renew(its_owner text, lease bigint) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
DECLARE
    until timestamptz := CASE WHEN lease > 0 THEN clock_timestamp() + lease * interval '1 microsecond' ELSE '-infinity' END;
BEGIN
    UPDATE $schema.saga_lease SET lease_end = until WHERE owner = its_owner AND lease_end <= until;
    IF NOT FOUND THEN
        INSERT INTO $schema.saga_lease (owner, lease_end) VALUES (its_owner, until) ON CONFLICT (owner) DO NOTHING;
    END IF;
    IF FOUND AND lease > 0 THEN
        RETURN;
    END IF;
    UPDATE $schema.saga_lease SET lease_end = until WHERE owner = its_owner;
    WITH RECURSIVE queues (queue) AS (
        SELECT (SELECT min(r.queue) FROM $schema.saga_record r WHERE r.state < 5)
        UNION ALL
        SELECT (SELECT min(r.queue) FROM $schema.saga_record r WHERE r.state < 5 AND r.queue > queues.queue) FROM queues WHERE queues.queue IS NOT NULL
    ), lasting AS MATERIALIZED (
        SELECT r.id FROM queues JOIN $schema.saga_record r ON r.queue = queues.queue
        WHERE r.owner = its_owner AND r.state < 5 AND r.lease_end > GREATEST(until, now())
        FOR NO KEY UPDATE OF r SKIP LOCKED
    )
    UPDATE $schema.saga_record r SET lease_end = until FROM lasting WHERE r.id = lasting.id;
END
$body$;

-- saga_logs reads the logs of many sagas: each row of events with the place of its saga in ids. It is a function for its settings: of a table whose size
-- isn't known yet, much would be expected. OFFSET 0 keeps it looking up one saga after the other.
CREATE FUNCTION $schema.saga_logs(ids uuid[]) RETURNS TABLE (place bigint, seq bigint, count integer, events bytea) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT asked.place, l.seq, l.count, l.events
    FROM unnest(ids) WITH ORDINALITY AS asked(id, place) CROSS JOIN LATERAL (
        SELECT 0::bigint AS seq, c.count, c.events FROM $schema.saga_creation c WHERE c.saga = asked.id AND c.count > 0
        UNION ALL
        SELECT l.seq, l.count, l.events FROM $schema.saga_log l WHERE l.saga = asked.id OFFSET 0) AS l
    ORDER BY asked.place, l.seq;
END
$body$;

-- saga_forget_dags deletes the DAGs that no saga has any more, in a transaction that is READ COMMITTED. Who creates a saga with one has it locked until
-- the commit. So what nobody seems to have is locked here, and only then is it certain: the second statement sees what was committed until it began.
CREATE FUNCTION $schema.saga_forget_dags() RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
DECLARE
    unused bytea[];
BEGIN
    unused := ARRAY (
        SELECT d.digest FROM $schema.saga_dag d WHERE NOT EXISTS (SELECT FROM $schema.saga_creation c WHERE c.shared = d.digest)
        FOR UPDATE OF d SKIP LOCKED);
    DELETE FROM $schema.saga_dag d
    WHERE d.digest = ANY (unused) AND NOT EXISTS (SELECT FROM $schema.saga_creation c WHERE c.shared = d.digest);
END
$body$;

-- What is packed is for programs. These are for people: the view saga_event has a row an event.

-- saga_varint reads an unsigned number as the package encoding/binary of Go writes it.
CREATE FUNCTION $schema.saga_varint(packed bytea, INOUT place integer, OUT value bigint) LANGUAGE plpgsql IMMUTABLE STRICT
AS $body$
DECLARE
    part integer;
    shift integer := 0;
BEGIN
    value := 0;
    LOOP
        part := get_byte(packed, place);
        place := place + 1;
        value := value | ((part & 127)::bigint << shift);
        EXIT WHEN part < 128;
        shift := shift + 7;
    END LOOP;
END
$body$;

-- saga_unpack reads events: of each its kind, its node, the microseconds since the one before, or since 1970, and its payload.
CREATE FUNCTION $schema.saga_unpack(first_seq bigint, count integer, packed bytea) RETURNS TABLE (
    seq bigint, node integer, kind smallint, at timestamptz, payload bytea
) LANGUAGE plpgsql IMMUTABLE STRICT
AS $body$
DECLARE
    place integer := 0;
    number bigint;
    micros bigint := 0;
BEGIN
    FOR n IN 0 .. count - 1 LOOP
        seq := first_seq + n;
        kind := get_byte(packed, place);
        SELECT v.place, v.value INTO place, number FROM $schema.saga_varint(packed, place + 1) AS v;
        node := number;
        SELECT v.place, v.value INTO place, number FROM $schema.saga_varint(packed, place) AS v;
        micros := micros + ((number >> 1) # -(number & 1));
        at := 'epoch'::timestamptz + micros * interval '1 microsecond';
        SELECT v.place, v.value INTO place, number FROM $schema.saga_varint(packed, place) AS v;
        payload := CASE WHEN number > 0 THEN substring(packed FROM place + 1 FOR number::integer) END;
        place := place + number;
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
    ) AS l CROSS JOIN LATERAL $schema.saga_unpack(l.seq, l.count, l.events) AS e;

UPDATE $schema.saga_schema SET version = 2;
