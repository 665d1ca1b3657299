package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
	"github.com/sagagen/sagagen/runtime/store/sqlite"
)

// Owners append to their sagas while contexts end, commits fail, a trigger
// fails, settings change and other connections hold the lock. Every saga ends
// with the log that its owner has seen acknowledged.
func TestLogsAreCorrectUnderConcurrentFaults(t *testing.T) {
	for name, limit := range pools {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			file := newFile(t)
			db, counted := openCounted(t, file, limit)
			s := openStore(t, db)
			trap := newSaga()
			require.NoError(t, s.Create(t.Context(), trap))
			setTrap(t, db, trap.ID)
			var commits atomic.Uint64
			counted.vetoWith(func() bool { return commits.Add(1)%13 == 0 })

			const owners, appends = 16, 12
			done := make(chan struct{})
			var disturbers, callers sync.WaitGroup
			disturbers.Go(func() { disturb(t, file, db, done) })
			logs := make([]atomic.Uint64, owners)
			ids := make([]saga.ID, owners)
			for i := range owners {
				n := newSaga()
				ids[i] = n.ID
				random := rand.New(rand.NewPCG(seed, uint64(i)))
				callers.Go(func() {
					repeat(t, random, store.ErrExists, func(ctx context.Context) error { return s.Create(ctx, n) })
					for range appends {
						count := 1 + random.IntN(4)
						seq := logs[i].Load()
						repeat(t, random, store.ErrSequence, func(ctx context.Context) error {
							a := next(n.ID, seq, count)
							err := s.Append(ctx, a)
							for j := range a.Events {
								clear(a.Events[j].Payload)
							}
							return err
						})
						logs[i].Add(uint64(count))
						if random.IntN(3) == 0 {
							writeInvalid(t, s, random, trap.ID, n.ID)
						}
					}
				})
			}
			callers.Wait()
			close(done)
			disturbers.Wait()
			counted.vetoWith(nil)
			for i, id := range ids {
				requireLog(t, s, id, logs[i].Load())
			}
			record, err := s.Load(t.Context(), trap.ID)
			require.NoError(t, err)
			assert.Zero(t, record.NextSeq)
		})
	}
}

// repeat calls f until it returns nil or already. It may return already only if
// an earlier call may have had its effect.
func repeat(t *testing.T, random *rand.Rand, already error, f func(context.Context) error) {
	for try := 0; ; try++ {
		ctx, cancel := context.WithCancel(t.Context())
		if random.IntN(3) == 0 {
			ctx, cancel = context.WithTimeout(t.Context(), time.Duration(random.IntN(5000))*time.Microsecond)
		}
		err := f(ctx)
		cancel()
		switch {
		case err == nil:
			return
		case errors.Is(err, already):
			assert.Positive(t, try, "%v at the first try", err)
			return
		case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrNotFound),
			errors.Is(err, store.ErrFenced), errors.Is(err, store.ErrSequence):
			assert.NoError(t, err)
			return
		}
	}
}

// writeInvalid makes a write that must fail, and must not affect others.
func writeInvalid(t *testing.T, s *sqlite.Store, random *rand.Rand, trap, owned saga.ID) {
	ctx := t.Context()
	switch random.IntN(5) {
	case 0:
		assert.Error(t, s.Append(ctx, next(trap, 0, 2)), "there is a trap")
	case 1:
		a := next(owned, 0, 1)
		a.Generation = 9
		assert.Error(t, s.Append(ctx, a))
	case 2:
		assert.Error(t, s.Delete(ctx, owned))
	case 3:
		assert.Error(t, s.Append(ctx, next(saga.NewID(), 0, 1)))
	case 4:
		claimed, err := s.Claim(ctx, store.Claim{Owner: "bob"})
		if err == nil { // its commit may have been vetoed
			assert.Empty(t, claimed)
		}
	}
}

// disturb repeatedly takes the lock of the database, and sets connections of
// the pool to settings that aren't durable.
func disturb(t *testing.T, file string, db *sql.DB, done <-chan struct{}) {
	other, err := sql.Open("sqlite", "file:"+file)
	if !assert.NoError(t, err) {
		return
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	for {
		select {
		case <-done:
			return
		case <-time.After(3 * time.Millisecond):
		}
		if _, err := db.Exec("PRAGMA synchronous = OFF"); err != nil {
			assert.NoError(t, err)
		}
		if _, err := other.Exec("BEGIN IMMEDIATE"); err == nil {
			_, err = other.Exec("ROLLBACK")
			assert.NoError(t, err)
		}
	}
}
