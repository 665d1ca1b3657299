package sec_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// dice is a source of random numbers that is safe for concurrent use.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (d *dice) n(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

// one reports true once in n times.
func (d *dice) one(n int) bool { return d.n(n) == 0 }

func (d *dice) upTo(most time.Duration) time.Duration { return time.Duration(d.n(int(most) + 1)) }

// flakyStore fails, hangs or is slow at random, until stable is set.
type flakyStore struct {
	store.Store
	dice   *dice
	stable *atomic.Bool
}

// call makes a call of the store, or a fault. With late, the call may also take
// effect after it has reported an error.
func (f *flakyStore) call(ctx context.Context, late bool, do func(context.Context) error) error {
	if f.stable.Load() {
		return do(ctx)
	}
	switch f.dice.n(40) {
	case 0:
		return errStore
	case 1:
		_ = do(ctx)
		return errStore
	case 2:
		<-ctx.Done()
		return ctx.Err()
	case 3:
		_ = do(ctx)
		<-ctx.Done()
		return ctx.Err()
	case 4:
		if late {
			go func() {
				time.Sleep(f.dice.upTo(5 * time.Second))
				_ = do(context.Background())
			}()
			return errStore
		}
	case 5, 6, 7, 8, 9:
		time.Sleep(f.dice.upTo(300 * time.Millisecond))
	}
	return do(ctx)
}

func (f *flakyStore) Create(ctx context.Context, s store.NewSaga) error {
	// The caller may reuse them before a late call takes effect.
	s.DAG, s.Params, s.Events = slices.Clone(s.DAG), slices.Clone(s.Params), slices.Clone(s.Events)
	return f.call(ctx, true, func(ctx context.Context) error { return f.Store.Create(ctx, s) })
}

func (f *flakyStore) Append(ctx context.Context, a store.Append) error {
	a.Events = slices.Clone(a.Events)
	return f.call(ctx, true, func(ctx context.Context) error { return f.Store.Append(ctx, a) })
}

func (f *flakyStore) Load(ctx context.Context, id saga.ID) (r saga.Record, err error) {
	err = f.call(ctx, false, func(ctx context.Context) error { r, err = f.Store.Load(ctx, id); return err })
	return r, err
}

func (f *flakyStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) (events []engine.Event, err error) {
	err = f.call(ctx, false, func(ctx context.Context) error {
		events, err = f.Store.Events(ctx, id, from, limit)
		return err
	})
	return events, err
}

func (f *flakyStore) Logs(ctx context.Context, ids []saga.ID) (logs [][]engine.Event, err error) {
	err = f.call(ctx, false, func(ctx context.Context) error { logs, err = f.Store.Logs(ctx, ids); return err })
	return logs, err
}

func (f *flakyStore) List(ctx context.Context, q saga.Query) (rs []saga.Record, err error) {
	err = f.call(ctx, false, func(ctx context.Context) error { rs, err = f.Store.List(ctx, q); return err })
	return rs, err
}

func (f *flakyStore) Claim(ctx context.Context, c store.Claim) (rs []saga.Record, err error) {
	err = f.call(ctx, false, func(ctx context.Context) error { rs, err = f.Store.Claim(ctx, c); return err })
	return rs, err
}

func (f *flakyStore) Renew(ctx context.Context, owner string, l time.Duration) error {
	return f.call(ctx, false, func(ctx context.Context) error { return f.Store.Renew(ctx, owner, l) })
}

func (f *flakyStore) Release(ctx context.Context, id saga.ID, generation uint64) error {
	return f.call(ctx, true, func(ctx context.Context) error { return f.Store.Release(ctx, id, generation) })
}
