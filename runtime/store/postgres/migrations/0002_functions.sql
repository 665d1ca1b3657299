-- These functions write a batch: appends, or creates, of different sagas. They return a row for each: the saga, and what became of it, as an
-- index of the outcomes that the program knows. One that can't be done doesn't keep the others from being done, and none waits for a row that
-- another transaction has locked.
--
-- They are functions so that the server keeps their plans, behind a pooler too: to plan anew takes longer than to write what one saga
-- has, and compiling what looks costly (jit) takes longer than anything here. A plan must serve however large the tables become. So it is made for no values in particular, and only of what reads no more than
-- is asked for: nested loops over indexes. What comes out of the batch itself is looked up in hashed subplans, which CASE keeps from
-- being made joins, and OFFSET 0 keeps a subplan from being hashed.

-- Fencing: who is the owner and which event is next are asked by the UPDATE that takes the numbers, and it is what the INSERT gets the
-- sagas from. locked is there to pass over rows in use, and to tell why the UPDATE passed over one: its rows are the newest, those of
-- saga_record as they were when the statement began.
CREATE FUNCTION $schema.saga_append(
    ids uuid[], generations bigint[], seqs bigint[], counts bigint[], states smallint[], calls boolean[],
    sagas uuid[], event_seqs bigint[], nodes integer[], kinds smallint[], ats timestamptz[], payloads bytea[]
) RETURNS TABLE (written uuid, outcome integer) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH locked AS MATERIALIZED (
        SELECT a.*, r.generation AS generation_now, r.next_seq AS seq_now, r.state AS state_now
        FROM unnest(ids, generations, seqs, counts, states, calls) AS a(id, generation, seq, events, state, call)
            JOIN $schema.saga_record r ON r.id = a.id
        FOR NO KEY UPDATE OF r SKIP LOCKED
    ), advanced AS (
        UPDATE $schema.saga_record r SET next_seq = r.next_seq + a.events, state = a.state::$schema.saga_state, called = a.call, updated = now()
        FROM locked a
        WHERE r.id = a.id AND r.generation = a.generation AND r.next_seq = a.seq AND (a.state <> 1 OR r.state = 1)
        RETURNING r.id
    ), events AS (
        INSERT INTO $schema.saga_event (saga, seq, node, kind, at, payload)
        SELECT e.saga, e.seq, e.node::$schema.saga_node, e.kind::$schema.saga_kind, e.at, e.payload
        FROM unnest(sagas, event_seqs, nodes, kinds, ats, payloads) AS e(saga, seq, node, kind, at, payload)
        WHERE CASE WHEN e.saga IN (SELECT id FROM advanced) THEN true ELSE false END
    )
    SELECT a.id, CASE
        WHEN a.id IN (SELECT id FROM advanced) THEN CASE WHEN a.call THEN length(pg_notify('$channel', '')::text) ELSE 0 END
        WHEN a.generation_now <> a.generation THEN 3
        WHEN a.seq_now <> a.seq OR a.state = 1 AND a.state_now <> 1 THEN 4
        ELSE 5 END
    FROM locked a
    UNION ALL
    SELECT a.id, CASE WHEN EXISTS (SELECT FROM $schema.saga_record r WHERE r.id = a.id OFFSET 0) THEN 5 ELSE 2 END
    FROM unnest(ids) AS a(id) WHERE CASE WHEN a.id IN (SELECT id FROM locked) THEN false ELSE true END;
END
$body$;

CREATE FUNCTION $schema.saga_create(
    ids uuid[], names text[], states smallint[], queues text[], owners text[], counts bigint[], leases bigint[], dags bytea[], parameters bytea[],
    sagas uuid[], event_seqs bigint[], nodes integer[], kinds smallint[], ats timestamptz[], payloads bytea[]
) RETURNS TABLE (written uuid, outcome integer) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH c AS MATERIALIZED (
        SELECT * FROM unnest(ids, names, states, queues, owners, counts, leases, dags, parameters) AS c(id, name, state, queue, owner, events, lease, dag, params)
    ), created AS (
        INSERT INTO $schema.saga_record
            (id, name, state, queue, owner, generation, called, next_seq, lease_end, renewal, created, updated)
        SELECT c.id, c.name::$schema.saga_name, c.state::$schema.saga_state, c.queue, c.owner, 1, false, c.events,
            CASE WHEN c.lease > 0 THEN clock_timestamp() + c.lease * interval '1 microsecond' ELSE '-infinity' END,
            COALESCE((SELECT l.renewal FROM $schema.saga_lease l WHERE l.owner = c.owner), 0), now(), now()
        FROM c
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    ), dags AS (
        INSERT INTO $schema.saga_dag (saga, dag, params)
        SELECT c.id, c.dag, c.params FROM c WHERE CASE WHEN c.id IN (SELECT id FROM created) THEN true ELSE false END
    ), events AS (
        INSERT INTO $schema.saga_event (saga, seq, node, kind, at, payload)
        SELECT e.saga, e.seq, e.node::$schema.saga_node, e.kind::$schema.saga_kind, e.at, e.payload
        FROM unnest(sagas, event_seqs, nodes, kinds, ats, payloads) AS e(saga, seq, node, kind, at, payload)
        WHERE CASE WHEN e.saga IN (SELECT id FROM created) THEN true ELSE false END
    )
    SELECT c.id, CASE
        WHEN c.id IN (SELECT id FROM created) THEN CASE WHEN c.owner = '' THEN length(pg_notify('$channel', '')::text) ELSE 0 END
        ELSE 1 END
    FROM c;
END
$body$;

-- What comes alone is written by these two, with the same outcomes: a statement for many takes long to begin. They make the commit durable
-- themselves. Each call sets the settings anew, so there are only those that these statements need.

-- Fencing: the UPDATE asks for the owner and the next event, and whoever would claim the saga passes over its row until the commit, by which the events
-- are written too. It finds the row where the subselect has locked it, if it isn't passed over. A version that is newer than the statement it doesn't
-- see; then nothing may be wrong with the append, and the outcome is that the row was in use.
CREATE FUNCTION $schema.saga_append_one(
    asked uuid, its_generation bigint, first_seq bigint, new_state integer, call boolean,
    nodes integer[], kinds smallint[], ats timestamptz[], payloads bytea[]
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
    SET next_seq = r.next_seq + cardinality(kinds), state = new_state::$schema.saga_state, called = call, updated = now()
    WHERE r.ctid = (SELECT r.ctid FROM $schema.saga_record r WHERE r.id = asked FOR NO KEY UPDATE SKIP LOCKED)
        AND r.generation = its_generation AND r.next_seq = first_seq AND (new_state <> 1 OR r.state = 1);
    IF FOUND THEN
        IF cardinality(kinds) > 0 THEN
            INSERT INTO $schema.saga_event (saga, seq, node, kind, at, payload)
            SELECT asked, first_seq + e.n - 1, nodes[e.n]::$schema.saga_node, kinds[e.n]::$schema.saga_kind, ats[e.n], e.payload
            FROM unnest(payloads) WITH ORDINALITY AS e(payload, n);
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
    asked uuid, its_name text, its_state integer, its_queue text, its_owner text, lease bigint, its_dag bytea, its_params bytea,
    nodes integer[], kinds smallint[], ats timestamptz[], payloads bytea[]
) RETURNS integer LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $body$
#variable_conflict use_column
BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    INSERT INTO $schema.saga_record (id, name, state, queue, owner, generation, called, next_seq, lease_end, renewal, created, updated)
    VALUES (asked, its_name::$schema.saga_name, its_state::$schema.saga_state, its_queue, its_owner, 1, false, cardinality(kinds),
        CASE WHEN lease > 0 THEN clock_timestamp() + lease * interval '1 microsecond' ELSE '-infinity' END,
        COALESCE((SELECT l.renewal FROM $schema.saga_lease l WHERE l.owner = its_owner), 0), now(), now())
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 1;
    END IF;
    INSERT INTO $schema.saga_dag (saga, dag, params) VALUES (asked, its_dag, its_params);
    IF cardinality(kinds) > 0 THEN
        INSERT INTO $schema.saga_event (saga, seq, node, kind, at, payload)
        SELECT asked, e.n - 1, nodes[e.n]::$schema.saga_node, kinds[e.n]::$schema.saga_kind, ats[e.n], e.payload
        FROM unnest(payloads) WITH ORDINALITY AS e(payload, n);
    END IF;
    IF its_owner = '' THEN
        PERFORM pg_notify('$channel', '');
    END IF;
    RETURN 0;
END
$body$;

-- saga_claim claims for a claimant, until lease microseconds from now, at most so many sagas of the wanted queue, or of those in it that nobody
-- owns, without the IDs that are left out, and returns their records with DAGs. If there is none, nothing is written, not even to the WAL.
--
-- It reads what nobody owns in the order of the IDs, and no further than the limit. Of what has an owner, it doesn't read what the owner's
-- last renewal holds, which may be much: it goes from owner to owner in the index saga_record_free, looks behind the renewal, and there goes
-- from one number of a renewal to the next, as what has the same number is in the order of the IDs. Of each, and of all together, it reads some more
-- than the limit, for others who claim at the same time and have locked the first. The array, and the text of the IDs, whose order is theirs, keep the
-- planner from reading all sagas in the order of the IDs instead of those few.
CREATE FUNCTION $schema.saga_claim(claimant text, lease bigint, most bigint, wanted text, unowned boolean, left_out uuid[]) RETURNS TABLE (
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
        WHERE r.queue = wanted AND r.owner = '' AND r.renewal = 0 AND r.state < 5 AND r.id NOT IN (SELECT unnest(left_out))
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
        SELECT r.id FROM owners
            LEFT JOIN $schema.saga_lease l ON l.owner = owners.owner
            CROSS JOIN LATERAL (
                WITH RECURSIVE renewals (renewal) AS (
                    SELECT (
                        SELECT r.renewal FROM $schema.saga_record r
                        WHERE r.queue = wanted AND r.owner = owners.owner AND r.state < 5
                            AND r.renewal >= CASE WHEN l.lease_end > now() THEN l.renewal ELSE 0 END
                        ORDER BY r.renewal LIMIT 1)
                    UNION ALL
                    SELECT (
                        SELECT r.renewal FROM $schema.saga_record r
                        WHERE r.queue = wanted AND r.owner = owners.owner AND r.state < 5 AND r.renewal > renewals.renewal
                        ORDER BY r.renewal LIMIT 1)
                    FROM renewals WHERE renewals.renewal IS NOT NULL
                )
                SELECT r.id FROM renewals CROSS JOIN LATERAL (
                    SELECT r.id FROM $schema.saga_record r
                    WHERE r.queue = wanted AND r.owner = owners.owner AND r.renewal = renewals.renewal AND r.state < 5
                        AND CASE WHEN l.renewal > r.renewal THEN l.lease_end ELSE r.lease_end END <= now()
                        AND r.id NOT IN (SELECT unnest(left_out))
                    ORDER BY r.id LIMIT most + LEAST(3 * most, 1000)) AS r
            ) AS r
        WHERE owners.owner NOT IN ('', claimant)
    ), others AS MATERIALIZED (
        SELECT r.id FROM $schema.saga_record r
        WHERE r.id = ANY (ARRAY (SELECT id FROM ended ORDER BY id LIMIT most + LEAST(3 * most, 1000))) AND r.state < 5 AND r.owner <> claimant
            AND COALESCE((SELECT l.lease_end FROM $schema.saga_lease l WHERE l.owner = r.owner AND l.renewal > r.renewal),
                r.lease_end) <= now()
        ORDER BY r.id::text COLLATE "C" LIMIT most
        FOR NO KEY UPDATE SKIP LOCKED
    ), free AS MATERIALIZED (
        SELECT id FROM (SELECT id FROM nobodys UNION ALL SELECT id FROM others) AS either ORDER BY id LIMIT most
    ), claimed AS (
        UPDATE $schema.saga_record r SET owner = claimant, generation = r.generation + 1, called = false,
            lease_end = CASE WHEN lease > 0 THEN clock_timestamp() + lease * interval '1 microsecond' ELSE '-infinity' END,
            renewal = COALESCE((SELECT renewal FROM $schema.saga_lease WHERE owner = claimant), 0)
        FROM free WHERE r.id = free.id
        RETURNING r.id, r.name, r.state, r.queue, r.owner, r.generation, r.called, r.next_seq, r.created, r.updated
    )
    SELECT r.id, r.name, r.state, r.queue, r.owner, r.generation, r.called, r.next_seq, r.created, r.updated, d.dag, d.params
    FROM claimed r JOIN $schema.saga_dag d ON d.saga = r.id ORDER BY r.id;
END
$body$;

-- saga_logs reads the logs of many sagas: each event with the place of its saga in ids. It is a function for its settings: of a table whose size isn't
-- known yet, much would be expected. OFFSET 0 keeps it looking up one saga after the other.
CREATE FUNCTION $schema.saga_logs(ids uuid[]) RETURNS TABLE (
    place bigint, seq bigint, node integer, kind smallint, at timestamptz, payload bytea
) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $body$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT asked.place, e.seq, e.node, e.kind, e.at, e.payload
    FROM unnest(ids) WITH ORDINALITY AS asked(id, place) CROSS JOIN LATERAL (
        SELECT e.seq, e.node, e.kind, e.at, e.payload FROM $schema.saga_event e WHERE e.saga = asked.id OFFSET 0) AS e
    ORDER BY asked.place, e.seq;
END
$body$;

UPDATE $schema.saga_schema SET version = 2;
