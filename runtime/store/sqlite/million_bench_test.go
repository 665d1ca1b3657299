package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/storetest"
)

// BenchmarkBesideAMillion compares a store with a million finished sagas to one
// with a thousand.
func BenchmarkBesideAMillion(b *testing.B) {
	newStore := func(finished int) store.Store {
		db := openDB(b, newFile(b), 0)
		s := openStore(b, db)
		for _, text := range []string{
			`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
			INSERT INTO saga_record (
				id, name, state, queue, owner, generation, notified, next_seq, lease_end, created, updated,
				dag, first_count
			)
			SELECT unhex(printf('%012x70008000', 1700000000000 + i) || hex(randomblob(6))), 'book-trip',
				5 + (i % 100 = 0), '', 'owner' || i % 7, 1, 0, 2, 0, i, i, 1, 0
			FROM n`,
			`INSERT INTO saga_dag (id, digest, dag) SELECT 1, randomblob(32), x'7b7d' WHERE ?1 > 0`,
			`INSERT INTO saga_log (saga, seq, count, appended, events)
			SELECT saga_record.id, n.value, 1, 0, x'01010000'
			FROM saga_record, json_each('[0,1]') AS n WHERE ?1 > 0`,
		} {
			_, err := db.Exec(text, finished)
			require.NoError(b, err)
		}
		_, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
		require.NoError(b, err)
		return s
	}
	storetest.Compare(b, newStore(1000), newStore(1_000_000))
}
