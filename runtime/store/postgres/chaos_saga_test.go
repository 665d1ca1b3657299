package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	saga "github.com/sagagen/sagagen/runtime"
)

// plan is the parameters of a chaos saga: which nodes fail, and how.
type plan struct {
	// Fail is the node whose do function returns an error, and changes nothing.
	Fail saga.NodeName
	// Doubt is the node whose do function succeeds, but reports an unknown
	// outcome.
	Doubt saga.NodeName
	// Flaky is the node whose first attempt fails, of its do and its undo.
	Flaky saga.NodeName
}

// plans are the plans of the sagas, in turn.
var plans = []plan{
	{}, {Fail: "car"}, {Flaky: "flight"}, {Fail: "summary"}, {},
	{Doubt: "hotel"}, {}, {Fail: "summary", Flaky: "flight"}, {}, {},
}

func (p plan) end() saga.State {
	if p.Fail != "" || p.Doubt != "" {
		return saga.StateFailed
	}
	return saga.StateSucceeded
}

// tripNodes are the nodes of a trip: one, three in parallel, one. A chaos saga
// is a trip.
var tripNodes = []saga.NodeName{"payment", "hotel", "flight", "car", "summary"}

// tripDAG returns a trip whose nodes all run one action.
func tripDAG(action saga.ActionName, params any) (*saga.SagaDAG, error) {
	var nodes []saga.Node
	for _, name := range tripNodes {
		nodes = append(nodes, saga.ActionNode(name, "", action))
	}
	dag, err := saga.NewDAGBuilder("book-trip").Append(nodes[0]).AppendParallel(nodes[1:4]...).Append(nodes[4]).Build()
	if err != nil {
		return nil, err
	}
	return saga.NewSagaDAG(dag, params)
}

const ledgerTable = `CREATE TABLE chaos.ledger (
	key    text    PRIMARY KEY,
	saga   uuid    NOT NULL,
	node   text    NOT NULL,
	done   boolean NOT NULL,
	undone boolean NOT NULL
)`

// ledger is the service that the actions call. It has a row for each node. A
// row that is undone stays undone, whatever arrives late.
type ledger struct {
	pool    *pgxpool.Pool
	history *history
}

// chaosRegistry returns a registry with the action of chaos sagas.
func chaosRegistry(l *ledger) *saga.Registry {
	r := saga.NewRegistry()
	retry := saga.Policy{MaxAttempts: 3, Backoff: 10 * time.Millisecond}
	r.Register(nil, saga.NewAction(saga.ActionSpec[saga.None, string]{
		Name: "step",
		Do: func(ctx saga.ActionContext, _ saga.None) (string, error) {
			return string(ctx.Node()), l.do(ctx)
		},
		DoPolicy:    retry,
		UndoUnknown: func(ctx saga.ActionContext, _ saga.None, _ *string) error { return l.undo(ctx) },
		UndoPolicy:  retry,
	}))
	return r
}

func (l *ledger) do(ctx saga.ActionContext) error {
	l.history.call(ctx)
	p, err := saga.Params[plan](ctx)
	if err != nil {
		return saga.Permanent(err)
	}
	if err := work(ctx); err != nil {
		return err
	}
	switch saga.NodePath(ctx.Node()) {
	case saga.NodePath(p.Fail):
		return saga.Permanent(errors.New("planned"))
	case saga.NodePath(p.Doubt):
		if err := l.write(ctx, true, false); err != nil {
			return err
		}
		return saga.Permanent(saga.Indeterminate(errors.New("planned")))
	case saga.NodePath(p.Flaky):
		if ctx.Attempt() == 1 {
			return errors.New("planned for the first attempt")
		}
	}
	return l.write(ctx, true, false)
}

func (l *ledger) undo(ctx saga.ActionContext) error {
	l.history.call(ctx)
	p, err := saga.Params[plan](ctx)
	if err != nil {
		return saga.Permanent(err)
	}
	if err := work(ctx); err != nil {
		return err
	}
	if ctx.Node() == saga.NodePath(p.Flaky) && ctx.Attempt() == 1 {
		return errors.New("planned for the first attempt")
	}
	return l.write(ctx, false, true)
}

// work takes some time, so that many actions are in flight at any disturbance.
func work(ctx context.Context) error {
	select {
	case <-time.After(rand.N(50 * time.Millisecond)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write records in the ledger that the node is done or undone. It retries until
// it succeeds, or the coordinator has lost the saga.
func (l *ledger) write(ctx saga.ActionContext, done, undone bool) error {
	return until(ctx, func() error {
		id := ctx.SagaID()
		_, err := l.pool.Exec(ctx, `
			INSERT INTO chaos.ledger AS l (key, saga, node, done, undone) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (key) DO UPDATE SET done = l.done OR excluded.done, undone = l.undone OR excluded.undone`,
			ctx.DoKey(), [16]byte(id), string(ctx.Node()), done, undone)
		return err
	})
}

// until calls f until it returns nil, or the context ends.
func until(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w; at last: %w", ctx.Err(), err)
		}
	}
}
