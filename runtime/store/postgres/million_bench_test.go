package postgres_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/internal/pgtest"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

// BenchmarkBesideAMillion compares a store with a million finished sagas to one
// with a thousand.
func BenchmarkBesideAMillion(b *testing.B) {
	pool := pgtest.Pool(b, pgtest.URL(b))
	newStore := func(finished int) store.Store {
		schema := pgtest.Schema(b)
		s := openStore(b, pool, schema)
		replacer := strings.NewReplacer("$schema", schema, "$n", strconv.Itoa(finished))
		_, err := pool.Exec(b.Context(), replacer.Replace(`
			INSERT INTO $schema.saga_record
				(id, name, state, queue, owner, generation, notified, next_seq, lease_end, created, updated)
			SELECT (lpad(to_hex(1700000000000 + i), 12, '0') || '70008000' || left(md5(i::text), 12))::uuid,
				'book-trip', CASE i % 100 WHEN 0 THEN 6 ELSE 5 END, '', 'owner' || i % 7, 1, false, 2,
				'-infinity', now(), now()
			FROM generate_series(1, $n) AS i;
			INSERT INTO $schema.saga_creation
				SELECT id, '{"version":1}', NULL, NULL, 1, '\x01010000' FROM $schema.saga_record;
			INSERT INTO $schema.saga_log SELECT id, 1, 1, '\x01010000' FROM $schema.saga_record`))
		require.NoError(b, err)
		_, err = pool.Exec(b.Context(),
			strings.ReplaceAll("VACUUM ANALYZE $.saga_record, $.saga_creation, $.saga_log", "$", schema))
		require.NoError(b, err)
		return s
	}
	storetest.Compare(b, newStore(1000), newStore(1_000_000))
}
