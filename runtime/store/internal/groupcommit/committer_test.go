package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/store/internal/busy"
)

var (
	errBusy    = errors.New("busy")
	errInvalid = errors.New("invalid")
)

// database is a driver that records its calls. A commit takes one second, in
// the time of synctest.
type database struct {
	mu       sync.Mutex
	batches  [][]string // as passed to commit
	begun    []time.Duration
	connects int
	released []bool // the arguments idle of release
	commits  int    // in progress
	most     int    // the maximum of commits

	start time.Time
	// The next commits return these errors.
	errs []error
	// connectable, if not nil, is closed when connections are available.
	connectable chan struct{}
}

type committer = Committer[*database, string]

// newCommitter returns a Committer with up to workers workers. At the end of
// the test it must have none.
func newCommitter(t *testing.T, workers int) (*database, *committer) {
	d := &database{start: time.Now()}
	c := New(Driver[*database, string]{
		Workers: workers, MaxBytes: 1000,
		Connect: d.connect, Commit: commit, Release: release,
		Retry: func(err error) bool { return err == errBusy },
	})
	t.Cleanup(func() { requireIdle(t, c) })
	return d, c
}

// requireIdle requires that the workers end.
func requireIdle[C, R any](t *testing.T, c *Committer[C, R]) {
	t.Helper()
	time.Sleep(idleTimeout)
	synctest.Wait()
	require.Zero(t, c.Stats())
}

func (d *database) connect(ctx context.Context) (*database, error) {
	d.mu.Lock()
	d.connects++
	d.mu.Unlock()
	if d.connectable == nil {
		return d, nil
	}
	select {
	case <-d.connectable:
		return d, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func commit(ctx context.Context, d *database, batch []string) ([]error, error) {
	d.mu.Lock()
	d.batches = append(d.batches, append([]string(nil), batch...))
	d.begun = append(d.begun, time.Since(d.start))
	d.commits++
	d.most = max(d.most, d.commits)
	var err error
	if len(d.errs) > 0 {
		err, d.errs = d.errs[0], d.errs[1:]
	}
	d.mu.Unlock()
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(time.Second):
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.commits--
	errs := make([]error, len(batch))
	for i, value := range batch {
		if value == "invalid" {
			errs[i] = errInvalid
		}
	}
	return errs, err
}

func release(d *database, idle bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.released = append(d.released, idle)
}

// submit submits a request, and returns when it waits or is in flight.
func submit(ctx context.Context, c *committer, r Request[string]) <-chan error {
	result := make(chan error, 1)
	go func() { result <- c.Submit(ctx, r) }()
	synctest.Wait()
	return result
}

// submitAll submits requests without options.
func submitAll(t *testing.T, c *committer, values ...string) (results []<-chan error) {
	for _, value := range values {
		results = append(results, submit(t.Context(), c, Request[string]{Value: value}))
	}
	return results
}

func requireNoErrors(t *testing.T, results []<-chan error) {
	t.Helper()
	for _, result := range results {
		require.NoError(t, <-result)
	}
}

func TestRequestsThatWaitShareABatchAndKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		results := submitAll(t, c, "a", "b", "invalid", "c")
		first := submit(t.Context(), c, Request[string]{Value: "first", First: true})
		require.NoError(t, <-results[0])
		require.NoError(t, <-first)
		require.NoError(t, <-results[1])
		require.Equal(t, errInvalid, <-results[2])
		require.NoError(t, <-results[3])
		assert.Equal(t, [][]string{{"a"}, {"first", "b", "invalid", "c"}}, d.batches)
		assert.Equal(t, []time.Duration{0, time.Second}, d.begun)
		assert.Equal(t, []bool{false, true}, d.released)
	})
}

func TestBatchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		results := submitAll(t, c, "head")
		for i, size := range []int{600, 400, 1, 5000, 1, 999} {
			results = append(results, submit(t.Context(), c, Request[string]{Value: fmt.Sprint(i), Size: size}))
		}
		requireNoErrors(t, results)
		assert.Equal(t, [][]string{{"head"}, {"0", "1"}, {"2"}, {"3"}, {"4", "5"}}, d.batches)

		d.batches = nil
		requireNoErrors(t, submitAll(t, c, make([]string, 2*MaxRequests+2)...))
		assert.Equal(t, []int{1, MaxRequests, MaxRequests, 1}, lengths(d.batches))
	})
}

func lengths(batches [][]string) (n []int) {
	for _, batch := range batches {
		n = append(n, len(batch))
	}
	return n
}

// Requests of other sagas go before one whose saga has another one in flight.
func TestRequestsOfASagaAreCommittedOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 2)
		one, two := saga.NewID(), saga.NewID()
		var results []<-chan error
		for _, r := range []Request[string]{
			{Value: "a", Saga: one}, {Value: "b", Saga: one}, {Value: "c", Saga: one}, {Value: "d", Saga: two},
			{Value: "e"}, {Value: "f", Saga: two},
		} {
			results = append(results, submit(t.Context(), c, r))
		}
		assert.Equal(t, Stats{Waiting: 4, InFlight: 2, Workers: 2}, c.Stats())
		requireNoErrors(t, results)
		require.Greater(t, len(d.batches), 3)
		assert.ElementsMatch(t, [][]string{{"a"}, {"d"}}, d.batches[:2])
		assert.Equal(t, 2, d.most)
		place := map[string]int{}
		for i, batch := range d.batches {
			for _, value := range batch {
				place[value] = i
			}
		}
		assert.Less(t, place["b"], place["c"])
		assert.Less(t, place["d"], place["f"])
	})
}

// While a large request of a saga waits for room, no later one of that saga may
// be taken.
func TestNoLaterRequestGoesBeforeOneThatDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		id := saga.NewID()
		results := submitAll(t, c, "head", "first")
		results = append(results,
			submit(t.Context(), c, Request[string]{Value: "large", Saga: id, Size: 2000}),
			submit(t.Context(), c, Request[string]{Value: "small", Saga: id, Size: 1}))
		requireNoErrors(t, results)
		assert.Equal(t, [][]string{{"head"}, {"first"}, {"large"}, {"small"}}, d.batches)
	})
}

func TestWorkersCommitInParallelAndEndWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 3)
		assert.Zero(t, c.Stats())
		results := submitAll(t, c, "a", "b", "c", "d", "e")
		assert.Equal(t, Stats{Waiting: 2, Workers: 3}, c.Stats())
		requireNoErrors(t, results)
		assert.Equal(t, 3, d.most)
		assert.Equal(t, []int{1, 1, 1, 2}, lengths(d.batches))

		time.Sleep(idleTimeout - time.Nanosecond)
		requireNoErrors(t, submitAll(t, c, "by an idle worker"))
		assert.Equal(t, 1, c.Stats().Workers, "the others have ended")
		requireIdle(t, c)
		requireNoErrors(t, submitAll(t, c, "by a new worker"))
	})
}

// Each caller submits again as soon as it has its result, and workers become
// idle all the time.
func TestEveryRequestHasOneResult(t *testing.T) {
	const callers, requests = 50, 200
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		committed := map[int]int{}
		c := New(Driver[struct{}, int]{
			Workers: 3, MaxBytes: 7,
			Connect: func(context.Context) (struct{}, error) { return struct{}{}, nil },
			Commit: func(_ context.Context, _ struct{}, batch []int) ([]error, error) {
				time.Sleep(time.Duration(len(batch)) * idleTimeout / 3)
				mu.Lock()
				defer mu.Unlock()
				for _, n := range batch {
					committed[n]++
				}
				return make([]error, len(batch)), nil
			},
			Release: func(struct{}, bool) {},
		})
		var all sync.WaitGroup
		for caller := range callers {
			all.Go(func() {
				for i := range requests {
					r := Request[int]{Value: caller*requests + i, Size: i % 9, Saga: saga.ID{15: byte(caller % 20)}}
					assert.NoError(t, c.Submit(t.Context(), r))
					time.Sleep(time.Duration(i%5) * idleTimeout / 2)
				}
			})
		}
		all.Wait()
		assert.Len(t, committed, callers*requests)
		for n, times := range committed {
			assert.Equal(t, 1, times, n)
		}
		requireIdle(t, c)
	})
}

func TestRequestInTheQueueIsRemovedWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		results := submitAll(t, c, "a")
		left := submit(ctx, c, Request[string]{Value: "left"})
		results = append(results, submitAll(t, c, "b")...)
		cancel()
		err := <-left
		require.ErrorIs(t, err, context.Canceled)
		assert.EqualError(t, err, "context canceled while waiting for the database")
		require.ErrorIs(t, c.Submit(ctx, Request[string]{Value: "too late"}), context.Canceled)
		requireNoErrors(t, results)
		assert.Equal(t, [][]string{{"a"}, {"b"}}, d.batches)
	})
}

func TestTransactionContinuesUntilAllCallersHaveLeftForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		c.driver.Commit = func(ctx context.Context, _ *database, batch []string) ([]error, error) {
			assert.Len(t, batch, 2)
			<-ctx.Done() // the database hangs
			d.begun = append(d.begun, time.Since(d.start))
			return nil, ctx.Err()
		}
		d.connectable = make(chan struct{})
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		long, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		results := []<-chan error{
			submit(short, c, Request[string]{Value: "a"}), submit(long, c, Request[string]{Value: "b"}),
		}
		close(d.connectable)
		for i, after := range []time.Duration{time.Second, 10 * time.Second} {
			require.ErrorIs(t, <-results[i], context.DeadlineExceeded)
			assert.Equal(t, after, time.Since(d.start))
		}
		time.Sleep(abandonGrace)
		synctest.Wait()
		assert.Equal(t, []time.Duration{10*time.Second + abandonGrace}, d.begun, "when the transaction was canceled")
	})
}

func TestWaitForAConnectionEndsWithTheLastCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 2)
		d.connectable = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		left := []<-chan error{
			submit(ctx, c, Request[string]{Value: "a"}), submit(ctx, c, Request[string]{Value: "b"}),
		}
		assert.Equal(t, 2, d.connects)
		cancel()
		for _, result := range left {
			require.ErrorIs(t, <-result, context.Canceled)
		}
		requireIdle(t, c) // no worker waits for a connection

		stays := submitAll(t, c, "c", "d")
		close(d.connectable)
		requireNoErrors(t, stays)
		assert.Equal(t, [][]string{{"c", "d"}}, d.batches)
	})
}

func TestFailedBatchFailsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		d.errs = []error{nil, assert.AnError}
		results := submitAll(t, c, "a", "b", "c")
		require.NoError(t, <-results[0])
		require.Equal(t, assert.AnError, <-results[1])
		require.Equal(t, assert.AnError, <-results[2])
		requireNoErrors(t, submitAll(t, c, "d"))
		assert.Equal(t, [][]string{{"a"}, {"b", "c"}, {"d"}}, d.batches)
	})
}

func TestFailedConnectFailsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		broken := make(chan struct{})
		c.driver.Connect = func(context.Context) (*database, error) { <-broken; return nil, assert.AnError }
		results := submitAll(t, c, "a", "b")
		close(broken)
		require.Equal(t, assert.AnError, <-results[0])
		require.Equal(t, assert.AnError, <-results[1])
		assert.Empty(t, d.released)
	})
}

func TestRejectedBatchIsCommittedInParts(t *testing.T) {
	rejected := func(index int) error { return &Rejected{Index: index, Err: errInvalid} }
	for name, c := range map[string]struct {
		errs []error
		want [][]string
		fail string // the requests with errInvalid
	}{
		"one in the middle": {
			[]error{nil, rejected(2), nil, rejected(0)},
			[][]string{{"head"}, {"a", "b", "c", "d"}, {"a", "b"}, {"c"}, {"d"}}, "c",
		},
		"the first": {
			[]error{nil, rejected(0), rejected(0)},
			[][]string{{"head"}, {"a", "b", "c", "d"}, {"a"}, {"b", "c", "d"}}, "a",
		},
		"the last, and one before it": {
			[]error{nil, rejected(3), rejected(1), nil, rejected(0), nil, rejected(0)},
			[][]string{{"head"}, {"a", "b", "c", "d"}, {"a", "b", "c"}, {"a"}, {"b"}, {"c"}, {"d"}}, "bd",
		},
		"an unknown one": {
			[]error{nil, rejected(-1), nil, nil, rejected(-1), nil},
			[][]string{{"head"}, {"a", "b", "c", "d"}, {"a"}, {"b"}, {"c"}, {"d"}}, "c",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, committer := newCommitter(t, 1)
				d.errs = c.errs
				values := []string{"head", "a", "b", "c", "d"}
				for i, result := range submitAll(t, committer, values...) {
					var want error
					for _, r := range c.fail {
						if string(r) == values[i] {
							want = errInvalid
						}
					}
					require.Equal(t, want, <-result, values[i])
				}
				assert.Equal(t, c.want, d.batches)
				assert.Equal(t, []bool{false, true}, d.released, "the connection is used for all parts")
			})
		})
	}
}

func TestBusyRequestsReturnToTheHeadOfTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		d.errs = []error{nil, errBusy, errBusy}
		results := submitAll(t, c, "head", "a")
		ctx, cancel := context.WithCancel(t.Context())
		left := submit(ctx, c, Request[string]{Value: "left"})
		results = append(results, submitAll(t, c, "b")...)
		require.NoError(t, <-results[0])
		synctest.Wait()
		results = append(results, submitAll(t, c, "c")...)
		time.Sleep(time.Second) // the batch is busy, and its worker waits
		synctest.Wait()
		assert.Equal(t, 4, c.Stats().Waiting)
		time.Sleep(busy.MinWait)
		synctest.Wait()
		cancel() // during the second attempt
		require.EqualError(t, <-left, "context canceled while waiting: busy")
		requireNoErrors(t, results[1:])
		assert.Equal(t, [][]string{{"head"}, {"a", "left", "b"}, {"a", "left", "b", "c"}, {"a", "b", "c"}}, d.batches)
		assert.Equal(t, []time.Duration{
			0, time.Second, 2*time.Second + busy.MinWait, 3*time.Second + 3*busy.MinWait,
		}, d.begun)
	})
}

// A part that is not busy must not be committed before one that is.
func TestPartsAfterABusyOneWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newCommitter(t, 1)
		d.errs = []error{nil, &Rejected{Index: 1, Err: errInvalid}, nil, errBusy}
		requireNoErrors(t, submitAll(t, c, "head", "a", "b", "c"))
		assert.Equal(t, [][]string{{"head"}, {"a", "b", "c"}, {"a"}, {"b"}, {"b", "c"}}, d.batches)
	})
}
