package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store"
)

var racePromises = []promise{
	{
		name: "gives each saga to one claimant",
		race: raceClaims,
		quotes: []string{
			"Concurrent claims never return the same saga.",
			"Its methods are safe for concurrent use by multiple goroutines.",
		},
	},
	{
		name: "gives each unowned saga to one claimant",
		race: raceUnownedClaims,
	},
	{
		name:   "adds no event of the former owner after a claim",
		race:   raceTakeovers,
		quotes: []string{"A claim may skip a saga that is being written at the same time."},
	},
	{
		name: "adds no event of the former owner after a release",
		race: raceReleases,
	},
	{
		name: "lets one of several appends of the same number win",
		race: raceAppends,
	},
	{
		name: "lets either the client or the owner append a number",
		race: raceNotifications,
	},
	{
		name:  "lets one of several creates of the same ID win",
		check: raceLetsOneOfSeveralCreatesWin,
	},
	{
		name:  "keeps interrupted appends atomic",
		check: raceKeepsInterruptedAppendsAtomic,
		quotes: []string{
			"Every method is atomic: it takes effect completely or not at all.",
			"If the context becomes done during a call, the method returns soon after.",
			"Its outcome is then unknown: the change may even take effect after the method has returned.",
		},
	},
	{
		name:  "keeps many sagas apart",
		check: raceKeepsManySagasApart,
	},
}

func raceLetsOneOfSeveralCreatesWin(t *testing.T, s store.Store) {
	for range 10 {
		n := newSaga()
		var won atomic.Int32
		parallel(8, func(int) {
			switch err := s.Create(t.Context(), n); {
			case err == nil:
				won.Add(1)
			default:
				assert.ErrorIs(t, err, store.ErrExists)
			}
		})
		assert.EqualValues(t, 1, won.Load())
		requireEvents(t, s, n.ID, n.Events)
	}
}

// raceClaims lets many claimants claim in parallel through stores a and b of
// one database.
func raceClaims(t *testing.T, a, b store.Store) {
	const sagas, claimants = 60, 8
	var all []saga.ID
	for range sagas {
		n := newSagaIn(saga.StateRunning)
		create(t, a, n)
		all = append(all, n.ID)
	}
	var mu sync.Mutex
	var got []saga.ID
	claimAll := func(s store.Store, owner string) {
		for {
			records, err := s.Claim(t.Context(), store.Claim{Owner: owner, Lease: time.Hour, Limit: 3})
			if !assert.NoError(t, err) || len(records) == 0 {
				return
			}
			mu.Lock()
			got = append(got, recordIDs(records)...)
			mu.Unlock()
			for _, r := range records {
				assert.Equal(t, owner, r.Owner)
				assert.EqualValues(t, 2, r.Generation)
			}
		}
	}
	parallel(claimants, func(i int) { claimAll([]store.Store{a, b}[i%2], string(rune('a'+i))) })
	// A claimant may have skipped sagas that another had locked.
	claimAll(a, "last")
	assert.ElementsMatch(t, all, got)
}

// raceUnownedClaims lets several claimants claim the unowned sagas of two
// queues in parallel, through stores a and b of one database.
func raceUnownedClaims(t *testing.T, a, b store.Store) {
	const claimants, each = 6, 30
	want := map[string][]saga.ID{}
	var mu sync.Mutex
	got := map[string][]saga.ID{}
	for i := range 2 * each {
		n := unowned([...]string{"", "q"}[i%2])
		create(t, a, n)
		want[n.Queue] = append(want[n.Queue], n.ID)
	}
	claimAll := func(s store.Store, owner, queue string) {
		for {
			records, err := s.Claim(t.Context(), store.Claim{Owner: owner, Queue: queue, Lease: time.Hour, Limit: 4})
			if !assert.NoError(t, err) || len(records) == 0 {
				return
			}
			mu.Lock()
			got[queue] = append(got[queue], recordIDs(records)...)
			mu.Unlock()
		}
	}
	parallel(claimants, func(i int) {
		claimAll([]store.Store{a, b}[i%2], string(rune('a'+i)), [...]string{"", "q"}[i/2%2])
	})
	for queue := range want {
		// A claimant may have skipped sagas that another had locked.
		claimAll(b, "last", queue)
		assert.ElementsMatch(t, want[queue], got[queue], "in queue %q", queue)
	}
}

// raceTakeovers claims a saga through b while its former owner appends through
// a.
func raceTakeovers(t *testing.T, a, b store.Store) {
	for range 15 {
		n := newSagaIn(saga.StateRunning)
		create(t, a, n)
		former := startOwner(t, a, n.ID)
		<-former.begun
		var claimed []saga.Record
		require.Eventually(t, func() bool { // the claim may skip the saga because of an append
			claimed = claim(t, b, store.Claim{Owner: bob, IDs: []saga.ID{n.ID}, Lease: time.Hour})
			return len(claimed) == 1
		}, 30*time.Second, time.Millisecond)
		former.replaced.Store(true)
		log, err := b.Events(t.Context(), n.ID, 0, 0)
		require.NoError(t, err)
		require.Len(t, log, int(claimed[0].NextSeq), "the claim returned the length of the log")

		require.ErrorIs(t, <-former.ended, store.ErrFenced)
		require.EqualValues(t, former.acknowledged, len(log), "the log has exactly the acknowledged events")
		mine := next(n.ID, 2, claimed[0].NextSeq, 1)
		require.NoError(t, b.Append(t.Context(), mine))
		requireEvents(t, a, n.ID, append(log, mine.Events...))
	}
}

// raceReleases releases a saga through b while its owner appends through a.
func raceReleases(t *testing.T, a, b store.Store) {
	for range 15 {
		n := newSaga()
		create(t, a, n)
		former := startOwner(t, a, n.ID)
		<-former.begun
		require.NoError(t, b.Release(t.Context(), n.ID, 1))
		former.replaced.Store(true)
		record := load(t, b, n.ID)
		require.Empty(t, record.Owner)
		require.EqualValues(t, 2, record.Generation)
		require.ErrorIs(t, <-former.ended, store.ErrFenced)
		require.EqualValues(t, record.NextSeq, former.acknowledged,
			"the log at the release has exactly the acknowledged events")
		requireEvents(t, b, n.ID, events(0, int(former.acknowledged)))
		require.Len(t, claim(t, a, store.Claim{Owner: bob, IDs: []saga.ID{n.ID}, Lease: time.Hour}), 1)
	}
}

// owner is the first owner of a saga. It appends events until an append fails.
type owner struct {
	// replaced is set when the saga has another owner or none. The owner then
	// stops even if an append succeeds.
	replaced atomic.Bool
	// begun is closed after some appends, or when the appends end.
	begun chan struct{}
	// ended receives the error of the last append.
	ended        chan error
	acknowledged uint64 // the length of the log, once ended has received
}

// startOwner starts the owner of a saga with two events.
func startOwner(t *testing.T, s store.Store, id saga.ID) *owner {
	o := &owner{begun: make(chan struct{}), ended: make(chan error, 1), acknowledged: 2}
	t.Cleanup(func() { o.replaced.Store(true) })
	go func() {
		begin := sync.OnceFunc(func() { close(o.begun) })
		defer begin()
		for {
			replaced := o.replaced.Load()
			err := s.Append(t.Context(), next(id, 1, o.acknowledged, 2))
			if err != nil || replaced {
				o.ended <- err
				return
			}
			if o.acknowledged += 2; o.acknowledged == 8 {
				begin()
			}
		}
	}()
	return o
}

// raceAppends lets many callers append events of the same number in parallel
// through stores a and b of one database.
func raceAppends(t *testing.T, a, b store.Store) {
	n := newSaga()
	create(t, a, n)
	for round := range uint64(10) {
		var won atomic.Int32
		parallel(8, func(i int) {
			switch err := []store.Store{a, b}[i%2].Append(t.Context(), next(n.ID, 1, 2+3*round, 3)); {
			case err == nil:
				won.Add(1)
			default:
				assert.ErrorIs(t, err, store.ErrSequence)
			}
		})
		require.EqualValues(t, 1, won.Load(), "in round %d", round)
	}
	requireEvents(t, b, n.ID, slices.Concat(n.Events, events(2, 30)))
}

// raceNotifications lets the owner append through a, and in parallel a client
// append and notify it through b, both with the same event number. In each
// round, one of them must win.
func raceNotifications(t *testing.T, a, b store.Store) {
	const rounds = 40
	n := newSaga()
	create(t, a, n)
	for round := range uint64(rounds) {
		var clients, owners atomic.Int32
		parallel(2, func(i int) {
			s, won := a, &owners
			given := next(n.ID, 1, 2+round, 1)
			if i == 1 {
				s, won, given.Notify = b, &clients, true
			}
			if rand.IntN(2) == 0 {
				s = a // both through one store, which may batch appends
			}
			switch err := s.Append(t.Context(), given); {
			case err == nil:
				won.Add(1)
			default:
				assert.ErrorIs(t, err, store.ErrSequence)
			}
		})
		require.EqualValues(t, 1, clients.Load()+owners.Load(), "round %d has one winner", round)
		require.Equal(t, clients.Load() == 1, load(t, b, n.ID).Notified, "the owner is notified if the client won")
	}
	requireEvents(t, a, n.ID, events(0, 2+rounds))
}

// raceKeepsInterruptedAppendsAtomic cancels appends at random moments and
// repeats them.
func raceKeepsInterruptedAppendsAtomic(t *testing.T, s store.Store) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	n := newSaga()
	create(t, s, n)
	for seq := uint64(2); seq < 150; {
		given := next(n.ID, 1, seq, 3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(2000))*time.Microsecond)
		began := time.Now()
		err := s.Append(ctx, given)
		assert.Less(t, time.Since(began), 10*time.Second)
		cancel()
		overwriteEvents(given.Events) // the store must not read them any longer
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			if err := s.Append(t.Context(), next(n.ID, 1, seq, 3)); !errors.Is(err, store.ErrSequence) {
				require.NoError(t, err)
			}
		}
		seq += 3
		requireEvents(t, s, n.ID, events(0, int(seq)))
		require.Equal(t, seq, load(t, s, n.ID).NextSeq)
	}
}

// raceKeepsManySagasApart runs many sagas in parallel while others list, claim
// and renew.
func raceKeepsManySagasApart(t *testing.T, s store.Store) {
	const sagas, appends = 16, 5
	ids := make([]saga.ID, sagas)
	for i := range ids {
		ids[i] = saga.NewID()
	}
	parallel(sagas+2, func(i int) {
		if i >= sagas {
			for range appends {
				_, err := s.Claim(t.Context(), store.Claim{Owner: bob, Lease: time.Hour})
				assert.NoError(t, err)
				_, err = s.List(t.Context(), saga.Query{})
				assert.NoError(t, err)
				assert.NoError(t, s.Renew(t.Context(), alice, time.Hour))
			}
			return
		}
		n := newSaga()
		n.ID = ids[i]
		assert.NoError(t, s.Create(t.Context(), n))
		for k := range uint64(appends) {
			a := next(n.ID, 1, 2+2*k, 2)
			if k == appends-1 {
				a.State = saga.StateSucceeded
			}
			assert.NoError(t, s.Append(t.Context(), a))
			record, err := s.Load(t.Context(), n.ID)
			assert.NoError(t, err)
			assert.Equal(t, 4+2*k, record.NextSeq, "Load sees the append that has returned")
		}
		if i%2 == 0 {
			assert.NoError(t, s.Delete(t.Context(), n.ID))
		}
	})
	assert.Len(t, list(t, s, saga.Query{States: []saga.State{saga.StateSucceeded}}), sagas/2)
	for i, id := range ids {
		if i%2 == 1 {
			requireEvents(t, s, id, events(0, 2+2*appends))
		}
	}
}

// parallel calls f(0) to f(n-1) in parallel and waits until all have returned.
func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}
