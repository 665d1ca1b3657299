package postgres

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	saga "github.com/sagagen/sagagen/runtime"
)

// Limits of a batch. A larger one saves little, and all its callers wait
// longer.
const (
	maxEntries = 256
	maxBytes   = 1 << 20
)

// abandonGrace is how long a batch continues after all its callers have stopped
// waiting. Canceling it costs the connection.
const abandonGrace = 5 * time.Second

// committer commits entries of many callers in batches. Entries that arrive
// while commits are in flight wait, and share the next commit.
//
// The commits run in up to limit goroutines of the committer. Each takes a
// connection for a batch and releases it afterwards. A goroutine ends when no
// entry waits that it may commit.
type committer struct {
	limit int
	// connect returns a connection, and the function that releases it.
	connect func(ctx context.Context) (conn *pgxpool.Conn, release func(), err error)
	// commit commits a batch in one transaction and returns the result of each
	// entry. If it returns an error, the outcome of all entries is unknown,
	// unless isRejected.
	commit func(ctx context.Context, conn *pgxpool.Conn, entries []*entry) ([]error, error)

	mu      sync.Mutex
	queue   []*entry // oldest first
	running int      // the number of goroutines
	// inFlight has the sagas of the batches that are being committed. Other
	// entries of these sagas stay in the queue, so that the entries of a saga
	// are committed in the order of their arrival.
	inFlight map[saga.ID]bool
	// connectCtx ends when the queue becomes empty while goroutines wait for a
	// connection. It is nil if none waits for one.
	connectCtx    context.Context
	cancelConnect context.CancelFunc
}

// newCommitter returns a committer with up to limit goroutines. See the fields
// for connect and commit.
func newCommitter(
	limit int,
	connect func(context.Context) (*pgxpool.Conn, func(), error),
	commit func(context.Context, *pgxpool.Conn, []*entry) ([]error, error),
) *committer {
	return &committer{limit: limit, connect: connect, commit: commit, inFlight: map[saga.ID]bool{}}
}

// batch is the entries of one commit.
type batch struct {
	entries []*entry
	callers int // how many still wait for their results
	ctx     context.Context
	cancel  context.CancelFunc
}

// do commits an entry and returns its result. It retries while another
// transaction is in the way.
func (c *committer) do(ctx context.Context, e *entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.result = make(chan error, 1) // so that the committer doesn't wait for a caller that has stopped waiting
	return retryBusy(ctx, func() error {
		c.submit(e)
		select {
		case err := <-e.result:
			return err
		case <-ctx.Done():
			c.abandon(e)
			return fmt.Errorf("%w while waiting for the database", ctx.Err())
		}
	})
}

func (c *committer) submit(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, e)
	if c.running < c.limit && !c.inFlight[e.id] {
		c.running++
		go c.run()
	}
}

// abandon records that the caller of e has stopped waiting. If e is still in
// the queue, abandon removes it.
func (c *committer) abandon(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := e.batch; b != nil {
		if b.callers--; b.callers == 0 {
			time.AfterFunc(abandonGrace, b.cancel)
		}
		return
	}
	c.queue = slices.DeleteFunc(c.queue, func(other *entry) bool { return other == e })
	if len(c.queue) == 0 && c.connectCtx != nil {
		c.cancelConnect()
		c.connectCtx = nil
	}
}

// run commits batches until no entry waits that may be committed.
func (c *committer) run() {
	growStack()
	for {
		ctx, ok := c.next()
		if !ok {
			return
		}
		conn, release, err := c.connect(ctx)
		if err != nil && ctx.Err() != nil {
			continue // all callers have stopped waiting
		}
		runtime.Gosched()  // callers of the last batch may be about to submit, if the processors are busy
		b := c.takeBatch() // after the wait for the connection, as more entries may have arrived
		errs := make([]error, len(b.entries))
		switch {
		case err != nil:
			fill(errs, err)
		case len(b.entries) > 0:
			errs = c.commitAll(b.ctx, conn, b.entries)
		}
		if err == nil {
			release()
		}
		c.reply(b, errs)
	}
}

// stackRoom is about what a commit needs on the stack.
type stackRoom [8 << 10]byte

// growStack makes the stack of a new goroutine large enough while it is nearly
// empty. Otherwise the frames of the driver are copied and adjusted each time
// that the stack doubles, which takes a twelfth of the program's time for a
// commit alone.
//
//go:noinline
func growStack() {
	var r stackRoom
	r.use()
}

//go:noinline
func (*stackRoom) use() {}

// next returns a context for the wait for a connection. It returns false if
// there is nothing to commit; the goroutine must end then.
func (c *committer) next() (context.Context, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.queue, func(e *entry) bool { return !c.inFlight[e.id] }) {
		c.running--
		return nil, false
	}
	if c.connectCtx == nil {
		c.connectCtx, c.cancelConnect = context.WithCancel(context.Background())
	}
	return c.connectCtx, true
}

// takeBatch moves a batch out of the queue. The batch is empty if another
// goroutine was faster.
func (c *committer) takeBatch() *batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := new(batch)
	b.ctx, b.cancel = context.WithCancel(context.Background())
	size, full, rest := 0, false, c.queue[:0]
	for _, e := range c.queue {
		// Once an entry doesn't fit, no later entry may go before it.
		full = full || len(b.entries) == maxEntries || len(b.entries) > 0 && size+e.size > maxBytes
		if full || c.inFlight[e.id] {
			rest = append(rest, e)
			continue
		}
		c.inFlight[e.id] = true
		e.batch = b
		b.entries = append(b.entries, e)
		size += e.size
	}
	clear(c.queue[len(rest):])
	c.queue = rest
	b.callers = len(b.entries)
	// All processes use the same order. A transaction that creates a saga waits
	// for another that creates the same one, so different orders could
	// deadlock.
	slices.SortFunc(b.entries, func(a, b *entry) int { return bytes.Compare(a.id[:], b.id[:]) })
	return b
}

// commitAll commits the entries, if necessary one by one: the server may reject
// them all because of one of them, and doesn't say which.
func (c *committer) commitAll(ctx context.Context, conn *pgxpool.Conn, entries []*entry) []error {
	errs, err := c.commit(ctx, conn, entries)
	switch {
	case err == nil:
		return errs
	case len(entries) == 1 || !isRejected(err):
		errs = make([]error, len(entries))
		fill(errs, err)
		return errs
	}
	for i := range entries {
		errs = append(errs, c.commitAll(ctx, conn, entries[i:i+1])...)
	}
	return errs
}

// reply sends the results of a batch to its callers.
func (c *committer) reply(b *batch, errs []error) {
	b.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, e := range b.entries {
		delete(c.inFlight, e.id)
		e.batch = nil
		e.result <- errs[i]
	}
}

func fill(errs []error, err error) {
	for i := range errs {
		errs[i] = err
	}
}
