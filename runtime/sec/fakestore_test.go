package sec_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/engine"
	"github.com/sagagen/sagagen/runtime/store"
)

// fakeStore is a memory store that records its calls. A test sets scripts for
// the methods that must behave differently.
type fakeStore struct {
	memory *store.Memory // for the calls of the test itself, without scripts

	mu       sync.Mutex // guards the maps, whose keys are methods
	scripts  map[string]*numbered
	started  map[string]int
	finished map[string]int
	did      map[string][][]saga.ID // the sagas of each call that has succeeded
}

// A script runs in place of a call. It may change the arguments, make the call
// of the memory store with c.do, now or later, and change the results. It may
// use the fakeStore.
type script func(c *call) error

// numbered is a script and the number of its calls.
type numbered struct {
	script script
	calls  int
}

// call is a call of a fakeStore.
type call struct {
	ctx context.Context
	n   int // the number of the call since its script was set, from 1
	// ids are the sagas that the call is about. Those of Claim and List are
	// known after do.
	ids []saga.ID

	// Arguments that scripts read or change.
	claim store.Claim
	query saga.Query
	lease time.Duration

	// Results. Load sets one record, and Events one log.
	records []saga.Record
	logs    [][]engine.Event

	inner script // makes the call of the memory store
}

func (c *call) do() error { return c.inner(c) }

// everyMethod has all methods but Watch.
const everyMethod = "Create Append Load Events Logs List Claim Renew Release Delete"

func newFakeStore() *fakeStore {
	return &fakeStore{
		memory: store.NewMemory(), scripts: map[string]*numbered{},
		started: map[string]int{}, finished: map[string]int{}, did: map[string][][]saga.ID{},
	}
}

// newUnwatchedStore returns a store that can't watch, like a database without
// notifications.
func newUnwatchedStore() *fakeStore {
	s := newFakeStore()
	s.on("Watch", cannotWatch)
	return s
}

// on sets the script of some methods, which are separated by spaces. It
// replaces previous ones. The calls of these methods are numbered together.
func (s *fakeStore) on(methods string, f script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &numbered{script: f}
	for _, m := range strings.Fields(methods) {
		if m != "Watch" && !slices.Contains(strings.Fields(everyMethod), m) {
			panic("a store has no method " + m)
		}
		s.scripts[m] = n
	}
}

// calls returns how often some methods have been called.
func (s *fakeStore) calls(methods string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range strings.Fields(methods) {
		n += s.started[m]
	}
	return n
}

// running returns how many calls of a method have not returned.
func (s *fakeStore) running(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started[method] - s.finished[method]
}

// sagas returns the sagas of each call of a method that has succeeded. It
// leaves out calls without sagas, such as claims that found none.
func (s *fakeStore) sagas(method string) [][]saga.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.did[method])
}

// count returns how many calls of a method have succeeded for a saga.
func (s *fakeStore) count(method string, id saga.ID) (n int) {
	for _, ids := range s.sagas(method) {
		if slices.Contains(ids, id) {
			n++
		}
	}
	return n
}

// follow makes a call as its script says.
func (s *fakeStore) follow(method string, c *call) error {
	s.mu.Lock()
	s.started[method]++
	f := passes
	if n := s.scripts[method]; n != nil {
		n.calls++
		f, c.n = n.script, n.calls
	}
	s.mu.Unlock()
	err := f(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished[method]++
	if err == nil && len(c.ids) > 0 {
		s.did[method] = append(s.did[method], c.ids)
	}
	return err
}

// found sets the records that a call has found.
func (c *call) found(records []saga.Record, err error) error {
	c.records, c.ids = records, nil
	for _, r := range records {
		c.ids = append(c.ids, r.ID)
	}
	return err
}

// The methods of store.Store. A late call uses its arguments after the caller
// may have changed them. So Create and Append clone them.

func (s *fakeStore) Create(ctx context.Context, n store.NewSaga) error {
	n.DAG, n.Params, n.Events = slices.Clone(n.DAG), slices.Clone(n.Params), slices.Clone(n.Events)
	return s.follow("Create", &call{ctx: ctx, ids: []saga.ID{n.ID}, inner: func(c *call) error {
		return s.memory.Create(c.ctx, n)
	}})
}

func (s *fakeStore) Append(ctx context.Context, a store.Append) error {
	a.Events = slices.Clone(a.Events)
	return s.follow("Append", &call{ctx: ctx, ids: []saga.ID{a.ID}, inner: func(c *call) error {
		return s.memory.Append(c.ctx, a)
	}})
}

func (s *fakeStore) Load(ctx context.Context, id saga.ID) (saga.Record, error) {
	c := &call{ctx: ctx, ids: []saga.ID{id}, records: make([]saga.Record, 1), inner: func(c *call) (err error) {
		c.records[0], err = s.memory.Load(c.ctx, id)
		return err
	}}
	err := s.follow("Load", c)
	return c.records[0], err
}

func (s *fakeStore) Events(ctx context.Context, id saga.ID, from uint64, limit int) ([]engine.Event, error) {
	c := &call{ctx: ctx, ids: []saga.ID{id}, logs: make([][]engine.Event, 1), inner: func(c *call) (err error) {
		c.logs[0], err = s.memory.Events(c.ctx, id, from, limit)
		return err
	}}
	err := s.follow("Events", c)
	return c.logs[0], err
}

func (s *fakeStore) Logs(ctx context.Context, ids []saga.ID) ([][]engine.Event, error) {
	c := &call{ctx: ctx, ids: slices.Clone(ids), inner: func(c *call) (err error) {
		c.logs, err = s.memory.Logs(c.ctx, c.ids)
		return err
	}}
	err := s.follow("Logs", c)
	return c.logs, err
}

func (s *fakeStore) List(ctx context.Context, q saga.Query) ([]saga.Record, error) {
	c := &call{ctx: ctx, query: q, inner: func(c *call) error { return c.found(s.memory.List(c.ctx, c.query)) }}
	err := s.follow("List", c)
	return c.records, err
}

func (s *fakeStore) Claim(ctx context.Context, claim store.Claim) ([]saga.Record, error) {
	c := &call{ctx: ctx, claim: claim, inner: func(c *call) error { return c.found(s.memory.Claim(c.ctx, c.claim)) }}
	err := s.follow("Claim", c)
	return c.records, err
}

func (s *fakeStore) Renew(ctx context.Context, owner string, lease time.Duration) error {
	return s.follow("Renew", &call{ctx: ctx, lease: lease, inner: func(c *call) error {
		return s.memory.Renew(c.ctx, owner, c.lease)
	}})
}

func (s *fakeStore) Release(ctx context.Context, id saga.ID, generation uint64) error {
	return s.follow("Release", &call{ctx: ctx, ids: []saga.ID{id}, inner: func(c *call) error {
		return s.memory.Release(c.ctx, id, generation)
	}})
}

func (s *fakeStore) Delete(ctx context.Context, id saga.ID) error {
	return s.follow("Delete", &call{ctx: ctx, ids: []saga.ID{id}, inner: func(c *call) error {
		return s.memory.Delete(c.ctx, id)
	}})
}

func (s *fakeStore) Watch(ctx context.Context, wake func()) error {
	return s.follow("Watch", &call{ctx: ctx, inner: func(c *call) error { return s.memory.Watch(c.ctx, wake) }})
}

var errStore = errors.New("store is down")

// The scripts that many tests use.

func passes(c *call) error    { return c.do() }
func fails(*call) error       { return errStore }
func cannotWatch(*call) error { return errors.ErrUnsupported }

// losesReply is a call that takes effect, but reports an error.
func losesReply(c *call) error {
	_ = c.do()
	return errStore
}

// hangs is a call that returns when its context ends, and has no effect.
func hangs(c *call) error {
	<-c.ctx.Done()
	return c.ctx.Err()
}

// hangsAfterwards is a call that takes effect, and returns when its context
// ends.
func hangsAfterwards(c *call) error {
	_ = c.do()
	return hangs(c)
}

// late returns a script for calls that take effect after they have reported an
// error.
func late(d time.Duration) script {
	return func(c *call) error {
		later := *c
		later.ctx = context.Background()
		go func() {
			time.Sleep(d)
			_ = later.do()
		}()
		return errStore
	}
}

// takes returns a script that waits before it continues with another one.
func takes(d time.Duration, then script) script {
	return func(c *call) error {
		time.Sleep(d)
		return then(c)
	}
}

// between returns a script for the calls with the numbers first to last. The
// others pass.
func between(first, last int, f script) script {
	return func(c *call) error {
		if c.n < first || c.n > last {
			return c.do()
		}
		return f(c)
	}
}

func at(n int, f script) script { return between(n, n, f) }

// failsFor returns a script that returns an error for the calls about one saga.
func failsFor(id saga.ID, err error) script {
	return func(c *call) error {
		if slices.Contains(c.ids, id) {
			return err
		}
		return c.do()
	}
}

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

// atRandom returns a script for calls of which one in 40 follows each of the
// given scripts, and some others are slow.
func atRandom(d *dice, faults ...script) script {
	return func(c *call) error {
		switch n := d.n(40); {
		case n < len(faults):
			return faults[n](c)
		case n < 10:
			time.Sleep(d.upTo(300 * time.Millisecond))
		}
		return c.do()
	}
}
