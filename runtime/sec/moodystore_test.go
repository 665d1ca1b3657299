package sec_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

// dice is randomness for several goroutines.
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

// moodyStore goes wrong at random until it is calm.
type moodyStore struct {
	store.Store
	dice *dice
	calm *atomic.Bool
}

func (m *moodyStore) call(ctx context.Context, late bool, do func(context.Context) error) error {
	if m.calm.Load() {
		return do(ctx)
	}
	switch m.dice.n(40) {
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
				time.Sleep(m.dice.upTo(5 * time.Second))
				_ = do(context.Background())
			}()
			return errStore
		}
	case 5, 6, 7, 8, 9:
		time.Sleep(m.dice.upTo(300 * time.Millisecond))
	}
	return do(ctx)
}

func (m *moodyStore) Create(ctx context.Context, s store.NewSaga) error {
	s.DAG, s.Params, s.Events = slices.Clone(s.DAG), slices.Clone(s.Params), slices.Clone(s.Events) // it may be late
	return m.call(ctx, true, func(ctx context.Context) error { return m.Store.Create(ctx, s) })
}

func (m *moodyStore) Append(ctx context.Context, a store.Append) error {
	a.Events = slices.Clone(a.Events)
	return m.call(ctx, true, func(ctx context.Context) error { return m.Store.Append(ctx, a) })
}

func (m *moodyStore) Load(ctx context.Context, id saga.ID) (r store.Record, err error) {
	err = m.call(ctx, false, func(ctx context.Context) error { r, err = m.Store.Load(ctx, id); return err })
	return r, err
}

func (m *moodyStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) (events []saga.Event, err error) {
	err = m.call(ctx, false, func(ctx context.Context) error { events, err = m.Store.Events(ctx, id, from, limit); return err })
	return events, err
}

func (m *moodyStore) Logs(ctx context.Context, ids []saga.ID) (logs [][]saga.Event, err error) {
	err = m.call(ctx, false, func(ctx context.Context) error { logs, err = m.Store.Logs(ctx, ids); return err })
	return logs, err
}

func (m *moodyStore) List(ctx context.Context, q store.Query) (rs []store.Record, err error) {
	err = m.call(ctx, false, func(ctx context.Context) error { rs, err = m.Store.List(ctx, q); return err })
	return rs, err
}

func (m *moodyStore) Claim(ctx context.Context, c store.Claim) (rs []store.Record, err error) {
	err = m.call(ctx, false, func(ctx context.Context) error { rs, err = m.Store.Claim(ctx, c); return err })
	return rs, err
}

func (m *moodyStore) Renew(ctx context.Context, owner string, l time.Duration) error {
	return m.call(ctx, false, func(ctx context.Context) error { return m.Store.Renew(ctx, owner, l) })
}

func (m *moodyStore) Release(ctx context.Context, id saga.ID, generation uint64) error {
	return m.call(ctx, true, func(ctx context.Context) error { return m.Store.Release(ctx, id, generation) })
}
