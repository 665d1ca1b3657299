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

// Limits of a batch. A larger one saves little, and makes all in it wait for longer.
const (
	maxEntries = 256
	maxBytes   = 1 << 20
)

// abandonGrace is how long a batch goes on when all its callers have gone. To break it off costs the connection.
const abandonGrace = 5 * time.Second

// group commits what several goroutines create and append, or delete, together if it comes while a commit is under way. Up to limit goroutines of
// the group's do that, each on a connection that it gives back after each batch; they end when nothing
// is waiting.
type group struct {
	limit int
	// connect returns a connection, and what gives it back.
	connect func(ctx context.Context) (conn *pgxpool.Conn, release func(), err error)
	// commit commits a batch in one transaction, and returns what became of each entry. After an error the
	// outcome of all is unknown, unless isRefusal.
	commit func(ctx context.Context, conn *pgxpool.Conn, batch []*entry) ([]error, error)

	mu      sync.Mutex
	queue   []*entry // oldest first
	running int      // how many of the group's goroutines run
	// underWay has the sagas of the batches that are being committed. What else comes for one of them stays in the queue,
	// so that entries of one saga are committed in the order in which they came.
	underWay map[saga.ID]bool
	// wanted ends when nobody waits for a connection any more; nil if no goroutine does.
	wanted context.Context
	unwant context.CancelFunc
}

// batch is what is committed together.
type batch struct {
	entries []*entry
	callers int // how many still wait for it
	ctx     context.Context
	cancel  context.CancelFunc
}

// do commits an entry and returns what became of it.
func (g *group) do(ctx context.Context, e *entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.result = make(chan error, 1) // so that nobody waits for a caller who has gone
	return retryBusy(ctx, func() error {
		g.submit(e)
		select {
		case err := <-e.result:
			return err
		case <-ctx.Done():
			g.leave(e)
			return fmt.Errorf("%w while waiting for the database", ctx.Err())
		}
	})
}

func (g *group) submit(e *entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = append(g.queue, e)
	if g.running < g.limit && !g.underWay[e.id] {
		g.running++
		go g.run()
	}
}

// leave takes note that nobody waits for e any more. If it is in the queue yet, it won't be committed.
func (g *group) leave(e *entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := e.batch; b != nil {
		if b.callers--; b.callers == 0 {
			time.AfterFunc(abandonGrace, b.cancel)
		}
		return
	}
	g.queue = slices.DeleteFunc(g.queue, func(other *entry) bool { return other == e })
	if len(g.queue) == 0 && g.wanted != nil {
		g.unwant()
		g.wanted = nil
	}
}

// run commits batches until nothing waits that can be committed now.
func (g *group) run() {
	growStack()
	for {
		ctx, ok := g.want()
		if !ok {
			return
		}
		conn, release, err := g.connect(ctx)
		if err != nil && ctx.Err() != nil {
			continue // all who waited have gone
		}
		runtime.Gosched() // to callers who are about to submit more: those of the batch before, if the processors are busy
		b := g.take()     // only now, as more has come while this waited for the connection
		errs := make([]error, len(b.entries))
		switch {
		case err != nil:
			fill(errs, err)
		case len(b.entries) > 0:
			errs = g.commitAll(b.ctx, conn, b.entries)
		}
		if err == nil {
			release()
		}
		g.finish(b, errs)
	}
}

// room is about what a commit needs on the stack.
type room [8 << 10]byte

// growStack makes the stack of a new goroutine large enough while there is little on it. Else the driver's frames are copied and adjusted each
// time that it is doubled, which takes a twelfth of the program's time for a commit alone.
//
//go:noinline
func growStack() {
	var r room
	r.use()
}

//go:noinline
func (*room) use() {}

// want returns a context for waiting for a connection, or false if there is nothing to commit; the goroutine must end then.
func (g *group) want() (context.Context, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.ContainsFunc(g.queue, func(e *entry) bool { return !g.underWay[e.id] }) {
		g.running--
		return nil, false
	}
	if g.wanted == nil {
		g.wanted, g.unwant = context.WithCancel(context.Background())
	}
	return g.wanted, true
}

// take takes a batch out of the queue. It may be empty, if another goroutine was faster.
func (g *group) take() *batch {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := new(batch)
	b.ctx, b.cancel = context.WithCancel(context.Background())
	size, full, rest := 0, false, g.queue[:0]
	for _, e := range g.queue {
		// Once there is no room for one, none behind it goes first.
		full = full || len(b.entries) == maxEntries || len(b.entries) > 0 && size+e.size > maxBytes
		if full || g.underWay[e.id] {
			rest = append(rest, e)
			continue
		}
		g.underWay[e.id] = true
		e.batch = b
		b.entries = append(b.entries, e)
		size += e.size
	}
	clear(g.queue[len(rest):])
	g.queue = rest
	b.callers = len(b.entries)
	// In the same order in all processes: who creates waits for another transaction that creates the same saga, and two would wait for each other.
	slices.SortFunc(b.entries, func(a, b *entry) int { return bytes.Compare(a.id[:], b.id[:]) })
	return b
}

// commitAll commits the entries, if need be one by one: the server has refused them together because of one, and doesn't say which.
func (g *group) commitAll(ctx context.Context, conn *pgxpool.Conn, entries []*entry) []error {
	errs, err := g.commit(ctx, conn, entries)
	switch {
	case err == nil:
		return errs
	case len(entries) == 1 || !isRefusal(err):
		errs = make([]error, len(entries))
		fill(errs, err)
		return errs
	}
	for i := range entries {
		errs = append(errs, g.commitAll(ctx, conn, entries[i:i+1])...)
	}
	return errs
}

// finish tells the callers what became of their entries.
func (g *group) finish(b *batch, errs []error) {
	b.cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, e := range b.entries {
		delete(g.underWay, e.id)
		e.batch = nil
		e.result <- errs[i]
	}
}

func fill(errs []error, err error) {
	for i := range errs {
		errs[i] = err
	}
}
