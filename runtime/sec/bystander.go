package sec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	saga "github.com/sagagen/sagagen/runtime"
	"github.com/sagagen/sagagen/runtime/internal/executor"
	"github.com/sagagen/sagagen/runtime/store"
)

// bystander is what can be done with the sagas of a store by somebody who owns none of them: a Client, and a Coordinator
// as to the sagas of others.
type bystander struct {
	config *Config
	dags   *saga.DAGCache
}

func newBystander(config *Config) bystander { return bystander{config, new(saga.DAGCache)} }

// withStore calls the store, bounded in time.
func (b bystander) withStore(ctx context.Context, call func(context.Context, store.Store) error) error {
	limited := newBounded(ctx, b.config.StoreTimeout)
	defer limited.end()
	return call(limited, b.config.Store)
}

// load returns the record of a saga. The error wraps saga.ErrNotFound if there's none.
func (b bystander) load(ctx context.Context, id saga.ID) (record store.Record, err error) {
	err = b.withStore(ctx, func(ctx context.Context, st store.Store) (err error) {
		record, err = st.Load(ctx, id)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return record, fmt.Errorf("saga %s: %w", id, saga.ErrNotFound)
	case err != nil:
		return record, fmt.Errorf("saga %s: %w", id, err)
	}
	return record, nil
}

// list returns the records that a query asks for.
func (b bystander) list(ctx context.Context, q store.Query) (records []store.Record, err error) {
	err = b.withStore(ctx, func(ctx context.Context, st store.Store) (err error) {
		records, err = st.List(ctx, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sagas: %w", err)
	}
	return records, nil
}

// pages yields the records that a query asks for, at most q.Limit at a time, or the error that ends it.
func (b bystander) pages(ctx context.Context, q store.Query) iter.Seq2[[]store.Record, error] {
	return func(yield func([]store.Record, error) bool) {
		for {
			records, err := b.list(ctx, q)
			if !yield(records, err) || err != nil || len(records) < q.Limit {
				return
			}
			q.After = records[len(records)-1].ID
		}
	}
}

// status returns the status of a saga, as the store has it.
func (b bystander) status(ctx context.Context, record store.Record) (*saga.Status, error) {
	dag, err := b.dags.Decode(record.DAG, record.Params)
	if err != nil {
		return nil, fmt.Errorf("saga %s: %w: %w", record.ID, saga.ErrParked, err)
	}
	status := &saga.Status{ID: record.ID, Name: record.Name, State: record.State, DAG: dag}
	err = b.withStore(ctx, func(ctx context.Context, st store.Store) (err error) {
		status.Events, err = st.Events(ctx, record.ID, 0, 0)
		return err
	})
	switch {
	case errors.Is(err, store.ErrUndecodable):
		status.Parked = fmt.Errorf("%w: %w", saga.ErrParked, err)
	case err != nil:
		return nil, fmt.Errorf("saga %s: %w", record.ID, err)
	}
	replay(status)
	return status, nil
}

// result returns what a saga that is settled came to.
func (b bystander) result(ctx context.Context, record store.Record) (saga.Outputs, error) {
	status, err := b.status(ctx, record)
	switch {
	case err != nil:
		return saga.Outputs{}, err
	case status.Parked != nil && status.State == saga.StateSucceeded:
		return saga.Outputs{}, fmt.Errorf("saga %s: %w", record.ID, status.Parked)
	}
	return result(status.Log(), status.State, replay(status).Outputs())
}

// create records a saga that has no owner yet. The first coordinator of its queue that sees it takes it.
func (b bystander) create(ctx context.Context, id saga.ID, dag *saga.SagaDAG, start bool) error {
	log := &saga.Log{ID: id, DAG: dag}
	if err := b.check(log); err != nil {
		return err
	}
	stamped := dag
	if b.config.Registry != nil {
		stamped = b.config.Registry.WithShapes(dag)
	}
	encoded, params, err := stamped.Parts()
	if err != nil {
		return fmt.Errorf("saga %s: %w", id, err)
	}
	created := store.NewSaga{ID: id, Name: dag.Name(), DAG: encoded, Params: params, State: saga.StateCreated, Queue: b.config.Queue}
	if start {
		created.State = saga.StateRunning
	}
	err = b.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Create(ctx, created) })
	switch {
	case errors.Is(err, store.ErrExists):
		record, err := b.load(ctx, id)
		if err != nil {
			return err
		}
		return b.createdBefore(ctx, record, log, start)
	case err != nil:
		return fmt.Errorf("saga %s: create: %w", id, err)
	}
	return nil
}

// createdBefore finishes a create for an ID that the store knows.
func (b bystander) createdBefore(ctx context.Context, record store.Record, log *saga.Log, start bool) error {
	recorded, err := b.status(ctx, record)
	if err != nil {
		return err
	}
	if err := continues(recorded.DAG, recorded.Events, log); err != nil || !start || record.State != saga.StateCreated {
		return err
	}
	return b.amend(ctx, record, startIt)
}

// amend appends to the log of a saga that somebody else owns, or nobody, what grants the wish, and calls the owner. What the owner
// appends meanwhile is not lost, nor is this: the store lets one of two appends win, and the other is done again.
func (b bystander) amend(ctx context.Context, record store.Record, w wish) error {
	for {
		if record.State.Final() {
			return w.final(record)
		}
		p, err := b.read(ctx, record)
		if err != nil {
			return err
		}
		if err := w.do(p); err != nil {
			return err
		}
		added := p.added()
		if len(added.Events) == 0 && added.State == p.stored {
			return nil
		}
		added.Notify = record.Owner != "" // who claims what nobody owns reads all of it
		err = b.withStore(ctx, func(ctx context.Context, st store.Store) error { return st.Append(ctx, added) })
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, store.ErrSequence) && !errors.Is(err, store.ErrFenced):
			return fmt.Errorf("saga %s: %w; it may be done or not", record.ID, err)
		}
		select {
		case <-time.After(rand.N(maxAmendPause)):
		case <-ctx.Done():
			return fmt.Errorf("saga %s: %w", record.ID, ctx.Err())
		}
		if record, err = b.load(ctx, record.ID); err != nil {
			return err
		}
	}
}

// maxAmendPause is how long amend waits at most before it tries again: some appends of the owner.
const maxAmendPause = 10 * time.Millisecond

// read returns how far a saga has come that somebody else owns.
func (b bystander) read(ctx context.Context, record store.Record) (*progress, error) {
	status, err := b.status(ctx, record)
	if err != nil {
		return nil, err
	}
	if status.Parked != nil {
		return nil, fmt.Errorf("saga %s: %w", record.ID, status.Parked)
	}
	p := &progress{id: record.ID, clock: now(), stored: record.State, started: record.State != saga.StateCreated}
	return p, p.load(status.DAG, status.Events, record.Generation)
}

// pauses are the times between two looks at a saga that somebody else runs: short at first, as most sagas are.
func (b bystander) pauses() func() time.Duration {
	pause := firstLookPause
	return func() time.Duration {
		p := pause
		pause = min(pause*3/2, max(b.config.Poll, firstLookPause))
		return p
	}
}

// firstLookPause is how long a Wait waits before it looks again at a saga that somebody else runs.
const firstLookPause = 20 * time.Millisecond

// replay sets what follows from the events. If they make no sense, the saga is parked, and shown as if it had none.
func replay(status *saga.Status) *executor.Machine {
	machine, err := executor.Replay(status.DAG.DAG, status.Events)
	if err != nil {
		machine = executor.New(status.DAG.DAG)
		if status.Parked == nil {
			status.Parked = fmt.Errorf("%w: %w", saga.ErrParked, err)
		}
	}
	status.Nodes, status.Paused = machine.States(), machine.Paused()
	for id := range saga.NodeID(len(status.Nodes)) {
		if machine.Breakpoint(id) {
			status.Breakpoints = append(status.Breakpoints, id)
		}
	}
	return machine
}

// result returns what a settled saga came to, given the outputs of its nodes.
func result(log *saga.Log, state saga.State, outputs []json.RawMessage) (saga.Outputs, error) {
	if state == saga.StateSucceeded {
		return saga.NewOutputs(log.DAG.DAG, outputs), nil
	}
	return saga.Outputs{}, &saga.FailedError{
		ID: log.ID, Name: log.DAG.Name(), State: state,
		Failures: log.Failures(), Canceled: log.Canceled(), Abandoned: log.Abandoned(),
	}
}

// continues returns an error unless the recorded saga is that of the log, and has what the log has.
func continues(dag *saga.SagaDAG, events []saga.Event, log *saga.Log) error {
	if dag == nil || !dag.Equal(log.DAG) {
		return fmt.Errorf("saga %s: %w: it has another DAG or other parameters", log.ID, saga.ErrSagaExists)
	}
	if n := len(log.Events); n > len(events) || !slices.EqualFunc(events[:n], log.Events, sameEvent) {
		return fmt.Errorf("saga %s: %w: it has another log", log.ID, saga.ErrSagaExists)
	}
	return nil
}
